// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CardEmulator
import Kernel
import OPALServer
import Settlement
import Sites

// Value that nobody uses: moved from cards by the rule of its issuer, and given back.
extension FloatCommand {
    struct Sweep: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move what is due by rule from cards to the account of expired value.",
            discussion: """
                Says what would be moved; with --move it is. Holders get a mail, each card a row \
                in its history, and the clearing house books it. Value on a blocked card stays. \
                What was moved is given back with 'opal float give-back'.
                """
        )

        @Option(name: .long, help: "The BIN of the issuer whose cards alone are looked at.")
        var issuer: String?
        @Flag(name: .long, help: "Move it.")
        var move = false
        @OptionGroup var mail: MailOptions
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let view = try await Access.use(options) { access in
                let desk = try await access.sweeps(mail)
                var only: IssuerIdentifier?
                if let issuer { only = try await access.issuer(issuer) }
                if move {
                    let whose = only.map { "of issuer \($0.digits)" } ?? "of all issuers"
                    let now = SystemClock.now()
                    try await ClearingAccess.note(.valueSwept, whose, at: now, options)
                }
                return SweepView(try await desk.sweep(of: only, isTrial: !move), isMoved: move)
            }
            if output.json { return try Output.json(view) }
            view.show()
        }
    }

    struct Swept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what was moved from cards, and what of it was given back."
        )

        @Argument(help: "The issuer's BIN, six digits.")
        var bin: String
        @Option(name: .long, help: "The number of the card that it was moved from.")
        var card: String?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        private struct Line: Encodable {
            let number: UInt64
            let time: String
            /// Masked.
            let card: String
            let amount: String
            let currency: String
            let why: String
            let givenBack: UInt64?
        }

        func run() async throws {
            let lines = try await Access.use(options) { access in
                let issuer = try await access.issuer(bin)
                let book = SweepBook(cards: (access.operation.store, access.operation.seals))
                let card = try card.map(CardCommand.identifier)
                var (lines, last): ([Line], UInt64) = ([], 0)
                while true {
                    let page = try await book.sweeps(of: issuer, after: last, limit: 500)
                    lines += page.filter { card == nil || $0.card == card }.compactMap(Self.line)
                    guard let end = page.last else { return lines }
                    last = end.number
                }
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["number", "time", "card", "amount", "currency", "why", "given back"],
                lines.map {
                    [
                        "\($0.number)", $0.time, $0.card, $0.amount, $0.currency, $0.why,
                        $0.givenBack.map { "\($0)" } ?? "",
                    ]
                }
            )
        }

        /// Nil for a return: it stands with its sweep.
        private static func line(_ sweep: SweepRecord) -> Line? {
            guard case .swept(let reason, let number) = sweep.event else { return nil }
            return Line(
                number: sweep.number,
                time: sweep.moment.text,
                card: sweep.card.masked,
                amount: ExactAmount(sweep.amount).decimal,
                currency: sweep.amount.currency.word,
                why: reason.word,
                givenBack: number
            )
        }
    }

    struct GiveBack: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "give-back",
            abstract: "Give back what was moved from a card, once.",
            discussion: """
                It comes onto the card, or onto the one that it was renewed with; an expired card \
                is renewed first.
                """
        )

        @Argument(help: "The issuer's BIN, six digits.")
        var bin: String
        @Argument(help: "The number of what was moved, as 'opal float swept' prints it.")
        var number: UInt64
        @OptionGroup var mail: MailOptions
        @OptionGroup var options: DataOptions

        func run() async throws {
            let words = try await Access.use(options) { access in
                let (desk, issuer) = (try await access.sweeps(mail), try await access.issuer(bin))
                let what = "sweep \(number) of issuer \(bin)"
                let now = SystemClock.now()
                try await ClearingAccess.note(.sweepReturned, what, at: now, options)
                switch try await desk.giveBack(number, of: issuer) {
                case .success(let back):
                    let amount = ExactAmount(back.amount).decimal
                    return "\(amount) \(back.amount.currency.word) are on card \(back.card.masked)"
                case .failure(let refusal): throw CommandFailure(refusal.words)
                }
            }
            print(words)
        }
    }
}

/// What was swept, or would be, for people and for programs.
private struct SweepView: Encodable {
    struct Line: Encodable {
        let issuer: String
        let currency: String
        let why: String
        let cards: Int
        let value: String
    }

    /// Whether it was moved, and not looked at alone.
    let isMoved: Bool
    let due: [Line]
    let blockedCards: Int
    let changedCards: Int
    let damagedCards: Int

    init(_ report: SweepReport, isMoved: Bool) {
        self.isMoved = isMoved
        due = report.swept.map { name, line in
            let unit = name.unit
            let value = Money(
                minorUnits: line.value,
                currency: unit.currency,
                exponent: unit.exponent
            )
            return Line(
                issuer: unit.issuer.digits,
                currency: unit.currency.word,
                why: name.reason.word,
                cards: line.cards,
                value: ExactAmount(value).decimal
            )
        }
        .sorted { ($0.issuer, $0.currency, $0.why) < ($1.issuer, $1.currency, $1.why) }
        blockedCards = report.left[.blocked] ?? 0
        changedCards = report.left[.changed] ?? 0
        damagedCards = report.damaged
    }

    func show() {
        Output.table(
            ["issuer", "currency", "why", "cards", "value"],
            due.map { [$0.issuer, $0.currency, $0.why, "\($0.cards)", $0.value] }
        )
        let left = [
            (blockedCards, "are blocked, and keep what is due"),
            (changedCards, "were used meanwhile, or take no change: run it again"),
            (damagedCards, "do not open: see opal audit"),
        ]
        for (count, words) in left where count > 0 { print("\(count) cards \(words)") }
        if due.isEmpty {
            print("Nothing is due. The rules: opal float rule BIN.")
        } else if isMoved {
            print("Moved. Give back with: opal float give-back BIN NUMBER.")
        } else {
            print("Nothing was moved. Move it with: opal float sweep --move.")
        }
    }
}

extension SweepReason {
    fileprivate var word: String {
        switch self {
        case .dormant: "dormant"
        case .expired: "expired"
        }
    }
}

extension SweepRefusal {
    /// What the operator reads.
    fileprivate var words: String {
        switch self {
        case .unknownSweep: "There is no such move. See opal float swept BIN."
        case .givenBack: "It was given back before."
        case .card(.cardExpired):
            "Its card has expired, and none follows it. Renew it first: opal card renew NUMBER."
        case .card(let reason): "Nothing was given back: \(reason.words)."
        }
    }
}
