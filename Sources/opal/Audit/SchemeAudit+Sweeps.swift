// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import OPALServer

// Value that nobody uses: what stands as expired value at the clearing house was taken from cards.
extension SchemeAudit {
    /// From a sweep to its place in the books, when both parties are up.
    private static let sweepPostingTime = Duration.seconds(24 * 3600)

    /// `cleared`: what was posted, as the clearing house had it before the cards were audited; nil
    ///     where it is not in this folder.
    /// `sweeps`: what the issuers have swept and given back.
    static func compareSweeps(
        _ cleared: [IssuerIdentifier: [SweepNotice]]?,
        _ sweeps: [CardAuditor.SweepName: SweepRecord],
        now: Instant
    ) -> [String] {
        guard let cleared else { return [] }
        var findings: [String] = []
        var posted: Set<CardAuditor.SweepName> = []
        for (issuer, notices) in cleared {
            for notice in notices {
                let name = CardAuditor.SweepName(issuer: issuer, number: notice.number)
                posted.insert(name)
                if sweeps[name]?.notice == notice { continue }
                findings.append(
                    "sweep \(notice.number) of issuer \(issuer.digits): stands in the books, and "
                        + "the issuer "
                        + (sweeps[name] == nil
                            ? "does not know it: its cards were set back"
                            : "says something else")
                )
            }
        }
        for (name, sweep) in sweeps
        where !posted.contains(name) && sweep.moment.adding(sweepPostingTime) < now {
            findings.append(
                "sweep \(name.number) of issuer \(name.issuer.digits): was made, and is not in the "
                    + "books of the clearing house"
            )
        }
        return findings
    }
}
