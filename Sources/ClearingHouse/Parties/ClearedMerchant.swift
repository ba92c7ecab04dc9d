// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A merchant that is cleared for. Format 1: name (counted), acquirer 4, behind a presence byte the
/// category 2, whether it is open 1, accounts (list: CURR 2, payee, behind a presence byte its own
/// fee 36). The key is MERCH 15.
package struct ClearedMerchant: Equatable, Sendable {
    /// Where it is paid in one currency, and what it pays.
    package struct Account: Equatable, Sendable {
        package let currency: Currency
        package let payee: Payee
        /// Else that of its category.
        package let fee: FeeRule?

        package init(_ currency: Currency, _ payee: Payee, fee: FeeRule? = nil) {
            self.currency = currency
            self.payee = payee
            self.fee = fee
        }
    }

    package let identifier: MerchantIdentifier
    package var name: String
    package var acquirer: UInt32
    package var category: MerchantCategory?
    /// Whether payment servers take orders for it; what they have taken is cleared.
    package var isCleared: Bool
    package var accounts: [Account]

    private static let format: UInt8 = 1

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

    /// What it pays for a sale in this currency.
    package func fee(in currency: Currency, _ terms: ClearingTerms) -> FeeRule {
        account(in: currency)?.fee ?? terms.fee(currency, category)
    }
}

extension ClearedMerchant: ClearingRecord {
    static let kind = ClearingRecords.merchant
    var key: [UInt8] { identifier.bytes }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "merchant key")
        identifier = try name.merchant()
        var reader = ByteReader(body, of: "merchant")
        guard try reader.byte("format") == ClearedMerchant.format else {
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
            let fee = try reader.optional("fee") { reader throws(WireFailure) in
                try reader.feeRule()
            }
            return Account(currency, payee, fee: fee)
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(ClearedMerchant.format)
        writer.text(name)
        writer.number(acquirer)
        writer.optional(category) { $0.integer(UInt64($1.bcd), bytes: 2) }
        writer.flag(isCleared)
        writer.list(accounts) { writer, account in
            writer.currency(account.currency)
            writer.payee(account.payee)
            writer.optional(account.fee) { $0.feeRule($1) }
        }
        return writer.bytes
    }
}
