// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import Wire

// The screen between the entries of a standing order and the order: what will be loaded, from
// where, onto what and from when, to be agreed to.
extension CardholderSite {
    /// What has become of the entries of a standing order.
    enum ProposedOrder {
        /// `set`: orders just this.
        case proposal(
            StandingOrderProposal,
            set: () async throws(StandingOrderRefusal) -> Void
        )
        /// Something is wrong with them, and is told.
        case told(Response)
    }

    /// What a confirmation says beside the proposal.
    struct OrderScreen {
        let title: String
        /// Of the button that confirms.
        let button: String
        /// Where the confirmation is sent to.
        let action: String
        /// Where the entries can be changed.
        let backHref: String
        let current: String
        /// The entries, which are sent again and checked again.
        let fields: [[String: Any]]
        /// Whose card it is; nil for the own one.
        var name: String?
        /// The order that is replaced, in words.
        var present: String?
    }

    /// Shows what would be ordered.
    func ask(
        for proposed: ProposedOrder,
        _ signed: Signed,
        _ reader: Reader,
        on screen: () async throws(SiteFailure) -> OrderScreen
    ) async throws(SiteFailure) -> Response {
        switch proposed {
        case .told(let response): response
        case .proposal(let proposal, _):
            confirmation(of: proposal, try await screen(), signed, reader)
        }
    }

    /// Sets what was confirmed, or shows it once more where it is not what was shown.
    ///
    /// `form`: with the proof of what was shown.
    /// `done`: where a person goes on when it is set.
    /// `refused`: the entries, with why they cannot be ordered.
    func confirm(
        _ proposed: ProposedOrder,
        by form: Form,
        _ signed: Signed,
        _ reader: Reader,
        done: String,
        on screen: () async throws(SiteFailure) -> OrderScreen,
        refused: (RefusalText) async throws(SiteFailure) -> Response
    ) async throws(SiteFailure) -> Response {
        switch proposed {
        case .told(let response): return response
        // A second click.
        case .proposal(let proposal, _) where proposal.isInForce: break
        case .proposal(let proposal, let set):
            guard proposal.isShown(by: Hex.bytes(form.text("proof")) ?? []) else {
                return confirmation(
                    of: proposal,
                    try await screen(),
                    signed,
                    reader,
                    isChanged: true
                )
            }
            do throws(StandingOrderRefusal) {
                try await set()
            } catch {
                if error == .unavailable { throw .unavailable(error) }
                return try await refused(RefusalText(order: error))
            }
        }
        return SiteShell.seeOther(done)
    }

    /// `isChanged`: whether a confirmation came that was not of this.
    private func confirmation(
        of proposal: StandingOrderProposal,
        _ screen: OrderScreen,
        _ signed: Signed,
        _ reader: Reader,
        isChanged: Bool = false
    ) -> Response {
        let account: [[String: Any]] = [
            ["label": "Account", "value": "ends in \(proposal.account.lastFour)"],
            ["label": "Valid until", "value": proposal.account.expiry.text],
            ["label": "Card", "value": proposal.card.masked],
        ]
        let present = screen.present.map { ["label": "In place of", "value": $0] as [String: Any] }
        var values: [String: Any] = [
            "title": screen.title, "button": screen.button,
            "order": [
                "merchant": "From your account", "amount": reader.amount(proposal.amount),
                "article": article(proposal, screen.name, reader),
            ],
            "facts": account + facts(proposal, reader) + [present].compactMap(\.self),
            "note": note(proposal, reader),
            "form": [
                "action": screen.action,
                "fields": screen.fields + [
                    ["name": "proof", "value": Hex.text(proposal.proof)]
                ],
            ] as [String: Any],
            "backHref": screen.backHref,
        ]
        if isChanged { values["refusal"] = RefusalText.orderChanged.values() }
        return page(
            Page(
                "cardholder/order-confirm",
                values,
                status: isChanged ? .unprocessableContent : .ok
            ),
            of: signed,
            current: screen.current
        )
    }

    private func article(
        _ proposal: StandingOrderProposal,
        _ name: String?,
        _ reader: Reader
    ) -> String {
        let card = name.map { "the card of \($0)" } ?? "your card"
        return switch proposal.terms {
        case .allowance(let schedule, _): "Every \(schedule.weekday.name), onto \(card)"
        case .topUp(let rule, _, _):
            "Whenever less than \(text(rule.threshold, of: proposal, reader)) is left on \(card)"
        }
    }

    private func facts(_ proposal: StandingOrderProposal, _ reader: Reader) -> [[String: Any]] {
        switch proposal.terms {
        case .allowance(let schedule, let firstAt):
            return [
                ["label": "Each week", "value": schedule.words],
                ["label": "For the first time", "value": reader.timeText(firstAt)],
            ]
        case .topUp(let rule, let loaded, let isDue):
            var facts: [[String: Any]] = [
                ["label": "Balance now", "value": reader.amount(proposal.balance)],
                [
                    "label": "When the balance is below",
                    "value": text(rule.threshold, of: proposal, reader),
                ],
                [
                    "label": "At most in a month",
                    "value": text(rule.monthMax, of: proposal, reader),
                ],
            ]
            if loaded > 0 {
                facts.append([
                    "label": "Loaded this month", "value": text(loaded, of: proposal, reader),
                ])
            }
            facts.append([
                "label": "For the first time",
                "value": isDue ? "Within minutes" : "When less is left, from now on",
            ])
            return facts
        }
    }

    private func note(_ proposal: StandingOrderProposal, _ reader: Reader) -> String {
        switch proposal.terms {
        case .allowance:
            """
            Nothing is loaded now. Your account is charged each time, until you stop it; you can \
            do so at any time.
            """
        case .topUp(_, _, let isDue):
            """
            \(isDue ? "The first load begins by itself in a moment." : "Nothing is loaded now.") \
            Your account is charged each time, until you stop it; a receipt comes by mail.
            """
        }
    }

    private func text(
        _ minorUnits: UInt64,
        of proposal: StandingOrderProposal,
        _ reader: Reader
    ) -> String {
        reader.amount(Money(minorUnits: minorUnits, as: proposal.amount))
    }
}

extension WeeklySchedule {
    /// `Friday at 12:00 (UTC+02:00)`.
    var words: String {
        "\(weekday.name) at \(DateWords.two(hour)):00 (\(ClockChoice.text(offset)))"
    }
}

extension RefusalText {
    fileprivate static let orderChanged = RefusalText(
        "This is not what you were shown",
        tone: .plain,
        what: "The confirmation was changed on its way here, or something else has changed since.",
        money: "Nothing was ordered, and what was ordered before goes on as it is.",
        next: "Look at it once more, and set it below."
    )
}
