// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Logging
import Synchronization

/// Tells the operator what keeps the clearing house from its work: once, until it works again.
final class ClearingWatch: Sendable {
    private let logger: Logger
    private let told = Mutex<Set<String>>([])

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// A round of crediting.
    func tell(_ report: ClearingHouse.CreditReport) {
        var problems: [String: Logger.Metadata] = [:]
        for issuer in report.silent {
            problems["silent \(issuer.digits)"] = [
                "issuer": "\(issuer.digits)",
                "problem": "it does not answer; batches with sales of its cards wait",
            ]
        }
        for place in report.damaged {
            problems["damaged \(place)"] = [
                "place": "\(place)", "problem": "it does not open; its batch waits",
            ]
        }
        say(problems, "a batch is not credited")
        if report.suspended > 0 {
            logger.warning(
                "sales were set aside",
                metadata: ["count": "\(report.suspended)", "cleared": "\(report.cleared)"]
            )
        }
    }

    /// A round of refunds.
    func tell(_ report: ClearingHouse.RefundReport) {
        for place in report.damaged { tell(.damaged(place), "refunds") }
        guard report.refused > 0 else { return }
        let count: Logger.Metadata = ["count": "\(report.refused)"]
        logger.notice("refunds came to nothing", metadata: count)
    }

    func tell(_ run: SettlementRun, _ hasFiles: Bool) {
        logger.notice(
            "a day is settled",
            metadata: ["day": "\(run.day.digits)", "payouts": "\(run.payouts)"]
        )
        if !hasFiles {
            logger.error(
                "the files of a settlement are not written: use opal clearing files",
                metadata: ["day": "\(run.day.digits)"]
            )
        }
    }

    func tell(_ failure: ClearingFailure, _ work: String) {
        say(
            ["\(work) \(failure)": ["work": "\(work)", "problem": "\(failure.words)"]],
            "the clearing house cannot work"
        )
    }

    /// Says what was not said before.
    private func say(_ problems: [String: Logger.Metadata], _ message: Logger.Message) {
        let new = told.withLock { told in
            let new = problems.filter { !told.contains($0.key) }
            told = Set(problems.keys)
            return new
        }
        for (_, metadata) in new.sorted(by: { $0.key < $1.key }) {
            logger.warning(message, metadata: metadata)
        }
    }
}
