// SPDX-License-Identifier: Apache-2.0

import Kernel

// The form of a new programme.
extension ProgrammeEntry {
    /// What stands in the form before anybody has typed.
    static var usual: ProgrammeEntry {
        var entry = ProgrammeEntry()
        let texts: [Field: String] = [
            .home: Programme.Home.card.name, .exponent: "0", .balanceMax: "10000000",
            .points: "1", .per: "0.10", .currency: Currency.euro.digits, .currencyExponent: "2",
            .rounding: EarnRounding.down.name, .pendingDays: "14", .expiryMonths: "12",
        ]
        for (field, text) in texts { entry[field] = text }
        return entry
    }

    init(_ form: Form) {
        self.init()
        for field in Field.allCases { self[field] = form.text(field.rawValue) }
    }

    /// `Form` of the template.
    func form(action: String, _ problems: [Problem]) -> [String: Any] {
        var form: [String: Any] = ["action": action]
        for field in Field.allCases {
            var values: [String: Any] = [:]
            switch field {
            case .home:
                values["options"] = options(
                    field,
                    [("card", "On the card"), ("database", "In the database")]
                )
            case .rounding:
                values["options"] = options(
                    field,
                    [("down", "Down"), ("nearest", "To the nearest"), ("up", "Up")]
                )
            default: values["value"] = self[field]
            }
            if let problem = problems.first(where: { $0.field == field }) {
                values["error"] = problem.text
            }
            form[field.rawValue] = values
        }
        return form
    }

    private func options(_ field: Field, _ options: [(String, String)]) -> [[String: Any]] {
        options.map { value, label in
            var option: [String: Any] = ["value": value, "label": label]
            if value == self[field] { option["selected"] = true }
            return option
        }
    }
}
