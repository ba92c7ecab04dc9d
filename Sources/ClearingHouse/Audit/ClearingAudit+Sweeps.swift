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
            let amount: ExactAmount
            if case .swept = sweep.notice.event {
                amount = sweep.amount
            } else {
                amount = -sweep.amount
            }
            let before = sums[sweep.expired]?.trillionths ?? 0
            sums[sweep.expired] = ExactAmount(trillionths: before &+ amount.trillionths)
            if try await hasWrongReturn(sweep) {
                let place = "clearing house, sweep \(sweep.notice.number) of "
                report.findings.append(
                    AuditFinding(
                        place + "issuer \(sweep.issuer.digits)",
                        "what gives it back, or what it gives back, is not on record so"
                    )
                )
            }
        }
        standing.merge(sums) { $1 }
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
