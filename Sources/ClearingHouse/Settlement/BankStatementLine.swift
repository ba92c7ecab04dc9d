// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// One booked line of a statement of the clearing house's account at its bank.
package struct BankStatementLine: Equatable, Sendable {
    /// SHA-256 of the file 32 and number of the line in it 4, from 1.
    package struct Name: Hashable, Sendable {
        package let statement: [UInt8]
        package let number: UInt32

        package static let digestBytes = 32

        package init(_ statement: [UInt8], _ number: UInt32) {
            precondition(statement.count == Name.digestBytes)
            self.statement = statement
            self.number = number
        }

        var bytes: [UInt8] { statement + number.bigEndianBytes }
    }

    /// What who paid has written: the end-to-end reference, or the text for the payee.
    package let reference: String?
    /// The bank's own, by which the same line is recognised on another statement.
    package let bankReference: String?
    package let amount: Money
    /// The bank has taken something in for the account.
    package let isCredit: Bool

    /// Texts are cut to what is kept of them.
    package init(reference: String?, bankReference: String?, amount: Money, isCredit: Bool) {
        self.reference = reference.map(BankStatementLine.kept)
        self.bankReference = bankReference.map(BankStatementLine.kept)
        self.amount = amount
        self.isCredit = isCredit
    }

    /// What is kept of a text that people wrote.
    static func kept(_ text: String) -> String {
        var kept = ""
        for character in text where ByteReader.isText(String(character)) {
            guard kept.utf8.count + character.utf8.count <= ClearingLimits.referenceBytesMax
            else { break }
            kept.append(character)
        }
        return kept
    }
}

extension IssuerIdentifier {
    private static let payInPrefix = "POOL-"

    /// What an issuer writes to pay into its pool, for instance `POOL-999001`.
    package var payInReference: String { IssuerIdentifier.payInPrefix + digits }

    /// - Returns: nil where the text names no pool.
    package init?(payInReference text: String) {
        guard text.hasPrefix(IssuerIdentifier.payInPrefix) else { return nil }
        self.init(String(text.dropFirst(IssuerIdentifier.payInPrefix.count)))
    }
}

extension ByteReader {
    mutating func statementLine() throws(WireFailure) -> BankStatementLine.Name {
        let digest = try bytes("statement", count: BankStatementLine.Name.digestBytes)
        return BankStatementLine.Name(digest, try number("line"))
    }
}

extension ByteWriter {
    mutating func statementLine(_ name: BankStatementLine.Name) { append(name.bytes) }
}
