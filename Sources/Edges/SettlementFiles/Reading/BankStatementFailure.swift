// SPDX-License-Identifier: Apache-2.0

/// Why a bank's statement is not taken. Nothing of the file counts then.
package enum BankStatementFailure: Error, Equatable, Sendable {
    /// The file cannot be opened or read, or changed while it was read.
    case unreadable
    /// It is not well-formed XML; where that was noticed.
    case notXML(line: Int)
    /// It ends before the document does.
    case cut
    /// It declares a document type, which no message of ISO 20022 has: entities begin there.
    case documentTypeRefused
    /// Elements deeper than ``SettlementLimits/depthMax``.
    case tooDeep
    /// More bytes than ``SettlementLimits/statementBytesMax``.
    case tooLarge
    /// More text in one element than ``SettlementLimits/elementTextBytesMax``.
    case textTooLong
    case tooManyAttributes
    /// Text beside elements: readers would not agree on what it says.
    case textBetweenElements
    /// More than ``SettlementLimits/balancesMax``.
    case tooManyBalances
    /// The document is none of ``BankStatementReader/messages``; its namespace.
    case notAStatement(namespace: String)
    /// A statement without this element, for example `Stmt/Ntry/Amt`.
    case missing(String)
    /// An element that a statement has once is there again.
    case repeated(String)
    /// An element comes behind one that it belongs before.
    case outOfOrder(String)
    /// The text is no date, no number or no code of the list.
    case invalid(String)
    /// ISO 4217 does not have it, or not with decimals.
    case unknownCurrency(String)
    /// An amount in another currency than its account's.
    case otherCurrency(String, expected: String)
    /// Sums beyond what is counted, 64 bits.
    case amountTooLarge
    /// Opening balance and booked entries do not come to the closing balance; the statement.
    case doesNotAddUp(statement: String, BalanceFigures)
}
