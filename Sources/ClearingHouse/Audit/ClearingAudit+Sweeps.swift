// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

// Value that nobody uses, beside the accounts on which it stands.
extension ClearingAudit {
    /// What of an issuer was swept and not given back is what stands on its account of expired
    /// value.
    ///
    /// `standing`: gets what must stand there.
    func checkSweeps(
        _ report: inout Report,
        _ progress: @Sendable () -> Void,
        _ standing: inout [LedgerAccount: ExactAmount]
    ) async throws(StoreFailure) {
        var sums: [LedgerAccount: ExactAmount] = [:]
        try await each(ClearedSweep.self, &report, progress) {
            sweep,
            _,
            report async throws(StoreFailure) in
            report.sweeps[sweep.issuer, default: []].append(sweep.notice)
            guard sweep.isPosted else {
                let problem = "gives back what was not swept so, or was before: it is not posted"
                report.findings.append(Self.finding(sweep, problem))
                return
            }
            let amount: ExactAmount
            if case .swept = sweep.notice.event {
                amount = sweep.amount
            } else {
                amount = -sweep.amount
            }
            let before = sums[sweep.expired]?.trillionths ?? 0
            sums[sweep.expired] = ExactAmount(trillionths: before &+ amount.trillionths)
            if try await hasWrongReturn(sweep) {
                let problem = "what gives it back, or what it gives back, is not on record so"
                report.findings.append(Self.finding(sweep, problem))
            }
        }
        standing.merge(sums) { $1 }
    }

    private static func finding(_ sweep: ClearedSweep, _ problem: String) -> AuditFinding {
        let place = "sweep \(sweep.notice.number) of issuer \(sweep.issuer.digits)"
        return AuditFinding("clearing house, \(place)", problem)
    }

    /// Whether a sweep and what gives it back do not name each other.
    private func hasWrongReturn(_ sweep: ClearedSweep) async throws(StoreFailure) -> Bool {
        func other(_ number: UInt64) async -> ClearedSweep? {
            let key = ClearedSweep.key(sweep.issuer, number)
            return try? await book.find(ClearedSweep.self, key)?.value
        }
        switch sweep.notice.event {
        case .swept:
            guard let number = sweep.returnNumber else { return false }
            return await other(number)?.givesBack(sweep) != true
        case .givenBack(let number):
            let swept = await other(number)
            return swept.map(sweep.givesBack) != true
                || swept?.returnNumber != sweep.notice.number
        }
    }
}
