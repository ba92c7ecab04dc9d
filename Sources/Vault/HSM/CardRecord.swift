// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// The content of a card record, in the clear only inside the module. Format 4: BIN‖IEP 8, DEXP 3,
/// ALG 1, VKP 1, VKL 1, AM 1, last NT 4, blocked 1, wrong signatures 1, rows of history 8, hash of
/// the last row 32, number of purses 1 and for each CURR 2, CEXP 1, BAL 8, BALMAX 8; then the
/// recoveries: floor 4, count 2 and each NT 4; then the answer data of the last DEBIT or CREDIT
/// that was declined (counted); then the spending policy (counted, empty where there is none) and,
/// where it has limits, what counts against them: for day, week and month the number of the period
/// 4, NT of its first debit 4, amount 8, purchases 4; then the memberships: count 1 and each CURR
/// 2, number (counted); then for each purse of a programme what it holds by day: number of days 1,
/// each day 3 and amount 8. Format 3 has no memberships and points that never expire, format 2 no
/// policy either, format 1 no declined answer either.
package struct CardRecord: Equatable, Sendable {
    package var card: Card
    /// Debits up to this number can no longer be recovered.
    package private(set) var recoveryFloor: UInt32
    /// Debits above the floor that were recovered, ascending: each comes back once.
    package private(set) var recovered: [UInt32]
    /// What the card answered to the last DEBIT or CREDIT that it declined, with a completion code
    /// other than 0000; empty where its number was consumed since. It is no row of the history,
    /// because nothing happened.
    package private(set) var declined: [UInt8]

    /// Recoveries are rare; the oldest of so many moves the floor.
    package static let recoveredMax = 256
    private static let format: UInt8 = 4

    package init(_ card: Card) {
        self.card = card
        recoveryFloor = 0
        recovered = []
        declined = []
    }

    /// What must hold before sealing and after opening.
    var isSound: Bool {
        recovered.count <= CardRecord.recoveredMax
            && recovered.allSatisfy { $0 > recoveryFloor && $0 <= card.lastNumber }
            && (declined.isEmpty || CardRecord.declinedBytes.contains(declined.count))
            && card.wrongSignatures <= Card.wrongSignaturesMax
            && (card.wrongSignatures < Card.wrongSignaturesMax || card.isBlocked)
            && card.spending.map { card.refusal(ofSetting: $0.policy) == nil } ?? true
    }

    /// Whether the debit with this number may still be put back.
    func mayRecover(_ number: UInt32) -> Bool {
        number > recoveryFloor && number <= card.lastNumber && !recovered.contains(number)
    }

    mutating func noteRecovery(_ number: UInt32) {
        recovered.append(number)
        recovered.sort()
        if recovered.count > CardRecord.recoveredMax { recoveryFloor = recovered.removeFirst() }
    }

    private static let declinedBytes = [DebitAnswer.length, CreditAnswer.length]

    /// The declined answer with this number, for GET PREVIOUS SIGNATURE. CC 2 and NT 4 lead it.
    func declined(_ number: UInt32) -> [UInt8]? {
        guard declined.count >= 6 else { return nil }
        return declined[2..<6].reduce(0) { $0 << 8 | UInt32($1) } == number ? declined : nil
    }

    mutating func decline(_ answer: [UInt8]) {
        declined = answer
    }

    /// To be called when a number is consumed: an answer that has it answers for it then.
    mutating func forgetDeclined() {
        declined = []
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "card record")
        let format = try reader.byte("format")
        guard (1...CardRecord.format).contains(format) else {
            throw reader.failure("format", .invalid)
        }
        let identifier = try reader.card()
        let expiry = try reader.expiry()
        let algorithm = try reader.value("ALG", bytes: 1) { CardAlgorithm(rawValue: UInt8($0)) }
        let purchaseKeyVersion = try reader.byte("VKP")
        let loadKeyVersion = try reader.byte("VKL")
        let mode = try reader.value("AM", bytes: 1) { AuthenticationMode(rawValue: UInt8($0)) }
        let lastNumber = try reader.number("NT")
        let isBlocked = try reader.byte("blocked") != 0
        let wrongSignatures = try reader.byte("wrong signatures")
        let historyCount = try reader.integer("rows", bytes: 8)
        let historyHash = try reader.bytes("hash", count: Card.historyHashBytes)
        var purses = try CardRecord.purses(&reader)
        let recoveryFloor = try reader.number("recovery floor")
        var recovered: [UInt32] = []
        for _ in 0..<(try reader.integer("recoveries", bytes: 2)) {
            recovered.append(try reader.number("recovery"))
        }
        declined = format == 1 ? [] : try reader.counted("declined answer", max: DebitAnswer.length)
        let spending = format < 3 ? nil : try reader.spending()
        let memberships = format < 4 ? [] : try reader.memberships()
        for index in purses.indices where format >= 4 {
            purses[index] = try reader.purse(purses[index])
        }
        try reader.end()
        self.recoveryFloor = recoveryFloor
        self.recovered = recovered
        card = Card(
            identifier: identifier,
            expiry: expiry,
            algorithm: algorithm,
            purchaseKeyVersion: purchaseKeyVersion,
            loadKeyVersion: loadKeyVersion,
            authenticationMode: mode,
            lastNumber: lastNumber,
            isBlocked: isBlocked,
            wrongSignatures: wrongSignatures,
            purses: purses,
            historyCount: historyCount,
            historyHash: historyHash,
            spending: spending,
            memberships: memberships
        )
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(CardRecord.format)
        writer.card(card.identifier)
        writer.expiry(card.expiry)
        writer.byte(card.algorithm.rawValue)
        writer.byte(card.purchaseKeyVersion)
        writer.byte(card.loadKeyVersion)
        writer.byte(card.authenticationMode.rawValue)
        writer.number(card.lastNumber)
        writer.byte(card.isBlocked ? 1 : 0)
        writer.byte(card.wrongSignatures)
        writer.integer(card.historyCount, bytes: 8)
        writer.append(card.historyHash)
        writer.byte(UInt8(card.purses.count))
        for purse in card.purses { writer.append(purse.balanceAnswer.bytes) }
        writer.number(recoveryFloor)
        writer.integer(UInt64(recovered.count), bytes: 2)
        for number in recovered { writer.number(number) }
        writer.counted(declined)
        writer.spending(card.spending)
        writer.memberships(card.memberships)
        for purse in card.purses where purse.currency.isProgramme {
            writer.tranches(purse.points)
        }
        return writer.bytes
    }

    private static func purses(_ reader: inout ByteReader) throws(WireFailure) -> [Purse] {
        let count = Int(try reader.byte("purses"))
        guard (1...Card.pursesMax).contains(count) else {
            throw reader.failure("purses", .invalid)
        }
        var purses: [Purse] = []
        for _ in 0..<count {
            let balance = try reader.money()
            let balanceMax = try reader.integer("BALMAX", bytes: 8)
            purses.append(
                Purse(
                    currency: balance.currency,
                    exponent: balance.exponent,
                    balance: balance.minorUnits,
                    balanceMax: balanceMax
                )
            )
        }
        return purses
    }
}
