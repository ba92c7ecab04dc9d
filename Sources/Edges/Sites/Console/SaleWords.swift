// SPDX-License-Identifier: Apache-2.0

import Kernel
import PaymentServer
import Wire

/// Sales in words.
enum SaleWords {
    static func badge(_ state: SaleState) -> [String: Any] {
        switch state {
        case .drawn: Shape.badge("Open", .wait)
        case .sold: Shape.badge("Sold", .good)
        case .refused: Shape.badge("Refused", .bad)
        case .void: Shape.badge("Void", .plain)
        }
    }

    private static func name(_ state: SaleState) -> String {
        switch state {
        case .drawn: "open"
        case .sold: "sold"
        case .refused: "refused"
        case .void: "void"
        }
    }

    /// The state of a search, nil for any.
    static func state(named name: String) -> SaleState? {
        SaleState.allCases.first { self.name($0) == name }
    }

    static func options(selected name: String) -> [[String: Any]] {
        let labels = [
            "": "Any state", "open": "Open", "sold": "Sold", "refused": "Refused", "void": "Void",
        ]
        return ([""] + SaleState.allCases.map(self.name)).map { value in
            var option: [String: Any] = ["value": value, "label": labels[value] ?? value]
            if value == name { option["selected"] = true }
            return option
        }
    }

    static func place(_ policy: ComparisonPolicy) -> String {
        switch policy {
        case .securityCard: "security card"
        case .paymentServer: "payment server"
        case .opalServer: "OPAL server"
        case .clientTerminal: "client terminal"
        case .merchant: "merchant"
        }
    }

    /// Where the patent draws it.
    static func figure(_ policy: ComparisonPolicy) -> String {
        switch policy {
        case .securityCard: "FIG. 5"
        case .paymentServer: "FIG. 6"
        case .opalServer, .clientTerminal: "FIG. 7"
        case .merchant: "FIG. 8"
        }
    }

    /// What an open sale waits for.
    static func waits(_ line: SaleLine) -> String {
        guard let sale = line.sale else { return "Record does not open" }
        if !sale.state.isOpen {
            return line.isOverdue ? "Not counted by its security card" : "Waits to be counted"
        }
        if sale.isLeftToSecurityCard { return "Waits for the word of its terminal" }
        return sale.request.terms.policy.isOneTrip
            ? "Waits for the word of the OPAL server" : "Waits for the card's answer"
    }

    /// How open sales end.
    static let ends = """
        Where the security card or the payment server compares S3, a sale whose card does not \
        answer within a minute is given up. Where one trip is all, the goods may be out: such a \
        sale ends by the word of the OPAL server that drew it, and by no time-out. A sale on a \
        terminal that is away waits for it. What is sold stays here until its security card has \
        counted it.
        """

    /// What an operator is told of sales that are not counted; nil where there are none.
    static func alarm(overdue count: Int) -> [String: Any]? {
        if count == 0 { return nil }
        let minutes = PurchaseLimits.countTime.components.seconds / 60
        return [
            "title": count == 1 ? "A sale is not counted" : "\(count) sales are not counted",
            "text": """
            Sold, and for more than \(minutes) minutes not counted by the security card: it \
            cannot be paid for. Look at its terminal; the audit says what is wrong.
            """,
        ]
    }

    /// One row of the journal. What a step brought is not shown: signatures are for the audit.
    static func row(
        _ row: SaleDetail.Row,
        of transaction: TransactionIdentifier,
        _ reader: Reader
    ) -> [String: Any] {
        var values: [String: Any] = [
            "number": "\(row.number)", "hash": Hex.text(row.hash),
        ]
        guard let step = row.step else {
            values["step"] = "Not readable"
            values["text"] = "The row was changed by somebody else."
            values["tone"] = Tone.bad.rawValue
            values["time"] = Shape.time(ofKey: transaction.bytes, reader)
            return values
        }
        let (name, text, tone) = words(step.kind)
        values["step"] = name
        values["text"] = text
        values["tone"] = tone.rawValue
        values["time"] = reader.time(step.moment)
        return values
    }

    static func words(_ kind: SaleStep.Kind) -> (String, String, Tone) {
        switch kind {
        case .requested:
            ("Draw request", "Order token, merchant and freshness checked.", .plain)
        case .drawn:
            ("Debit command", "The security card issued S2; the card may be debited.", .plain)
        case .sold:
            ("Sold", "S3 is right: the card was debited.", .good)
        case .refused:
            ("Refused", "The card proved that it did not debit.", .bad)
        case .void:
            ("Void", "Given up with SV; a debited card is credited again.", .wait)
        case .counted:
            ("Counted", "The security card checked S3 again and counted the sale.", .good)
        case .answered:
            ("Answered", "S3 is right; the other half of the payment is awaited.", .wait)
        case .leftToSecurityCard:
            ("Left to the terminal", "Its security card says whether it is sold or void.", .wait)
        }
    }
}
