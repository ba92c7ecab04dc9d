// SPDX-License-Identifier: Apache-2.0

import Kernel
import PaymentServer

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

    private static func words(_ kind: SaleStep.Kind) -> (String, String, Tone) {
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
        case .leftToSecurityCard:
            ("Left to the terminal", "Its security card says whether it is sold or void.", .wait)
        }
    }
}
