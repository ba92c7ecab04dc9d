// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Makes float reports, and keeps the rules for value that nobody uses.
package struct FloatReporter: Sendable {
    private let cards: any RecordStore
    private let module: any CardModule
    private let ledger: SealedRecords

    /// Rows of history that are read at once, from the newest one back, for the last movement.
    private static let page: UInt64 = 16

    /// - Parameters:
    ///   - ledger: the issuer's own database of ``FloatRecords``, and its seals.
    ///   - cards: the card database 270.
    ///   - module: opens cards.
    package init(
        ledger: (store: any RecordStore, seals: any RecordSealing),
        cards: any RecordStore,
        module: any CardModule
    ) {
        self.ledger = SealedRecords(store: ledger.store, sealing: ledger.seals)
        self.cards = cards
        self.module = module
    }

    // MARK: Rules

    /// The rule of an issuer, or the standard one.
    package func rule(
        of issuer: IssuerIdentifier
    ) async throws(FloatFailure) -> DormancyRule {
        try await attempt { () async throws(UserFailure) in
            guard let opened = try await ledger.read(DormancyRuleRecord.key(issuer)) else {
                return .standard
            }
            return try decoded(opened.body, DormancyRuleRecord.read)
        }
    }

    /// - Throws: `.busy` where somebody else set it meanwhile.
    package func set(
        _ rule: DormancyRule,
        of issuer: IssuerIdentifier
    ) async throws(FloatFailure) {
        let key = DormancyRuleRecord.key(issuer)
        let isSet = try await attempt { () async throws(UserFailure) in
            let revision = try await ledger.read(key)?.revision ?? 0
            let body = DormancyRuleRecord.bytes(rule)
            let write = try await ledger.put(key, expectedRevision: revision, body)
            return try await ledger.commit(Transition(writes: [write]))
        }
        if !isSet { throw .busy }
    }

    // MARK: The report

    /// Goes through all cards.
    ///
    /// - Parameters:
    ///   - moment: by which cards expire and value is dormant.
    ///   - progress: told after each card.
    ///   - due: given the money that a rule has moved, card by card. Points have days of their own
    ///     on which they expire.
    /// - Returns: the sums.
    /// - Throws: `.store`, `.module` or `.damaged` where a rule does not open, and what `due`
    ///   throws.
    package func report(
        at moment: Instant,
        _ progress: @Sendable () -> Void = {},
        due: (DueValue) async throws(FloatFailure) -> Void = { _ in }
    ) async throws(FloatFailure) -> FloatReport {
        var report = FloatReport(at: moment)
        var cursor: [UInt8]?
        while true {
            let page = try await reading { () async throws(StoreFailure) in
                try await cards.list(
                    Emulator.cardKind,
                    after: cursor,
                    limit: RecordLimits.pageMax,
                    order: .ascending
                )
            }
            for record in page {
                for value in try await add(record, to: &report) { try await due(value) }
                progress()
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return report }
            cursor = last.key.bytes
        }
    }

    /// - Returns: what is due to be moved from this card.
    private func add(
        _ record: Record,
        to report: inout FloatReport
    ) async throws(FloatFailure) -> [DueValue] {
        let bits = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
        guard let name = CardIdentifier(bcd: bits),
            let card = try? await module.describe(
                SealedCard(card: name, revision: record.revision, body: record.body)
            )
        else {
            report.damaged += 1
            return []
        }
        let issuer = name.issuer
        let known = report.rules[issuer]
        let rule: DormancyRule
        if let known { rule = known } else { rule = try await self.rule(of: issuer) }
        report.rules[issuer] = rule
        let moved = try await lastMovement(of: card)
        let months = moved.map { DormancyRule.months(from: $0, to: report.at) }
        let state = rule.state(onCardExpiring: card.expiry, lastUsed: moved, at: report.at)
        var due: [DueValue] = []
        for balance in card.purses.map(\.balance) {
            let unit = FloatReport.Unit(issuer, balance)
            report.sums[unit, default: FloatReport.Sums()].add(
                balance.minorUnits,
                age: FloatReport.Age(months: months),
                expiry: card.expiry,
                state
            )
            let reason = rule.due(onCardExpiring: card.expiry, lastUsed: moved, at: report.at)
            guard let reason, balance.minorUnits > 0, balance.currency.isMoney else { continue }
            due.append(
                DueValue(
                    card: name,
                    amount: balance,
                    reason: reason,
                    revision: record.revision,
                    isBlocked: card.isBlocked
                )
            )
        }
        return due
    }

    /// The moment of the last load, debit, recovery or move: settings, points that expire and
    /// sweeps are no use of a card.
    private func lastMovement(
        of card: CardDescription
    ) async throws(FloatFailure) -> Instant? {
        var end = card.historyCount
        while end > 0 {
            let begin = end > FloatReporter.page ? end - FloatReporter.page : 0
            let (after, limit) = (begin, Int(end - begin))
            let rows = try await reading { () async throws(StoreFailure) in
                try await cards.history(card.card.bytes, after: after, limit: limit)
            }
            for row in rows.reversed() {
                guard let entry = try? CardHistoryEntry(row.body), entry.isUse else {
                    continue
                }
                return entry.moment
            }
            end = begin
        }
        return nil
    }
}

extension FloatReport.Sums {
    fileprivate mutating func add(
        _ value: UInt64,
        age: FloatReport.Age,
        expiry: CardDate,
        _ state: SweepReason?
    ) {
        all.add(value)
        byAge[age, default: FloatReport.Line()].add(value)
        let day = expiry.civilDate
        byExpiry[day.year * 100 + day.month, default: FloatReport.Line()].add(value)
        if value == 0 { return }
        switch state {
        case .dormant: dormant.add(value)
        case .expired: expired.add(value)
        case nil: break
        }
    }
}
