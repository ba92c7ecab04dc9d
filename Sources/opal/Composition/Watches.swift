// SPDX-License-Identifier: Apache-2.0

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
