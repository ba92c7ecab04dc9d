// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import Records
import SecurityModule
import Wire

// One card: its shadow balance beside its own.
extension FloatAudit {
    /// What a card must have, by unit (the amount in the key is zero): loads + recoveries − moves −
    /// sweeps − expired points, less what is proved, less what it has paid and nobody has brought
    /// yet.
    private struct Shadow {
        var balances: [Money: Int128] = [:]

        mutating func add(_ amount: Money) { change(amount, Int128(amount.minorUnits)) }
        mutating func take(_ amount: Money) { change(amount, -Int128(amount.minorUnits)) }

        private mutating func change(_ amount: Money, _ difference: Int128) {
            balances[amount.unit, default: 0] += difference
        }
    }

    /// What is held of one card while its history goes by.
    private struct Walk {
        let card: CardIdentifier
        let lastNumber: UInt32
        var shadow = Shadow()
    }

    func check(
        _ card: CardIdentifier,
        _ numbers: inout NumberCursor,
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        guard let record = try await cards.read(Emulator.key(card)) else {
            return try await lost(card, &numbers, &report, progress)
        }
        let sealed = SealedCard(card: card, revision: record.revision, body: record.body)
        guard let own = try? await module.describe(sealed) else {
            // The audit of the cards names it; what it has paid is still counted.
            while let number = try await numbers.next(of: card, &report) {
                count(number, &report)
                numbers.advance()
                progress()
            }
            return
        }
        var walk = Walk(card: card, lastNumber: own.lastNumber)
        _ = try await cards.forEachPage(of: card.bytes, upTo: own.historyCount) {
            rows async throws(StoreFailure) in
            for row in rows {
                // The audit of the cards names rows that cannot be read.
                guard let entry = try? CardHistoryEntry(row.body) else { continue }
                try await add(entry, &walk, &numbers, &report, progress)
            }
        }
        while let number = try await numbers.next(of: card, &report) {
            try await missing(number, &walk, &report)
            numbers.advance()
            progress()
        }
        compare(walk, own, &report)
    }

    /// The card's record is gone: what it has paid is all that is left of it.
    private func lost(
        _ card: CardIdentifier,
        _ numbers: inout NumberCursor,
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        while let number = try await numbers.next(of: card, &report) {
            count(number, &report)
            if let holder = number.holder {
                let problem =
                    "the sale of \(holder.sale.amount.auditText) came back, and the card has no "
                    + "record"
                report.findings.append(FloatAudit.finding(card, number.number, problem))
            }
            numbers.advance()
            progress()
        }
    }

    // MARK: Rows and numbers, side by side

    private func add(
        _ entry: CardHistoryEntry,
        _ walk: inout Walk,
        _ numbers: inout NumberCursor,
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        switch entry.event {
        case .debit(let debit):
            let paid = debit.answer.number
            try await skip(to: paid, &walk, &numbers, &report, progress)
            walk.shadow.take(debit.command.amount)
            guard let number = try await numbers.next(of: walk.card, &report),
                number.number == paid
            else { return }
            compare(number, debit, &walk, &report)
            numbers.advance()
            progress()
        case .load(let request, _, _, let answer):
            try await skip(to: answer.number, &walk, &numbers, &report, progress)
            walk.shadow.add(request.amount)
            guard let number = try await numbers.next(of: walk.card, &report),
                number.number == answer.number
            else { return }
            another(number, "a load of \(request.amount.auditText)", &walk, &report)
            numbers.advance()
            progress()
        case .recovery:
            guard let movement = entry.movement else { return }
            walk.shadow.add(movement.amount)
            try await recovered(movement, walk.card, &report)
        case .moved(let move): walk.shadow.take(move.amount)
        case .swept(let swept): walk.shadow.take(swept.amount)
        case .expired(let expired): walk.shadow.take(expired.amount)
        case .setting: break
        }
    }

    /// Numbers that the history has passed over.
    private func skip(
        to number: UInt32,
        _ walk: inout Walk,
        _ numbers: inout NumberCursor,
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        while let next = try await numbers.next(of: walk.card, &report), next.number < number {
            try await missing(next, &walk, &report)
            numbers.advance()
            progress()
        }
    }

