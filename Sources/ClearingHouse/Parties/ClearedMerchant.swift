// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A merchant that is cleared for. Format 2: name (counted), acquirer 4, behind a presence byte the
/// category 2, whether it is open 1, accounts (list: CURR 2, payee, schedule of its own fee). In
/// format 1 there was one rule 36 behind a presence byte instead of the schedule: it applies from
/// the beginning. The key is MERCH 15.
package struct ClearedMerchant: Equatable, Sendable {
    /// Where it is paid in one currency, and what it pays.
    package struct Account: Equatable, Sendable {
        package let currency: Currency
        package let payee: Payee
        /// Its own, which it pays instead of that of its category.
        package let fees: FeeSchedule

        package init(_ currency: Currency, _ payee: Payee, fees: FeeSchedule = FeeSchedule()) {
            self.currency = currency
            self.payee = payee
            self.fees = fees
        }

        /// The same one with other fees.
        func with(_ fees: FeeSchedule) -> Account { Account(currency, payee, fees: fees) }
    }

    package let identifier: MerchantIdentifier
    package var name: String
    package var acquirer: UInt32
    package var category: MerchantCategory?
    /// Whether payment servers take orders for it; what they have taken is cleared.
    package var isCleared: Bool
    package var accounts: [Account]

    private static let formats: ClosedRange<UInt8> = 1...2

    package init(
        _ identifier: MerchantIdentifier,
        name: String,
        acquirer: UInt32,
        category: MerchantCategory? = nil,
        isCleared: Bool = true,
        accounts: [Account]
    ) {
        self.identifier = identifier
        self.name = name
        self.acquirer = acquirer
        self.category = category
        self.isCleared = isCleared
        self.accounts = accounts
    }

    package func account(in currency: Currency) -> Account? {
        accounts.first { $0.currency == currency }
    }

    /// What it pays in a currency: its own fee; on days without one, that of its category.
    package func feeSchedule(in currency: Currency, _ terms: ClearingTerms) -> FeeSchedule {
        let own = account(in: currency)?.fees ?? FeeSchedule()
        return own.fallingBack(to: terms.feeSchedule(of: category, in: currency))
    }
}

extension ClearedMerchant: ClearingRecord {
    static let kind = ClearingRecords.merchant
    var key: [UInt8] { identifier.bytes }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "merchant key")
        identifier = try name.merchant()
        var reader = ByteReader(body, of: "merchant")
        let format = try reader.byte("format")
        guard ClearedMerchant.formats.contains(format) else {
            throw reader.failure("format", .invalid)
        }
        self.name = try reader.text("name", bytesMax: ClearingLimits.nameBytesMax)
        acquirer = try reader.number("acquirer")
        category = try reader.optional("category") { reader throws(WireFailure) in
            try reader.value("category", bytes: 2) { MerchantCategory(bcd: UInt16($0)) }
        }
        isCleared = try reader.flag("open")
        accounts = try reader.list(
            "accounts",
            max: ClearingLimits.currenciesMax
        ) { reader throws(WireFailure) in
            let currency = try reader.currency()
            let payee = try reader.payee()
            if format > 1 { return Account(currency, payee, fees: try reader.feeSchedule()) }
            let fee = try reader.optional("fee") { reader throws(WireFailure) in
                try reader.feeRule()
            }
            return Account(currency, payee, fees: FeeSchedule(fee))
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(ClearedMerchant.formats.upperBound)
        writer.text(name)
        writer.number(acquirer)
        writer.optional(category) { $0.integer(UInt64($1.bcd), bytes: 2) }
        writer.flag(isCleared)
        writer.list(accounts) { writer, account in
            writer.currency(account.currency)
            writer.payee(account.payee)
            writer.feeSchedule(account.fees)
        }
        return writer.bytes
    }
}
