// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Logging

/// Tells the operator what keeps the clearing house from its work: once, until it works again.
final class ClearingWatch: Sendable {
    enum Work: String {
        case crediting, refunds, disputes, sweeps, settlement
        case blockingList = "blocking list"
        case batchKeys = "batch keys"
    }

    private let logger: Logger
    private let problems: ProblemLog

    init(_ logger: Logger) {
        self.logger = logger
        problems = ProblemLog(logger, "the clearing house cannot do some of its work")
    }

    /// A round of crediting.
    func tell(_ report: ClearingHouse.CreditReport) {
        say(problems(report.silent, report.damaged), .crediting)
        if report.suspended > 0 {
            logger.warning(
                "sales were set aside",
                metadata: ["count": "\(report.suspended)", "cleared": "\(report.cleared)"]
            )
        }
    }

    /// A round of refunds.
    func tell(_ report: ClearingHouse.RefundReport) {
        say(problems(report.silent, report.damaged), .refunds)
        guard report.refused > 0 else { return }
        let count: Logger.Metadata = ["count": "\(report.refused)"]
        logger.notice("refunds came to nothing", metadata: count)
    }

    /// A round of disputes.
    func tell(_ round: ClearingHouse.DisputeRound) {
        say(problems(round.silent, round.damaged), .disputes)
        guard round.received > 0 else { return }
        logger.notice("sales are disputed", metadata: ["count": "\(round.received)"])
    }

    /// A round of sweeps.
    func tell(_ round: ClearingHouse.SweepRound) {
        var problems = problems(round.silent, [])
        for (issuer, failure) in round.waiting {
            let words = "what issuer \(issuer.digits) has swept waits: \(failure.words)"
            problems["waiting \(issuer.digits)"] = words
        }
        say(problems, .sweeps)
        if round.refused > 0 {
            let count: Logger.Metadata = ["count": "\(round.refused)"]
            logger.warning("issuers give back what was given back before", metadata: count)
        }
        guard round.posted > 0 else { return }
        logger.notice("sweeps are in the books", metadata: ["count": "\(round.posted)"])
    }

    func tell(_ run: SettlementRun, _ hasFiles: Bool) {
        if hasFiles {
            logger.notice(
                "a day is settled",
                metadata: ["day": "\(run.day.digits)", "payouts": "\(run.payouts)"]
            )
        } else {
            let problem = "its files are not written; it is tried again"
            say(["files \(run.day.digits)": "day \(run.day.digits): \(problem)"], .settlement)
        }
    }

    /// What a settlement has not paid because a record does not open, and who waits for that.
    func tell(leftOutOf run: SettlementRun) {
        let day = run.day.digits
        let words = "is left out of the settlement of \(day): it does not open"
        let records = run.leftOut.map { ("left out \(day) \($0)", "\($0) \(words)") }
        let accounts = run.waiting.map { ("waits \(day) \($0)", "day \(day): \($0.words)") }
        say(Dictionary(records + accounts) { first, _ in first }, .settlement)
    }

    func tell(problem: String, _ work: Work) {
        say([problem: problem], work)
    }

    func tell(_ failure: ClearingFailure, _ work: Work) {
        say(["\(failure)": failure.words], work)
    }

    /// Nothing keeps it from this work.
    func works(_ work: Work) {
        say([:], work)
    }

    private func problems(
        _ silent: Set<IssuerIdentifier>,
        _ damaged: [String]
    ) -> [String: String] {
        var problems: [String: String] = [:]
        for issuer in silent {
            let words = "issuer \(issuer.digits) does not answer; what is of its cards waits"
            problems["silent \(issuer.digits)"] = words
        }
        for place in damaged { problems["damaged \(place)"] = "\(place) does not open, and waits" }
        return problems
    }

    private func say(_ found: [String: String], _ work: Work) {
        problems.tell(found, of: work.rawValue)
    }
}
