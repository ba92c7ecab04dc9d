// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// How a payment ended, as a program may ask for it.
package enum PaymentOutcome: String, Sendable, Encodable, CaseIterable {
    case paid
    case paidNotSaved = "paid-not-saved"
    case alreadyPaid = "already-paid"
    case refused
    case pending
    case notAdmitted = "not-admitted"
    case failed
    case notAllowed = "not-allowed"

    /// The exit code of `opal pay`.
    package var exitCode: Int32 {
        switch self {
        case .paid: 0
        case .notAllowed: 1
        case .refused: 2
        case .pending: 3
        case .notAdmitted: 4
        case .alreadyPaid: 5
        case .failed: 6
        case .paidNotSaved: 7
        }
    }

    /// For the help text; one line for each code, ``exitCode`` in words.
    package var meaning: String {
        switch self {
        case .paid: "paid, and the file, if there is one, is saved"
        case .notAllowed: "the command or an address cannot be used; nothing was taken"
        case .refused: "refused; nothing was taken, or it was put back"
        case .pending: "not settled yet; give the order's address again later"
        case .notAdmitted: "wrong user identifier or password, or too many attempts"
        case .alreadyPaid: "this order was paid before; nothing was taken now"
        case .failed: "a site was not reached or not understood; nothing was agreed"
        case .paidNotSaved: "paid, but the file could not be fetched or saved"
        }
    }
}

/// What is known at the end.
package struct PaymentReport: Sendable, Equatable {
    package var outcome: PaymentOutcome
    package var merchant: String?
    package var article: String?
    package var amount: String?
    package var transaction: String?
    /// By which the sites find their log lines about it; nil where none was asked.
    package var trace: String?
    /// The lines of the receipt, those of the card site first.
    package var facts: [ReceiptFact] = []
    /// The order's page, which can be given to `opal pay` again.
    package var order: URL?
    /// Where the file is.
    package var file: String?
    /// What the sites and the terminal say about it.
    package var said: [String] = []

    package init(_ outcome: PaymentOutcome) {
        self.outcome = outcome
    }

    package func fact(_ name: String) -> String? { facts.first { $0.name == name }?.value }

    /// Adds lines that are not there yet, by name or by label.
    mutating func add(_ more: [ReceiptFact]) {
        for fact in more
        where !facts.contains(where: {
            $0.label == fact.label || $0.name != nil && $0.name == fact.name
        }) {
            facts.append(fact)
        }
    }
}

extension PaymentReport {
    /// The report for a person. What a site wrote cannot move the cursor or change colours.
    package var text: String {
        var rows: [(String, String)] = []
        if let merchant { rows.append(("Merchant", merchant)) }
        if let article { rows.append(("Article", article)) }
        if let amount { rows.append(("Amount", amount)) }
        if let transaction, fact("transaction") == nil,
            !facts.contains(where: { $0.value == transaction })
        {
            rows.append(("Transaction", transaction))
        }
        rows += facts.map { ($0.label, $0.value) }
        if let file { rows.append(("File", file)) }
        if let order { rows.append(("Order", order.absoluteString)) }
        let printable = rows.map { (Printable.line($0.0), Printable.line($0.1)) }
        let width = printable.map(\.0.count).max() ?? 0
        let lines = printable.map { label, value in
            "  \(label)\(String(repeating: " ", count: width - label.count + 2))\(value)"
        }
        return ([headline] + said.map(Printable.line) + lines).joined(separator: "\n")
    }

    private var headline: String {
        switch outcome {
        case .paid: "Paid."
        case .paidNotSaved: "Paid, but there is no file yet. Give the order's address again."
        case .alreadyPaid: "This order is already paid. Nothing was taken now."
        case .refused: "Not paid."
        case .pending: "Pending: do not pay again. Give the order's address again later."
        case .notAdmitted: "Not paid: the card site did not let you in. Nothing was taken."
        case .failed: "Not paid: the payment was not begun. Nothing was taken."
        case .notAllowed: "Not paid. Nothing was taken."
        }
    }

    private struct JSON: Encodable {
        let outcome: PaymentOutcome
        let exitCode: Int32
        let merchant, article, amount, transaction, time, balance, order, file, trace: String?
        let facts: [ReceiptFact]
        let said: [String]
    }

    /// The report for a program: one JSON object.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let value = JSON(
            outcome: outcome,
            exitCode: outcome.exitCode,
            merchant: merchant,
            article: article,
            amount: amount,
            transaction: transaction ?? fact("transaction"),
            time: fact("time"),
            balance: fact("balance"),
            order: order?.absoluteString,
            file: file,
            trace: trace,
            facts: facts,
            said: said
        )
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// Text of a stranger for a terminal: control characters and those that turn the direction of
/// writing are shown as a replacement character.
enum Printable {
    static func line(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { allowed($0) ? $0 : "\u{FFFD}" }))
    }

    static func allowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: false
        default: true
        }
    }
}
