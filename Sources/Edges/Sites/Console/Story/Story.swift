// SPDX-License-Identifier: Apache-2.0

import Kernel

/// What the parties of this process know of one transaction: what became of the money, and each
/// step in the order of time. No card number is in it but masked, and no key.
struct Story {
    /// What became of the money, in one sentence.
    struct Money {
        let text: String
        let tone: Tone

        /// The same with another sentence; empty for none.
        func followed(by sentence: String) -> Money {
            Money(text: text + sentence, tone: tone)
        }
    }

    let transaction: TransactionIdentifier
    let title: String
    let amount: Kernel.Money?
    let money: Money
    let facts: [[String: Any]]
    let steps: [StoryStep]
    /// The other half of a mixed payment.
    let otherHalf: TransactionIdentifier?
    /// The card, for a link to its page; nil where the OPAL server is not here.
    let card: CardIdentifier?
}

/// One step of one party.
struct StoryStep {
    /// What comes first of what happened in the same millisecond.
    enum Rank: Int {
        case ordered, asked, requested, authorized, cardMoved, told, counted, settled, delivered
    }

    let moment: Instant
    let rank: Rank
    let party: String
    let title: String
    let text: String
    var tone = Tone.plain
    var checks: [SignatureCheck] = []
    /// Of the journal's row, where the step is one.
    var hash: [UInt8]?
    /// Whether the moment is a whole second: the step may have been at any time within it, and
    /// comes behind those that say when they were.
    var isOfSecond = false

    /// What steps are sorted by.
    var order: (Int64, Int) {
        (moment.milliseconds + (isOfSecond ? 999 : 0), rank.rawValue)
    }

    func values(_ reader: Reader) -> [String: Any] {
        var values: [String: Any] = [
            "party": party, "step": title, "text": text, "tone": tone.rawValue,
            "time": reader.preciseTime(moment, toSecond: isOfSecond),
        ]
        if !checks.isEmpty { values["checks"] = ["rows": checks.map(\.values)] }
        if let hash { values["hash"] = Hex.text(hash) }
        return values
    }
}

/// A signature of a step, checked anew when the page is asked for.
struct SignatureCheck {
    enum Result {
        case right(by: String)
        case wrong(by: String)
        case unchecked(because: String)
    }

    /// For instance `S2, S3 and S6`.
    let name: String
    let result: Result

    /// `isRight`: nil where nobody could say.
    init(_ name: String, _ isRight: Bool?, by module: String, else reason: String = "") {
        self.name = name
        result =
            switch isRight {
            case true?: .right(by: module)
            case false?: .wrong(by: module)
            case nil: .unchecked(because: reason)
            }
    }

    init(_ name: String, because reason: String) {
        self.name = name
        result = .unchecked(because: reason)
    }

    fileprivate var values: [String: Any] {
        switch result {
        case .right(let module):
            ["name": name, "text": "checked by \(module)", "badge": Shape.badge("Right", .good)]
        case .wrong(let module):
            ["name": name, "text": "checked by \(module)", "badge": Shape.badge("Wrong", .bad)]
        case .unchecked(let reason):
            [
                "name": name, "text": "cannot be checked here, because \(reason)",
                "badge": Shape.badge("Not checked", .plain),
            ]
        }
    }
}
