// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import Logging
import OPALServer
import PaymentServer
import Records

/// Says which sales their security cards do not count.
enum SaleWatch {
    static func alarm(_ logger: Logger) -> @Sendable (UncountedSale) -> Void {
        { sale in
            logger.critical(
                "alarm: a sale is not counted",
                metadata: [
                    "transaction": "\(sale.transaction)", "terminal": "\(sale.terminal)",
                    "securityCard": "\(sale.securityCard.text)",
                ]
            )
        }
    }
}

/// Says which batches do not get to the clearing house.
enum BatchWatch {
    /// `party`: where the batch stays.
    static func alarm(
        _ logger: Logger,
        at party: String
    ) -> @Sendable (BatchAlarm) -> Void {
        { alarm in
            var metadata: Logger.Metadata = ["party": "\(party)"]
            let problem: String
            switch alarm {
            case .refused(let batch, let reason):
                metadata.name(batch)
                problem = "refused: \(reason)"
            case .incomplete(let batch, let index):
                metadata.name(batch)
                problem = "its sale \(index) is not here yet"
            case .damaged(let batch):
                metadata.name(batch)
                problem = "it does not open"
            case .notClosed(let card):
                metadata["securityCard"] = "\(card.text)"
                problem = "its security card cannot close it"
            }
            metadata["problem"] = "\(problem)"
            logger.warning("a batch does not get on", metadata: metadata)
        }
    }
}

extension Logger.Metadata {
    fileprivate mutating func name(_ batch: BatchName) {
        self["securityCard"] = "\(batch.securityCard.text)"
        self["batch"] = "\(batch.number)"
    }
}

/// Looks at every card's history at start-up and every hour, and blocks a card whose history is not
/// what was sealed.
struct CardWatch: Sendable {
    let party: OPALServerParty
    let logger: Logger

    func run() async {
        let findings = try? await party.auditor.watch(party.desk)
        for finding in findings ?? [] { Self.say(finding, logger) }
    }

    /// For a card whose record was found to be older than its history when it was used.
    static func alarm(_ logger: Logger) -> @Sendable (CardIdentifier) -> Void {
        { card in
            let place = CardAuditor.cardPlace(card.bytes)
            say(AuditFinding(place, "its record is older than its history"), logger)
        }
    }

    private static func say(_ finding: AuditFinding, _ logger: Logger) {
        logger.critical(
            "alarm: a card was stopped",
            metadata: ["place": "\(finding.place)", "problem": "\(finding.problem)"]
        )
    }
}
