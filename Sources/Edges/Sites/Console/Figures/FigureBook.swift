// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import OPALServer
import Records
import SecurityModule
import Wire

/// The figures of each hour, in the console's own database: a projection of what the parties of
/// this process have on record, made by rounds that follow the records behind a cursor. No purchase
/// waits for it, and a page that shows a day reads as much on a large database as on a new one.
///
/// A transaction is counted for good when no earlier one can come any more, which its TRX tells by
/// the time that it begins with; what is newer is counted anew by each round, and kept in memory.
package actor FigureBook {
    /// The figures of an hour, by hours since 1970 (4 bytes).
    static let hourKind = RecordKind("figure_hour", keyBytes: 4...4)
    /// How far each source was counted for good: its TRX, by the source (1 byte).
    static let cursorKind = RecordKind("figure_cursor", keyBytes: 1...1)
    /// What was open when it was passed, by source and TRX (17 bytes).
    static let openKind = RecordKind("figure_open", keyBytes: 17...17)
    /// The TRX of a sale, by IDPSAM and NTPSAM (12 bytes).
    static let saleKind = RecordKind("sale_number", keyBytes: 12...12)
    static let kinds = [hourKind, cursorKind, openKind, saleKind]

    /// Nothing comes with a TRX that is older: an order is too old by then.
    private static let settleTime =
        max(PurchaseLimits.orderTime, LoadLimits.loadTime) + PurchaseLimits.clockSkew * 2
        + PurchaseLimits.saleTime
    /// Transactions that become durable in one commit.
    private static let chunkMax = 256
    /// Hours that pages may ask for.
    private static let hoursShown = 48
    private static let millisecondsOfHour: Int64 = 3_600_000
    /// A round that took long is followed by a longer pause: a tenth of the time is counted.
    private static let pauseFactor: Int64 = 10

    private let store: any RecordStore
    private let seals: any RecordSealing

    private var published: [Int64: Figures] = [:]
    private var recentSales: [[UInt8]: TransactionIdentifier] = [:]
    private var asOf: Instant?
    private var nextRound: Instant?
    private var floatFigure: FloatFigure?
    private var nextFloat: Instant?

    init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    // MARK: Reading

    /// The hours of a day, by their number 0 to 23, and when they were counted last.
    ///
    /// - Parameter day: days since 1970; older ones than the last two are not kept at hand.
    /// - Returns: no moment where nothing was counted so far.
    func hours(ofDay day: Int64) -> (hours: [Figures], asOf: Instant?) {
        ((0..<24).map { published[day * 24 + $0] ?? Figures() }, asOf)
    }

    /// What cardholders hold, as it was last added up.
    func float() -> FloatFigure? { floatFigure }

    /// The sale with this number, as far as it was counted.
    func transaction(
        drawnBy card: SecurityCardIdentifier,
        as number: UInt32
    ) async throws(OperatorFailure) -> TransactionIdentifier? {
        let name = card.bytes + number.bigEndianBytes
        if let recent = recentSales[name] { return recent }
        guard let body = try await read(RecordKey(Self.saleKind, name))?.body else { return nil }
        return TransactionIdentifier(Hex.text(body))
    }

    // MARK: Rounds

    /// Counts what has come. To be called every few seconds; most calls do nothing where a round
    /// takes long.
    ///
    /// - Parameters:
    ///   - parts: the parties in this process.
    ///   - now: asked at the beginning and at the end.
    /// - Throws: `OperatorFailure`; the next round goes on where this one stopped.
    package func round(
        _ parts: ConsoleParts,
        now: @Sendable () -> Instant
    ) async throws(OperatorFailure) {
        let begun = now()
        if let next = nextRound, begun < next, next.milliseconds - begun.milliseconds < pauseMax {
            return
        }
        if let refusals = parts.cardSide?.refusals { try await count(refusals, at: begun) }
        var tail: [Int64: Figures] = [:]
        var sales: [[UInt8]: TransactionIdentifier] = [:]
        for source in FigureSource.all(parts) {
            do {
                let end = try await settle(source, before: begun.subtracting(Self.settleTime))
                try await countOpen(source)
                try await count(source, behind: end, into: &tail, &sales)
            } catch {
                throw OperatorFailure(error)
            }
        }
        try await publish(tail, at: begun)
        recentSales = sales
        asOf = begun
        let took = max(0, now().milliseconds - begun.milliseconds)
        nextRound = begun.adding(.milliseconds(took * Self.pauseFactor))
    }

    /// A clock that was set back stops no round for longer.
    private var pauseMax: Int64 { Self.millisecondsOfHour }

    /// Adds the float up, for which each card is opened, now and then.
    package func countFloat(
        _ reporter: FloatReporter,
        now: @Sendable () -> Instant
    ) async {
        let begun = now()
        if let next = nextFloat, begun < next, next.milliseconds - begun.milliseconds < pauseMax {
            return
        }
        guard let report = try? await reporter.report(at: begun) else { return }
        floatFigure = FloatFigure(report)
        let took = max(0, now().milliseconds - begun.milliseconds)
        nextFloat = begun.adding(.milliseconds(max(60_000, took * Self.pauseFactor)))
    }

    private func publish(
        _ tail: [Int64: Figures],
        at now: Instant
    ) async throws(OperatorFailure) {
        let last = Self.hour(now) + 1
        var hours: [Int64: Figures] = [:]
        for hour in (last - Int64(Self.hoursShown))...last {
            var figures = try await self.hour(hour).figures
            if let newer = tail[hour] { figures.add(newer) }
            if !figures.isEmpty { hours[hour] = figures }
        }
        published = hours
    }

    // MARK: For good

    /// - Returns: the last transaction that was counted for good.
    private func settle(
        _ source: FigureSource,
        before moment: Instant
    ) async throws -> TransactionIdentifier? {
        let key = RecordKey(Self.cursorKind, [source.name.rawValue])
        var stored = try await read(key)
        var cursor = stored.flatMap { TransactionIdentifier(Hex.text($0.body)) }
        while true {
            let page = try await source.page(cursor, Self.chunkMax)
            let old = page.prefix { FigureItem.moment(of: $0.transaction) < moment }
            guard let last = old.last else { return cursor }
            var step = Step()
            for item in old { try await add(item, of: source, to: &step) }
            step.writes.append(
                try await put(key, last.transaction.bytes, over: stored?.revision ?? 0)
            )
            try await commit(&step)
            stored = try await read(key)
            cursor = last.transaction
            if old.count < Self.chunkMax { return cursor }
        }
    }

    private func add(
        _ item: FigureItem,
        of source: FigureSource,
        to step: inout Step
    ) async throws(OperatorFailure) {
        if item.isFinal {
            item.add(to: &step.hours[Self.hour(item.moment), default: Figures()])
        } else {
            let key = RecordKey(Self.openKind, [source.name.rawValue] + item.transaction.bytes)
            step.writes.append(try await put(key, [], over: 0))
        }
        guard let sale = item.sale else { return }
        let key = RecordKey(Self.saleKind, sale)
        // A memory that was put back gives a number twice; the audit says so.
        let isTaken = try await read(key) != nil || step.writes.contains { $0.key == key }
        if isTaken { return }
        step.writes.append(try await put(key, item.transaction.bytes, over: 0))
    }

    /// What was open when it was passed, and has ended since.
    private func countOpen(_ source: FigureSource) async throws {
        var cursor = [source.name.rawValue] + [UInt8](repeating: 0, count: 16)
        while true {
            let page = try await store.list(
                Self.openKind,
                after: cursor,
                limit: Self.chunkMax,
                order: .ascending
            ).filter { $0.key.bytes.first == source.name.rawValue }
            guard let last = page.last else { return }
            var step = Step()
            for record in page {
                guard
                    let transaction = TransactionIdentifier(
                        Hex.text(Array(record.key.bytes.dropFirst()))
                    )
                else { continue }
                let item = try await source.item(transaction)
                if let item, !item.isFinal { continue }
                item?.add(to: &step.hours[Self.hour(item?.moment), default: Figures()])
                step.writes.append(.delete(record.key, expectedRevision: record.revision))
            }
            if !step.writes.isEmpty { try await commit(&step) }
            cursor = last.key.bytes
        }
    }

    /// What is newer, in memory.
    private func count(
        _ source: FigureSource,
        behind end: TransactionIdentifier?,
        into hours: inout [Int64: Figures],
        _ sales: inout [[UInt8]: TransactionIdentifier]
    ) async throws {
        var cursor = end
        while true {
            let page = try await source.page(cursor, RecordLimits.pageMax)
            for item in page {
                item.add(to: &hours[Self.hour(item.moment), default: Figures()])
                if let sale = item.sale { sales[sale] = item.transaction }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return }
            cursor = last.transaction
        }
    }

    private func count(
        _ refusals: RefusalCounter,
        at now: Instant
    ) async throws(OperatorFailure) {
        let counts = refusals.take()
        if counts.isEmpty { return }
        var step = Step()
        for (word, count) in counts {
            step.hours[Self.hour(now), default: Figures()]
                .add(.refused, word, .proof, count: count)
        }
        do throws(OperatorFailure) {
            try await commit(&step)
        } catch {
            refusals.putBack(counts)
            throw error
        }
    }

    // MARK: Storage

    /// What one commit changes.
    private struct Step {
        var hours: [Int64: Figures] = [:]
        var writes: [RecordWrite] = []
    }

    private func commit(_ step: inout Step) async throws(OperatorFailure) {
        for (hour, figures) in step.hours where !figures.isEmpty {
            var (sum, revision) = try await self.hour(hour)
            sum.add(figures)
            step.writes.append(try await put(Self.key(hour), sum.bytes, over: revision))
        }
        let outcome: CommitOutcome
        do throws(StoreFailure) {
            outcome = try await store.commit(Transition(writes: step.writes))
        } catch {
            throw .store(error)
        }
        guard outcome == .committed else { throw .busy }
    }

    private func hour(
        _ hour: Int64
    ) async throws(OperatorFailure) -> (figures: Figures, revision: UInt64) {
        guard let stored = try await read(Self.key(hour)) else { return (Figures(), 0) }
        do throws(WireFailure) {
            return (try Figures(stored.body), stored.revision)
        } catch {
            throw .damaged
        }
    }

    private static func key(_ hour: Int64) -> RecordKey {
        RecordKey(hourKind, UInt32(clamping: hour).bigEndianBytes)
    }

    private static func hour(_ moment: Instant?) -> Int64 {
        (moment?.milliseconds ?? 0) / millisecondsOfHour
    }

    private func put(
        _ key: RecordKey,
        _ body: [UInt8],
        over revision: UInt64
    ) async throws(OperatorFailure) -> RecordWrite {
        do throws(ModuleFailure) {
            let sealed = try await seals.seal(
                body,
                name: key.sealName(),
                revision: revision + 1
            )
            return .put(key, expectedRevision: revision, body: sealed)
        } catch {
            throw .module(error)
        }
    }

    private func read(
        _ key: RecordKey
    ) async throws(OperatorFailure) -> (body: [UInt8], revision: UInt64)? {
        do {
            guard let record = try await store.read(key) else { return nil }
            let body = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            return (body, record.revision)
        } catch {
            throw OperatorFailure(error)
        }
    }
}
