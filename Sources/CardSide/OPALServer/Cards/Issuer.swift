// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// An issuer 108: one BIN with a single currency and maximum balance for all of its cards.
/// Format 2: name (counted), CURR 2, CEXP 1, BALMAX 8, VKP 1, VKL 1, months a card is valid 2,
/// value of a new card 8, ended key versions (list: VKP 1, last day 3). Format 1 has no list.
package struct Issuer: Equatable, Sendable {
    package static let kind = RecordKind("issuer", keyBytes: 3...3)
    /// The issuer's master keys, wrapped by the HSM; the key is BIN 3 and version 1.
    package static let keyKind = RecordKind("issuer_key", keyBytes: 4...4)
    private static let format: UInt8 = 2
    private static let formatWithoutEnds: UInt8 = 1

    package let identifier: IssuerIdentifier
    package let name: String
    package let currency: Currency
    package let exponent: Exponent
    package let balanceMax: UInt64
    /// VKP of cards that are made from now on.
    package private(set) var purchaseKeyVersion: UInt8
    /// VKL of cards that are made from now on.
    package private(set) var loadKeyVersion: UInt8
    /// How long a new card is valid; it ends with the last day of that month.
    package let validMonths: Int
    /// What the issuer loads onto a new card, in minor units; 0 for nothing.
    package let newCardValue: UInt64
    /// The last day of each key version that has ended, or will.
    package private(set) var lastDays: [UInt8: CardDate] = [:]

    package static let nameBytesMax = 64
    package static let validMonthsRange = 1...120

    package init(
        identifier: IssuerIdentifier,
        name: String,
        currency: Currency,
        exponent: Exponent,
        balanceMax: UInt64,
        purchaseKeyVersion: UInt8 = 1,
        loadKeyVersion: UInt8 = 1,
        validMonths: Int,
        newCardValue: UInt64
    ) {
        precondition((1...Issuer.nameBytesMax).contains(name.utf8.count))
        precondition(Issuer.validMonthsRange.contains(validMonths) && newCardValue <= balanceMax)
        self.identifier = identifier
        self.name = name
        self.currency = currency
        self.exponent = exponent
        self.balanceMax = balanceMax
        self.purchaseKeyVersion = purchaseKeyVersion
        self.loadKeyVersion = loadKeyVersion
        self.validMonths = validMonths
        self.newCardValue = newCardValue
    }

    package static func key(_ issuer: IssuerIdentifier) -> RecordKey {
        RecordKey(kind, issuer.bytes)
    }

    package static func key(_ issuer: IssuerIdentifier, version: UInt8) -> RecordKey {
        RecordKey(keyKind, issuer.bytes + [version])
    }

    /// Makes new cards with another version from now on. A version that has an end is not used
    /// again.
    package mutating func use(_ version: UInt8) {
        precondition(lastDays[version] == nil, "What has ended does not come back.")
        (purchaseKeyVersion, loadKeyVersion) = (version, version)
    }

    /// Nothing is drawn from cards of a version behind `lastDay`. An end that is set is never put
    /// off: the keys may be stolen.
    package mutating func end(_ version: UInt8, lastDay: CardDate) {
        precondition(version != purchaseKeyVersion, "New cards are made with it.")
        if let known = lastDays[version], known.bcd <= lastDay.bcd { return }
        lastDays[version] = lastDay
    }

    package func hasEnded(_ version: UInt8, at time: CardTime) -> Bool {
        lastDays[version]?.isPast(at: time) == true
    }

    /// DEXP of a card that is made now: the last day of the month.
    package func expiry(from now: Instant) -> CardDate {
        let today = CivilDate(day: now.day)
        let months = today.year * 12 + today.month - 1 + validMonths
        let (year, month) = (months / 12, months % 12 + 1)
        guard
            let last = CivilDate(
                year: year,
                month: month,
                dayOfMonth: CivilDate.lastDay(of: month, in: year)
            )
        else { preconditionFailure("Each month has a last day.") }
        return CardDate(last)
    }

    /// What a new card of this issuer is made of.
    package func order(of card: CardIdentifier, now: Instant) -> CardOrder {
        CardOrder(
            card: card,
            expiry: expiry(from: now),
            purchaseKeyVersion: purchaseKeyVersion,
            loadKeyVersion: loadKeyVersion,
            currency: currency,
            exponent: exponent,
            balanceMax: balanceMax
        )
    }

    package init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "issuer")
        let format = try reader.byte("format")
        guard format == Issuer.format || format == Issuer.formatWithoutEnds,
            let identifier = IssuerIdentifier(bcd: key.reduce(0) { $0 << 8 | UInt32($1) })
        else { throw reader.failure("format", .invalid) }
        self.identifier = identifier
        name = try reader.text("name", bytesMax: Issuer.nameBytesMax)
        currency = try reader.currency()
        exponent = try reader.exponent()
        balanceMax = try reader.integer("BALMAX", bytes: 8)
        purchaseKeyVersion = try reader.byte("VKP")
        loadKeyVersion = try reader.byte("VKL")
        validMonths = try reader.value("months", bytes: 2) {
            Issuer.validMonthsRange.contains(Int($0)) ? Int($0) : nil
        }
        newCardValue = try reader.integer("value", bytes: 8)
        if format == Issuer.format {
            for _ in 0..<(try reader.byte("ended key versions")) {
                let version = try reader.byte("VKP")
                lastDays[version] = try reader.expiry()
            }
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(Issuer.format)
        writer.text(name)
        writer.currency(currency)
        writer.exponent(exponent)
        writer.integer(balanceMax, bytes: 8)
        writer.byte(purchaseKeyVersion)
        writer.byte(loadKeyVersion)
        writer.integer(UInt64(validMonths), bytes: 2)
        writer.integer(newCardValue, bytes: 8)
        writer.byte(UInt8(lastDays.count))
        for (version, lastDay) in lastDays.sorted(by: { $0.key < $1.key }) {
            writer.byte(version)
            writer.expiry(lastDay)
        }
        return writer.bytes
    }
}
