// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Wire

/// The form of a benefit, as it is typed.
struct BenefitForm {
    private static let fields = [
        "code", "programme", "title", "description", "points", "money", "stock",
    ]

    /// Of a number of pieces.
    static let stockProblem =
        "Give a number of pieces up to \(BenefitLimits.stockMax / 1_000_000) million, or nothing."

    private var texts: [String: String] = [:]
    private(set) var problems: [(field: String, text: String)] = []

    /// An empty one.
    init() {}

    init(_ form: Form) {
        for field in Self.fields { texts[field] = form.text(field) }
    }

    /// What is said of a benefit now.
    init(_ benefit: Benefit) {
        texts = [
            "code": benefit.code.text, "programme": benefit.programme.digits,
            "title": benefit.title, "description": benefit.description,
        ]
        for (field, part) in [("points", benefit.price.points), ("money", benefit.price.money)] {
            texts[field] = part.map { AmountEntry.text($0.minorUnits, $0.exponent) }
        }
    }

    subscript(_ field: String) -> String { texts[field] ?? "" }

    mutating func add(_ field: String, _ text: String) { problems.append((field, text)) }

    /// Code and programme of a benefit that is known stay as they are.
    mutating func keep(_ benefit: Benefit) {
        texts["code"] = benefit.code.text
        texts["programme"] = benefit.programme.digits
    }

    /// The benefit that the form describes; nil where something is wrong, which ``problems`` tell.
    ///
    /// `handout`: what the member gets.
    mutating func benefit(
        of programmes: [Programme],
        handout: Benefit.Handout
    ) -> Benefit? {
        let programme = programmes.first { $0.code.digits == self["programme"] }
        let code = BenefitCode(self["code"])
        if programme == nil { add("programme", "Choose a programme.") }
        if code == nil {
            add("code", "A code has 1 to \(BenefitLimits.codeBytesMax) of a to z, 0 to 9 and -.")
        }
        let points = amount("points", programme?.exponent ?? .units)
        let money = amount("money", .cents)
        guard let programme, let code, let points, let money else { return nil }
        let price = Benefit.Price(
            points: points > 0 ? programme.points(points) : nil,
            money: money > 0
                ? Money(minorUnits: money, currency: .euro, exponent: .cents) : nil
        )
        guard let price else {
            add("points", "A benefit costs points, money or both.")
            return nil
        }
        let benefit = Benefit(
            code: code,
            programme: programme.code,
            title: self["title"],
            description: self["description"],
            price: price,
            handout: handout
        )
        if benefit == nil { addTexts() }
        return benefit
    }

    /// Pieces; nil in the outcome where there is no end of them.
    mutating func stock() -> UInt64?? {
        let text = self["stock"]
        if text.isEmpty { return .some(nil) }
        guard let stock = DecimalText.integer(text), stock <= BenefitLimits.stockMax else {
            add("stock", Self.stockProblem)
            return nil
        }
        return stock
    }

    /// Zero where nothing was typed.
    private mutating func amount(_ field: String, _ exponent: Exponent) -> UInt64? {
        if self[field].isEmpty { return 0 }
        guard let amount = AmountEntry.minorUnits(self[field], exponent) else {
            add(field, "This is no amount with at most \(exponent.decimals) decimals.")
            return nil
        }
        return amount
    }

    private mutating func addTexts() {
        for (field, bytesMax) in [
            ("title", BenefitLimits.titleBytesMax),
            ("description", BenefitLimits.descriptionBytesMax),
        ] where !(1...bytesMax).contains(self[field].utf8.count) {
            add(field, "Give 1 to \(bytesMax) bytes.")
        }
        if problems.isEmpty { add("title", "Leave out control characters.") }
    }

    /// `Form` of the template. A benefit that is known has no entries for what stays.
    func values(action: String, _ programmes: [Programme], isKnown: Bool) -> [String: Any] {
        var form: [String: Any] = ["action": action]
        for field in Self.fields {
            if isKnown, ["code", "programme", "stock"].contains(field) { continue }
            var values: [String: Any] = [:]
            if field == "programme" {
                values["options"] = programmes.map { programme in
                    var option: [String: Any] = [
                        "value": programme.code.digits, "label": programme.name,
                    ]
                    if programme.code.digits == self[field] { option["selected"] = true }
                    return option
                }
            } else {
                values["value"] = self[field]
            }
            if let problem = problems.first(where: { $0.field == field }) {
                values["error"] = problem.text
            }
            form[field] = values
        }
        return form
    }
}
