// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A merchant's settlement report while it is written: payouts, each with its sales behind it.
package protocol MerchantReport {
    /// - Throws: `.reportDiffers` of the payout before, or what keeps it from being written.
    mutating func begin(_ payout: ReportedPayout) throws(SettlementFileFailure)

    /// - Throws: `.outOfOrder` before a payout, or what keeps it from being written.
    mutating func add(_ sale: ReportedSale) throws(SettlementFileFailure)
}

/// Whom a settlement report is for. Texts are as people read them, in any script.
package struct MerchantReportHead: Hashable, Sendable {
    package let merchant: String
    /// MERCH, or how the merchant is named otherwise.
    package let merchantNumber: String
    package let currency: ISOCurrency
    package let from: CivilDate
    package let to: CivilDate
    package let created: Instant

    package init(
        merchant: String,
        merchantNumber: String,
        currency: ISOCurrency,
        from: CivilDate,
        to: CivilDate,
        created: Instant
    ) {
        self.merchant = merchant
        self.merchantNumber = merchantNumber
        self.currency = currency
        self.from = from
        self.to = to
        self.created = created
    }
}

/// One payout, in the report's currency: sales − fees + adjustments = net, all of them exact. Sales
/// may be of parts of a minor unit; what is paid is not, and the rest is among the adjustments.
package struct ReportedPayout: Hashable, Sendable {
    /// The end-to-end identifier, which the bank's statement has too.
    package let endToEnd: FileIdentifier
    package let executionDate: CivilDate
    /// Where it is paid to, masked as the merchant's contract shows it.
    package let account: String
    package let sales: ExactAmount
    package let fees: ExactAmount
    /// Carried over, taken back or made good.
    package let adjustments: ExactAmount
    package let net: ExactAmount

    package init(
        endToEnd: FileIdentifier,
        executionDate: CivilDate,
        account: String,
        sales: ExactAmount,
        fees: ExactAmount,
        adjustments: ExactAmount = .zero,
        net: ExactAmount
    ) {
        self.endToEnd = endToEnd
        self.executionDate = executionDate
        self.account = account
        self.sales = sales
        self.fees = fees
        self.adjustments = adjustments
        self.net = net
    }
}

/// One sale that a payout pays.
package struct ReportedSale: Hashable, Sendable {
    /// TRX, 32 hexadecimal digits.
    package let transaction: String
    package let time: Instant
    /// Where it was counted: security card, batch, index.
    package let securityCard: String
    package let batch: UInt32
    package let index: UInt32
    package let amount: ExactAmount

    package init(
        transaction: String,
        time: Instant,
        securityCard: String,
        batch: UInt32,
        index: UInt32,
        amount: ExactAmount
    ) {
        self.transaction = transaction
        self.time = time
        self.securityCard = securityCard
        self.batch = batch
        self.index = index
        self.amount = amount
    }
}
