// SPDX-License-Identifier: Apache-2.0

/// Why a settlement file is not written. Nothing is cut or rounded to make it fit.
package enum SettlementFileFailure: Error, Equatable, Sendable {
    /// The part of a message that a value is for.
    package enum Field: Equatable, Sendable {
        case identifier, name, account, remittance
    }

    /// ISO 4217 does not have it, or not with decimals.
    case unknownCurrency(String)
    /// The amount is finer than the currency's smallest unit.
    case notInMinorUnits(currency: String)
    /// More than ``SettlementLimits/amountDigitsMax`` digits.
    case amountTooLarge
    /// No message moves nothing.
    case amountIsZero
    case empty(Field)
    case tooLong(Field, max: Int)
    /// The character has no likeness among those that banks take.
    case unwritable(Field, Character)
    /// An IBAN's check digits are wrong, or it is no IBAN at all.
    case ibanWrong
    /// It is no BIC of 8 or 11 characters.
    case bicWrong
    /// A payment between institutions without the BIC of both ends; its end-to-end identifier.
    case bicMissing(String)
    /// An amount in another currency than its message's.
    case otherCurrency(String, expected: String)
    /// A payment of another day than its message's; its end-to-end identifier.
    case otherDate(String)
    /// What was written is not what the head of the message says.
    case otherTotals(announced: TransferTotals, written: TransferTotals)
    /// Opening balance and entries do not come to the closing balance.
    case doesNotAddUp(BalanceFigures)
    /// A payout is not what its sales, fees and adjustments come to; its end-to-end identifier.
    case reportDiffers(payout: String)
    /// An entry before its statement, a sale before its payout, or anything after the end.
    case outOfOrder
    /// A message has at least one payment, statement or notification.
    case nothingInside
    /// More than ``SettlementLimits/pdfSalesMax``.
    case tooManySales
    /// The PDF library's code.
    case pdf(UInt)
    /// The file cannot be made, written or put in its place.
    case unwritableFile
}
