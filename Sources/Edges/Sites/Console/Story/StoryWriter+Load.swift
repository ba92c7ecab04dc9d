// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import LoadServer
import OPALServer
import Wire

// A load from a bank, or from an account on file.
extension StoryWriter {
    // MARK: The money

    var loadMoney: Story.Money {
        if let load = records.accountLoad { return money(of: load) }
        if records.load.map({ $0.load == nil }) ?? false {
            return .init(
                text: "The record of this load does not open: look at the audit first.",
                tone: .bad
            )
        }
        if let load = records.load?.load { return money(of: load) }
        if let hold = records.holds.first?.hold { return money(of: hold) }
        switch records.authorization?.line.record?.state {
        case .authorized:
            return .init(
                text: "\(amountText) may be on \(cardText): its answer has not come.",
                tone: .wait
            )
        case .loaded:
            return .init(text: "\(amountText) is on \(cardText), and the bank pays.", tone: .good)
        case .notLoaded:
            return .init(
                text: "Nothing was loaded, and nothing is taken from the account.",
                tone: .plain
            )
        case nil:
            return .init(text: "The record of this load does not open.", tone: .bad)
        }
    }

    private func money(of load: LoadRecord) -> Story.Money {
        switch load.state {
        case .requested:
            .init(
                text: """
                    \(amountText) is held on the account and not on \(cardText) so far: the load \
                    is under way.
                    """,
                tone: .wait
            )
        case .credited:
            .init(
                text: "\(amountText) is on \(cardText); the load server is being told.",
                tone: .wait
            )
        case .loaded:
            .init(
                text: "\(amountText) is on \(cardText), and the bank pays it into the pool.",
                tone: .good
            )
        case .givenUp, .notLoaded:
            .init(
                text: """
                    Nothing was loaded: \(cardText) proved it, and the bank takes nothing from \
                    the account.
                    """,
                tone: .plain
            )
        }
    }

    private func money(of hold: HoldView) -> Story.Money {
        switch hold.state {
        case .held:
            .init(
                text: "\(amountText) is held on the account until the load has an end.",
                tone: .wait
            )
        case .loaded:
            .init(
                text: "\(amountText) was taken from the account and paid into the pool.",
                tone: .good
            )
        case .released:
            .init(text: "Nothing was taken from the account: the hold is gone.", tone: .plain)
        }
    }

    private func money(of load: AccountLoadRecord) -> Story.Money {
        switch load.state {
        case .authorizing:
            .init(
                text: """
                    \(amountText) may be reserved on the account and is not on \(cardText): the \
                    funding network has not answered.
                    """,
                tone: .wait
            )
        case .credited:
            .init(
                text: "\(amountText) is on \(cardText); the gateway is told to charge it.",
                tone: .wait
            )
        case .completed:
            .init(
                text: "\(amountText) is on \(cardText), and the account is charged.",
                tone: .good
            )
        case .cancelling, .cancelled:
            .init(
                text: "Nothing was loaded; what was reserved on the account is given back.",
                tone: .plain
            )
        case .declined:
            .init(text: "Nothing was loaded, and nothing was taken.", tone: .plain)
        }
    }

    // MARK: The OPAL server and the load server

    var loadSteps: [StoryStep] { ownLoadSteps + accountLoadSteps + authorizationSteps }

    private var ownLoadSteps: [StoryStep] {
        guard let load = records.load?.load else { return [] }
        var steps = [
            StoryStep(
                moment: load.requestedAt,
                rank: .asked,
                party: "OPAL server",
                title: "Asked for",
                text: "The card made S1 for \(amountText) from \(load.page.bankName)."
            )
        ]
        if let ended = load.endedAt {
            let isLoaded = load.state == .loaded
            steps.append(
                StoryStep(
                    moment: ended,
                    rank: .settled,
                    party: "OPAL server",
                    title: isLoaded ? "Load server knows" : "Ended without load",
                    text: load.reason.map { "Because of \($0.word)." }
                        ?? "The Load Result for the bank is here.",
                    tone: isLoaded ? .good : .bad
                )
            )
        }
        return steps
    }

