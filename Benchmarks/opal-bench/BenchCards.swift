// SPDX-License-Identifier: Apache-2.0

import HSM
import Kernel
import Keys
import SecurityModule
import Wire

/// Cards full of value, and DEBIT commands for them signed beforehand.
struct BenchCards: Sendable {
    let module: SoftwareModule
    let records: [SealedCard]
    private let keys: IssuerMasterKeys

    static let amount = Money(minorUnits: 5, currency: .euro, exponent: .cents)
    static let now = Instant(milliseconds: 1_790_000_000_000)
    private static let value: UInt64 = 1_000_000_000
    private static let securityCard = SecurityCardIdentifier(acquirer: 1, serial: 1)

    init(count: Int) async throws {
        guard let issuer = IssuerIdentifier("990009"),
            let end = CivilDate(year: 2049, month: 12, dayOfMonth: 31)
        else { throw BenchFailure("the issuer is none") }
        keys = IssuerMasterKeys.make()
        module = SoftwareModule(LocalMasterKey.make())
        module.install(keys, as: SoftwareModule.KeyName(issuer: issuer, version: 1))
        var records: [SealedCard] = []
        for number in 0..<count {
            let purse = Purse(
                currency: .euro,
                exponent: .cents,
                balance: Self.value,
                balanceMax: Self.value
            )
            let card = Card(
                identifier: CardIdentifier(issuer: issuer, number: UInt64(number)),
                expiry: CardDate(end),
                purchaseKeyVersion: 1,
                loadKeyVersion: 1,
                purses: [purse]
            )
            records.append(try module.seal(CardRecord(card), revision: 1))
        }
        self.records = records
    }

    /// The n-th command debits card n mod count, with the number that it then has.
    func commands(_ count: Int, random: UInt64) -> [[UInt8]] {
        let ready = keys.ready
        return (0..<count).map { index in
            let card = records[index % records.count].card
            let number = UInt32(index / records.count) + 1
            let command = unsigned(index)
            let session = PurchaseSessionKey(
                cardKey: ready.purchaseKey(card),
                number: number,
                random: random,
                securityCard: command.securityCard,
                securityCardNumber: command.securityCardNumber,
                transaction: command.transaction
            )
            let scope = PurchaseScope(
                type: .purchase,
                card: card,
                number: number,
                command: command
            )
            let signed = DebitIEP(
                securityCard: command.securityCard,
                securityCardNumber: command.securityCardNumber,
                transaction: command.transaction,
                merchant: command.merchant,
                time: command.time,
                amount: command.amount,
                signature: session.securityCardSignature(scope)
            )
            return PurseCommand.debit(signed).apdu.bytes
        }
    }

    /// The body of a history row as the card core writes it.
    func historyBody() async throws -> [UInt8] {
        let answer = DebitAnswer(
            completion: .done,
            number: 1,
            balance: 1,
            signature: .none,
            issuerProof: .none
        )
        guard let end = CivilDate(year: 2049, month: 12, dayOfMonth: 31) else { return [] }
        let evidence = DebitEvidence(
            type: .purchase,
            random: 1,
            expiry: CardDate(end),
            purchaseKeyVersion: 1,
            command: unsigned(0),
            answer: answer
        )
        return CardHistoryEntry(moment: Self.now, event: .debit(evidence), note: "").bytes
    }

    private func unsigned(_ index: Int) -> DebitIEP {
        guard let merchant = MerchantIdentifier("BENCH") else {
            preconditionFailure("The name is one.")
        }
        return DebitIEP(
            securityCard: Self.securityCard,
            securityCardNumber: UInt32(index) + 1,
            transaction: TransactionIdentifier(
                high: 0x0190_0000_0000_7000,
                low: UInt64(index) | 0x8000_0000_0000_0000
            ),
            merchant: merchant,
            time: CardTime(Self.now),
            amount: Self.amount,
            signature: .none
        )
    }
}
