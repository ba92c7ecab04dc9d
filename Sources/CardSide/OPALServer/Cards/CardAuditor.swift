// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through the OPAL server's databases 270 and 272: opens every record, walks every card's
/// history, has every S3 and S6 checked again, and adds up what was loaded, debited and recovered.
package struct CardAuditor: Sendable {
    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        package var cardCount = 0
        package var rowCount: UInt64 = 0
        /// Minor units by currency and exponent (the amount in the key is zero).
        package var loaded: [Money: UInt64] = [:]
        package var debited: [Money: UInt64] = [:]
        package var recovered: [Money: UInt64] = [:]
        /// Points that expired on cards.
        package var expired: [Money: UInt64] = [:]
        package var onCards: [Money: UInt64] = [:]
        /// Every debit of every card.
        package var debits: [TransactionIdentifier: CardIdentifier] = [:]
        package var draws: [TransactionIdentifier: DrawState] = [:]
        /// Every credit of every card: from a bank or an account, with a new card, and from an
        /// expired one.
        package var credits: [CreditName: Movement] = [:]
        /// How far each load from a bank has come.
        package var loads: [TransactionIdentifier: CardLoadState] = [:]
        /// What loads from banks have credited, as their records say.
        var bankLoads: [CreditName: Movement] = [:]
        /// What terminals debited of cards in readers.
        package var readerDebits: [TransactionIdentifier: ReaderDebit] = [:]
        /// What was put back on a card.
        package var recoveries: Set<TransactionIdentifier> = []
        /// Loads from funding accounts, and what cards were credited for them.
        package var accountLoads: [TransactionIdentifier: AccountLoadRecord] = [:]
        package var accountCredits: [TransactionIdentifier: Movement] = [:]
        /// Points that programmes have loaded.
        package var pointsLoads: [TransactionIdentifier: Movement] = [:]
        /// Whose they are.
        package var pointsMembers: [TransactionIdentifier: Membership] = [:]
        /// Refunds that are on cards, as their records say.
        var refunds: [CreditName: Movement] = [:]
        /// Sweeps and returns of value that nobody used, as their records say.
        package var sweeps: [SweepName: SweepRecord] = [:]
        /// What was swept from cards, as their rows say.
        var swept: [SweepName: (card: CardIdentifier, value: SweptValue)] = [:]
        /// Minor units, as of `loaded`.
        package var sweptSums: [Money: UInt64] = [:]
        /// Of them, what came back onto cards.
        package var returnedSums: [Money: UInt64] = [:]
        /// What holders have disputed.
        package var disputes: [TransactionIdentifier: Dispute] = [:]
        /// What loyalty servers are told of purchases.
        package var earnNotices: [Earning: EarnNoticeRecord] = [:]
        /// What expired cards gave to their successors, and what these got.
        package var movesOut: [TransactionIdentifier: Movement] = [:]
        package var movesIn: [TransactionIdentifier: Movement] = [:]
        /// Cards with a finding.
        package var suspects: Set<CardIdentifier> = []
    }

    let store: any RecordStore
    let module: any CardModule
    private let seals: any RecordSealing

    package init(
        store: any RecordStore,
        module: any CardModule,
        seals: any RecordSealing
    ) {
        self.store = store
        self.module = module
        self.seals = seals
    }

    /// `progress`: told after each card and after each other record.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        // Before the cards, which must have then what was credited.
        try await store.forEach(AccountLoadRecord.kind) { record async throws(StoreFailure) in
            await check(accountLoad: record, &report)
            progress()
        }
        try await store.forEach(PointsLoadRecord.kind) { record async throws(StoreFailure) in
            await check(pointsLoad: record, &report)
            progress()
        }
        try await checkGivenBack(&report, progress)
        try await checkSweeps(&report, progress)
        try await store.forEach(Emulator.cardKind) { record async throws(StoreFailure) in
            report.cardCount += 1
            try await check(card: record, &report)
            progress()
        }
        let sealedKinds =
            [
                Issuer.kind, Issuer.keyKind, AllowanceRecord.kind, TopUpRecord.kind,
                SuccessionRecord.kind, RefusedPurchases.kind, ProgrammeDirectory.kind,
                EnrolmentRecord.kind, CardOrderRecord.kind, SweepCounter.kind,
            ] + Offers.kinds + UserRecordKinds.all()
        for kind in sealedKinds {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                try await check(sealed: record, &report)
                progress()
            }
        }
        try await store.forEach(EarnNoticeRecord.kind) { record async throws(StoreFailure) in
            await check(earnNotice: record, &report)
            progress()
        }
        try await store.forEach(DrawRecord.kind) { record async throws(StoreFailure) in
            await check(draw: record, &report)
            progress()
        }
        try await store.forEach(ReaderDebit.kind) { record async throws(StoreFailure) in
            await check(readerDebit: record, &report)
        }
        try await store.forEach(LoadRecord.kind) { record async throws(StoreFailure) in
            await check(load: record, &report)
            progress()
        }
        try await store.forEach(MemberRecord.kind) { record async throws(StoreFailure) in
            try await check(member: record, &report)
            progress()
        }
        report.findings += try await MerchantDirectory(store: store, seals: seals).audit()
        try await comparePoints(&report)
        try await compareLoads(&report)
        try await compareRefunds(&report)
        try await compareDisputes(&report)
        try await compareSweeps(&report)
        return report
    }

    // MARK: Watching

    /// Goes through all cards and blocks each whose history is not what was sealed with it, so that
    /// it refuses to pay until the operator has looked. A card whose record does not open refuses
    /// by itself.
    ///
    /// - Returns: what was found.
    package func watch(_ desk: CardDesk) async throws(StoreFailure) -> [AuditFinding] {
        var report = Report()
        try await store.forEach(Emulator.cardKind) { record async throws(StoreFailure) in
            // One card at a time: the totals of the others are of no use here.
            report.debits = [:]
            report.credits = [:]
            report.recoveries = []
            report.accountCredits = [:]
            (report.movesOut, report.movesIn, report.swept) = ([:], [:], [:])
            try await check(card: record, &report)
        }
        for card in report.suspects {
            _ = try? await desk.setBlocked(true, card, by: "watch over the histories")
        }
        return report.findings
    }

    // MARK: Cards

    private func check(
        card record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) {
        let bits = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
        guard let card = CardIdentifier(bcd: bits) else {
            report.findings.append(
                AuditFinding(Self.cardPlace(record.key.bytes), "is no card number")
            )
            return
        }
        let place = Self.cardPlace(record.key.bytes)
        let sealed = SealedCard(card: card, revision: record.revision, body: record.body)
        guard record.reply.isEmpty, !record.isOpen,
            let description = try? await module.describe(sealed)
        else {
            report.findings.append(AuditFinding(place, "its record does not open"))
            report.suspects.insert(card)
            return
        }
        var check = CardAudit()
        // Rows behind the record's last one belong to a commit that came after the record was read.
        let behind = try await store.forEachPage(
            of: record.key.bytes,
            upTo: description.historyCount
        ) {
            rows async throws(StoreFailure) in
            check = await module.audit(
                rows.map { ChainedRow(number: $0.number, hash: $0.hash, body: $0.body) },
                of: card,
                check
            )
            for row in rows { add(row, card, &report) }
        }
        check = await module.conclude(check, on: sealed)
        report.rowCount += check.rows
        for purse in description.purses {
            Self.add(purse.balance, to: &report.onCards)
        }
        var problems = check.findings.map(\.words)
        if let behind, try await store.isStray(behind: record) {
            problems.append("history row \(behind) is behind the last one of its record")
        }
        if !problems.isEmpty { report.suspects.insert(card) }
        report.findings += problems.map { AuditFinding(place, $0) }
    }

    private func add(_ row: HistoryRow, _ card: CardIdentifier, _ report: inout Report) {
        guard let entry = try? CardHistoryEntry(row.body) else { return }
        if case .expired(let expired) = entry.event {
            Self.add(expired.amount, to: &report.expired)
        }
        guard let movement = entry.movement else { return }
        switch entry.event {
        case .debit:
            Self.add(movement.amount, to: &report.debited)
            if report.debits.updateValue(card, forKey: movement.transaction) != nil {
                report.findings.append(
                    AuditFinding(
                        "OPAL server, transaction \(movement.transaction.text)",
                        "was debited twice"
                    )
                )
                report.suspects.insert(card)
            }
        case .load(let request, _, _, _): add(load: request, onto: card, &report)
        case .recovery:
            Self.add(movement.amount, to: &report.recovered)
            report.recoveries.insert(movement.transaction)
        case .moved(let move):
            report.movesOut[move.transaction] = .init(card: move.successor, amount: move.amount)
        case .swept(let value):
            Self.add(value.amount, to: &report.sweptSums)
            let name = SweepName(issuer: card.issuer, number: value.number)
            report.swept[name] = (card, value)
        case .setting, .expired: break
        }
    }

    static func add(_ amount: Money, to totals: inout [Money: UInt64]) {
        let key = Money(
            minorUnits: 0,
            currency: amount.currency,
            exponent: amount.exponent
        )
        totals[key, default: 0] &+= amount.minorUnits
    }

    // MARK: Other records

    private func check(
        sealed record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) {
        guard let body = await open(record) else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        let made: CardIdentifier? =
            switch record.key.kind {
            case UserRecordKinds.user: (try? UserRecord(body))?.card
            case CardOrderRecord.kind: (try? CardOrderRecord(body, key: record.key.bytes))?.card
            default: nil
            }
        // Cards are never removed.
        guard let card = made, try await store.read(Emulator.key(card)) == nil else { return }
        report.findings.append(
            AuditFinding(Self.place(record), "its card \(card.masked) has no record")
        )
    }

    // MARK: Draws

    private func check(draw record: Record, _ report: inout Report) async {
        let body = await open(record)
        if body == DrawRecord.neverDebited { return }
        guard let body, let draw = try? DrawRecord(body),
            draw.terms.transaction.bytes == record.key.bytes, record.isOpen == draw.state.isOpen
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        report.draws[draw.terms.transaction] = draw.state
    }

    private func check(readerDebit record: Record, _ report: inout Report) async {
        guard let body = await open(record), let debit = try? ReaderDebit(body),
            debit.command.transaction.bytes == record.key.bytes, !record.isOpen
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        report.readerDebits[debit.command.transaction] = debit
    }

    /// Credits were read before, and become durable with the load's record: a load that is credited
    /// now without one was credited since, or never.
    private func check(load record: Record, _ report: inout Report) async {
        guard let body = await open(record), let load = try? LoadRecord(body),
            load.terms.transaction.bytes == record.key.bytes,
            record.isOpen == load.state.isOpen
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        report.loads[load.terms.transaction] = load.state
        let name = CreditName(bank: load.terms.bank, transaction: load.terms.transaction)
        let isCredited = report.credits[name] != nil
        switch load.state {
        case .givenUp, .notLoaded:
            if isCredited {
                report.findings.append(
                    AuditFinding(Self.place(record), "is given up, but its card was credited")
                )
            }
        case .credited, .loaded:
            report.bankLoads[name] = Movement(card: load.card, amount: load.terms.amount)
        case .requested: break
        }
    }

    func open(_ record: Record) async -> [UInt8]? {
        try? await seals.open(record.body, name: record.sealName, revision: record.revision)
    }

    /// A card by the last four digits of its number, also where that is none.
    ///
    /// `bytes`: BIN and IEP.
    package static func cardPlace(_ bytes: [UInt8]) -> String {
        "OPAL server, card •••• •••• •••• \(Hex.text(bytes.suffix(2)))"
    }

    static func place(_ record: Record) -> String {
        "OPAL server, \(record.key.kind.name) \(Hex.text(record.key.bytes))"
    }
}

extension CardAudit.Finding {
    /// What the operator reads.
    var words: String {
        switch self {
        case .recordDoesNotOpen: "its record does not open"
        case .rowUnreadable(let number): "history row \(number) cannot be read"
        case .rowMissing(let number): "history row \(number) is missing"
        case .chainBroken(let number):
            "history row \(number) does not follow from the row before"
        case .signatureWrong(let number): "history row \(number) has a wrong signature"
        case .balanceWrong(let number):
            "history row \(number) has a balance or number that does not follow"
        case .recordDisagrees: "its record is not what its history adds up to"
        case .policyDisagrees: "its spending policy is not the one that its history says"
        case .blockMissing: "it is not blocked, though its history says so"
        case .pointsWrong(let number):
            "history row \(number) has other points than those that expire first"
        case .pointsDisagree: "its points, by day, are not what its history adds up to"
        case .membershipsDisagree: "its member numbers are not those that its history enters"
        }
    }
}