    private var accountLoadSteps: [StoryStep] {
        guard let load = records.accountLoad else { return [] }
        var steps = [
            StoryStep(
                moment: load.begunAt,
                rank: .asked,
                party: "OPAL server",
                title: "Asked for",
                text: "\(amountText) from the account on file, through the gateway."
            )
        ]
        if let decided = load.decidedAt {
            let isCredited = load.refusal == nil
            steps.append(
                StoryStep(
                    moment: decided,
                    rank: .settled,
                    party: "OPAL server",
                    title: isCredited ? "Approved" : "Refused",
                    text: isCredited
                        ? "The funding network has approved it (\(load.approvalCode))."
                        : "It is not loaded.",
                    tone: isCredited ? .good : .bad
                )
            )
        }
        return steps
    }

    private var authorizationSteps: [StoryStep] {
        guard let authorization = records.authorization else { return [] }
        return authorization.steps.map { step in
            let (title, text, tone) = Self.words(step.kind)
            return StoryStep(
                moment: step.moment,
                rank: step.kind == .requested
                    ? .requested : step.kind == .authorized ? .authorized : .counted,
                party: "Load server",
                title: title,
                text: text,
                tone: tone,
                checks: checks(of: step.kind, authorization.signatures)
            )
        }
    }

    private static func words(_ kind: AuthorizationStep.Kind) -> (String, String, Tone) {
        switch kind {
        case .requested: ("Load request", "The bank's token and the terms were checked.", .plain)
        case .authorized: ("Credit command", "S1 is right; S2 was issued.", .plain)
        case .loaded: ("Loaded", "S3 is right: the card was credited.", .good)
        case .notLoaded: ("Not loaded", "The card proved that it was not credited.", .bad)
        case .disproved:
            ("Disproved", "The card was loaded, though the result said otherwise.", .bad)
        case .declined: ("Declined", "Ended before S2 was issued.", .bad)
        case .overdue: ("Overdue", "The load never came, and no longer can.", .bad)
        }
    }

    private func checks(
        of kind: AuthorizationStep.Kind,
        _ signatures: AuthorizationSignatures?
    ) -> [SignatureCheck] {
        switch kind {
        case .authorized: [check("S1 and S2", signatures?.request)]
        case .loaded: [check("S3", signatures?.completion)]
        case .requested, .notLoaded, .disproved, .declined, .overdue: []
        }
    }

    private func check(
        _ name: String,
        _ answer: AuthorizationSignatures.Answer?
    ) -> SignatureCheck {
        switch answer {
        case .right?: SignatureCheck(name, true, by: Checker.loadModule)
        case .wrong?: SignatureCheck(name, false, by: Checker.loadModule)
        case .keyUnknown?:
            SignatureCheck(name, because: "the issuer's keys of its version are not here")
        case .unavailable?: SignatureCheck(name, because: "the module does not answer")
        case nil: SignatureCheck(name, because: "it is not on record")
        }
    }

    // MARK: The bank

    var holdSteps: [StoryStep] {
        records.holds.flatMap { bank, hold in
            var steps = [
                StoryStep(
                    moment: hold.begunAt,
                    rank: .ordered,
                    party: "Bank: \(bank)",
                    title: "Held",
                    text: "\(reader.amount(hold.amount)) on account \(hold.account.masked)."
                )
            ]
            if let ended = hold.endedAt {
                let isLoaded = hold.state == .loaded
                steps.append(
                    StoryStep(
                        moment: ended,
                        rank: .delivered,
                        party: "Bank: \(bank)",
                        title: isLoaded ? "Paid" : "Released",
                        text: isLoaded
                            ? "Off the account, and in the issuer's funds pool."
                            : hold.reason.map { "Because of \($0.word)." } ?? "Nothing was taken.",
                        tone: isLoaded ? .good : .bad,
                        // The time of the Load Result.
                        isOfSecond: true
                    )
                )
            }
            return steps
        }
    }
}
