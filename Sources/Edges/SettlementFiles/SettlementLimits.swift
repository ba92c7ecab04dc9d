// SPDX-License-Identifier: Apache-2.0

/// How large things in settlement files may be.
package enum SettlementLimits {
    /// Digits of an amount in an ISO 20022 message, decimals included.
    package static let amountDigitsMax = 18
    /// The largest amount: ``amountDigitsMax`` nines.
    package static let minorUnitsMax: UInt64 = 999_999_999_999_999_999
    /// `Max15NumericText`: payments in a message.
    package static let paymentsMax: UInt64 = 999_999_999_999_999
    /// `Max35Text`: an identifier.
    package static let identifierMax = 35
    /// Characters of a name: 140 in the schemas, 70 in SEPA.
    package static let nameMax = 70
    /// `Max140Text`: unstructured remittance text.
    package static let remittanceMax = 140
    /// `Max34Text`: a number of an account that is not an IBAN.
    package static let accountMax = 34

    /// Bytes that a writer gathers before it hands them on.
    package static let writtenPieceBytes = 1 << 16
    /// Bytes of a bank's file that are read at a time.
    package static let readPieceBytes = 1 << 16
    /// Bytes of a bank's file.
    package static let statementBytesMax: UInt64 = 4 << 30
    /// How deep its elements are nested; the schemas come to about 15.
    package static let depthMax = 32
    /// Bytes of text in one element; the schemas' longest has 500 characters.
    package static let elementTextBytesMax = 1 << 14
    /// Attributes of an element, namespaces not counted; the schemas have one at most.
    package static let attributesMax = 8
    /// Balances in a statement.
    package static let balancesMax = 64
    /// Lines of remittance text in a transaction that are kept.
    package static let remittanceLinesMax = 16

    /// Sales in a PDF, which is made in memory: about 700 pages. A longer report is a CSV file.
    package static let pdfSalesMax = 30_000
}
