// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// Value that nobody uses, and what of it was given back.
extension CardAuditor {
    /// Before the cards, which have by then what a sweep says.
    func checkSweeps(
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        try await store.forEach(SweepRecord.kind) { record async throws(StoreFailure) in
            if let sweep = await sweep(in: record) {
                report.sweeps[SweepName(sweep)] = sweep
            } else {
                report.findings.append(AuditFinding(Self.place(record), "does not open"))
            }
            progress()
        }
    }

    /// Each sweep on record was taken from its card, each return is on its card, and the other way
    /// around; what gives back and what is given back name each other.
    func compareSweeps(_ report: inout Report) async throws(StoreFailure) {
        for (name, sweep) in report.sweeps {
            let isThere =
                switch sweep.event {
                case .swept: report.swept[name].map { sweep.isThat(of: $0.value, $0.card) } ?? false
                case .givenBack:
                    report.credits[sweep.credit]
                        == Movement(card: sweep.card, amount: sweep.amount)
                }
            if !isThere { note(name, "is on record, but not on its card", &report) }
            if try await hasWrongOther(sweep, report) {
                note(name, "what gives it back, or what it gives back, does not fit", &report)
            }
        }
        try await checkCounters(&report)
        for (name, row) in report.swept {
            // It may have been made after the records were read.
            var known = report.sweeps[name]
            if known == nil { known = try await find(name) }
            if known?.isThat(of: row.value, row.card) != true {
                let problem = "was taken from card \(row.card.masked), but not on record so"
                note(name, problem, &report)
            }
        }
        try await compareReturns(&report)
    }

    /// No sweep has a number that its issuer has not given yet. Read after the sweeps.
    private func checkCounters(_ report: inout Report) async throws(StoreFailure) {
        var highest: [IssuerIdentifier: UInt64] = [:]
        for name in report.sweeps.keys {
            highest[name.issuer] = max(highest[name.issuer] ?? 0, name.number)
        }
        for (issuer, number) in highest {
            let record = try await store.read(SweepCounter.key(issuer))
            let body: [UInt8]? = if let record { await open(record) } else { nil }
            let last = body.flatMap { try? SweepCounter($0) }?.last
            if let last, last >= number { continue }
            note(
                SweepName(issuer: issuer, number: number),
                "its issuer has not given this number",
                &report
            )
        }
    }

    /// Credits of swept value belong to a return.
    private func compareReturns(_ report: inout Report) async throws(StoreFailure) {
        var returns: [CreditName: Movement] = [:]
        for sweep in report.sweeps.values {
            guard case .givenBack = sweep.event else { continue }
            returns[sweep.credit] = Movement(card: sweep.card, amount: sweep.amount)
        }
        for (name, credit) in report.credits
        where name.bank.source(at: credit.card.issuer) == .swept && returns[name] != credit {
            let swept = report.swept.first { $0.value.value.transaction == name.transaction }
            var known: SweepRecord?
            if let sweep = swept?.key, let found = try await find(sweep),
                case .swept(_, let number?) = found.event
            {
                known = try await find(SweepName(issuer: sweep.issuer, number: number))
            }
            if let known, known.credit == name,
                credit == Movement(card: known.card, amount: known.amount)
            {
                continue
            }
            report.findings.append(
                AuditFinding(
                    "OPAL server, sweep \(name.transaction.text)",
                    "is given back to card \(credit.card.masked), but not on record so"
                )
            )
            report.suspects.insert(credit.card)
        }
    }

    private func hasWrongOther(
        _ sweep: SweepRecord,
        _ report: Report
    ) async throws(StoreFailure) -> Bool {
        switch sweep.event {
        case .swept(_, return: nil): return false
        case .swept(_, let number?):
            let name = SweepName(issuer: sweep.issuer, number: number)
            var back = report.sweeps[name]
            if back == nil { back = try await find(name) }
            return back?.event != .givenBack(sweep: sweep.number)
                || back?.transaction != sweep.transaction || back?.amount != sweep.amount
        case .givenBack(let number):
            // Read after the return, where it was read before it was given back.
            let swept = try await find(SweepName(issuer: sweep.issuer, number: number))
            guard case .swept(_, sweep.number)? = swept?.event else { return true }
            return swept?.transaction != sweep.transaction || swept?.amount != sweep.amount
        }
    }

    private func find(_ name: SweepName) async throws(StoreFailure) -> SweepRecord? {
        let record = try await store.read(SweepRecord.key(name.issuer, name.number))
        guard let record else { return nil }
        return await sweep(in: record)
    }

    private func sweep(in record: Record) async -> SweepRecord? {
        guard !record.isOpen, let body = await open(record) else { return nil }
        return try? SweepRecord(body, key: record.key.bytes)
    }

    private func note(_ name: SweepName, _ problem: String, _ report: inout Report) {
        let place = "OPAL server, sweep \(name.number) of issuer \(name.issuer.digits)"
        report.findings.append(AuditFinding(place, problem))
    }
}

extension CardAuditor {
    /// What names a sweep or a return: each issuer counts for itself.
    package struct SweepName: Hashable, Sendable {
        package let issuer: IssuerIdentifier
        package let number: UInt64

        package init(issuer: IssuerIdentifier, number: UInt64) {
            self.issuer = issuer
            self.number = number
        }

        init(_ sweep: SweepRecord) {
            self.init(issuer: sweep.issuer, number: sweep.number)
        }
    }
}

extension SweepRecord {
    /// The load that gives it back.
    fileprivate var credit: CardAuditor.CreditName {
        CardAuditor.CreditName(bank: .swept(of: issuer), transaction: transaction)
    }

    /// Whether a row of this card is that of this sweep.
    fileprivate func isThat(of row: SweptValue, _ card: CardIdentifier) -> Bool {
        guard case .swept(row.reason, _) = event else { return false }
        return card == self.card && row.number == number && row.transaction == transaction
            && row.amount == amount
    }
}