    /// A number that came back and that the history has, too.
    private func compare(
        _ number: NumberRecord,
        _ debit: DebitEvidence,
        _ walk: inout Walk,
        _ report: inout Report
    ) {
        guard let holder = number.holder, !holder.sale.isThat(of: debit) else {
            count(number, &report)
            doubled(number, &report)
            return
        }
        another(number, "a debit of \(debit.command.amount.auditText)", &walk, &report)
    }

    /// The history has something else under the number: what came back was taken from the card,
    /// too, and the card has it still.
    private func another(
        _ number: NumberRecord,
        _ event: String,
        _ walk: inout Walk,
        _ report: inout Report
    ) {
        count(number, &report)
        doubled(number, &report)
        guard let holder = number.holder else { return }
        takeProved(holder, &walk, &report)
        let problem =
            "the sale of \(holder.sale.amount.auditText) came back, but its history has \(event): "
            + "the card was set back, or there are two of it"
        report.findings.append(FloatAudit.finding(walk.card, number.number, problem))
    }

    /// The history has nothing under the number.
    private func missing(
        _ number: NumberRecord,
        _ walk: inout Walk,
        _ report: inout Report
    ) async throws(StoreFailure) {
        count(number, &report)
        doubled(number, &report)
        guard let holder = number.holder else { return }
        // It may have been debited since the card was read.
        if number.number > walk.lastNumber {
            switch try await debits.findInHistory(holder.sale) {
            case .debited, .recovered: return
            case .nothing, .another, .noSuchCard: break
            }
        }
        takeProved(holder, &walk, &report)
        let problem =
            "the sale of \(holder.sale.amount.auditText) came back, but its history does not have "
            + "it: the card was set back"
        report.findings.append(FloatAudit.finding(walk.card, number.number, problem))
    }

    private func takeProved(
        _ holder: NumberRecord.Entry,
        _ walk: inout Walk,
        _ report: inout Report
    ) {
        guard holder.proof == .proved else { return }
        walk.shadow.take(holder.sale.amount)
        report.forgotten[holder.sale.transaction] = holder.sale
    }

    private func count(_ number: NumberRecord, _ report: inout Report) {
        guard let holder = number.holder, holder.proof == .proved else { return }
        report.provedCount += 1
        CardAuditor.add(holder.sale.amount, to: &report.proved)
    }

    /// Two sales with one number.
    private func doubled(_ number: NumberRecord, _ report: inout Report) {
        guard !number.others.isEmpty else { return }
        if number.entries.count == 1, let only = number.entries.first {
            let problem =
                "the sale of \(only.sale.amount.auditText) came back, but its history had another "
                + "one: there are two of the card, or it was set back"
            report.findings.append(FloatAudit.finding(number.card, number.number, problem))
            return
        }
        let amounts = number.entries.map(\.sale.amount.auditText).joined(separator: ", ")
        let problem =
            "sales came back that cannot all be right (\(amounts)): there are two of the card, or "
            + "it was set back"
        report.findings.append(FloatAudit.finding(number.card, number.number, problem))
    }

    /// Value that was put back, though its sale is proved: who is paid for it has signed, too, that
    /// it never will be.
    private func recovered(
        _ movement: CardHistoryEntry.Movement,
        _ card: CardIdentifier,
        _ report: inout Report
    ) async throws(StoreFailure) {
        guard let number = try await number(card, movement.number),
            let holder = number.holder, holder.proof == .proved,
            holder.sale.transaction == movement.transaction
        else { return }
        let problem =
            "the sale of \(holder.sale.amount.auditText) is proved, and its value was put back"
        report.findings.append(FloatAudit.finding(card, movement.number, problem))
    }

    // MARK: The end of a card

    private func compare(_ walk: Walk, _ own: CardDescription, _ report: inout Report) {
        for purse in own.purses {
            let balance = purse.balance
            let shadow = walk.shadow.balances[balance.unit] ?? 0
            let difference = Int128(balance.minorUnits) - shadow
            if difference == 0 { continue }
            let (amount, side) = (difference.magnitude, difference > 0 ? "more" : "less")
            let unit = "\(balance.currency.digits)/\(balance.exponent.decimals)"
            report.findings.append(
                AuditFinding(
                    CardAuditor.cardPlace(walk.card.bytes),
                    "has \(amount) of \(unit) \(side) than its loads, sales and recoveries leave"
                )
            )
        }
    }
}

extension Money {
    /// Names the unit in sums.
    fileprivate var unit: Money { Money(minorUnits: 0, currency: currency, exponent: exponent) }
}
