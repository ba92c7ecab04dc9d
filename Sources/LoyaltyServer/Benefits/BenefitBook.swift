// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// Benefits and redemptions in the store: each is sealed under its name and revision, and each
/// change has its journal row. A redemption never changes without the stock of its benefit: both
/// are in one transition, guarded by the revision of each.
struct BenefitBook: Sendable {
    /// A record with the revision that its next state follows from; 0 for one that is new.
    struct Entry<Value: Sendable>: Sendable {
        let value: Value
        let revision: UInt64
    }

    let store: any RecordStore
    let seals: any RecordSealing

    // MARK: Reading

    /// - Throws: `.unknownBenefit`, `.damaged`, `.store`, `.module`.
    func stock(_ code: BenefitCode) async throws(BenefitFailure) -> Entry<BenefitStock> {
        guard let record = try await read(BenefitRecords.key(code)) else { throw .unknownBenefit }
        return try await openStock(record)
    }

    /// - Returns: nil where there is none.
    func redemption(
        _ transaction: TransactionIdentifier
    ) async throws(BenefitFailure) -> Entry<BenefitRedemption>? {
        guard let record = try await read(BenefitRecords.key(transaction)) else { return nil }
        return try await openRedemption(record)
    }

    func read(_ key: RecordKey) async throws(BenefitFailure) -> Record? {
        do throws(StoreFailure) {
            return try await store.read(key)
        } catch { throw .store(error) }
    }

    func openStock(_ record: Record) async throws(BenefitFailure) -> Entry<BenefitStock> {
        let body = try await open(record)
        guard let stock = try? BenefitStock(body),
            stock.benefit.code.bytes == record.key.bytes
        else { throw .damaged }
        return Entry(value: stock, revision: record.revision)
    }

    func openRedemption(_ record: Record) async throws(BenefitFailure) -> Entry<BenefitRedemption> {
        let body = try await open(record)
        guard let redemption = try? BenefitRedemption(body),
            redemption.transaction.bytes == record.key.bytes,
            record.isOpen == redemption.isOpen
        else { throw .damaged }
        return Entry(value: redemption, revision: record.revision)
    }

    func open(_ record: Record) async throws(BenefitFailure) -> [UInt8] {
        do throws(ModuleFailure) {
            return try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch .sealBroken { throw .damaged } catch { throw .module(error) }
    }

    // MARK: Writing

    /// Decides and makes the decision durable; where somebody else was faster, decides again.
    ///
    /// `decide`: reads what it needs; gives the answer, and the transition that must be durable
    ///     before it is given, empty where nothing changes.
    /// Throws what `decide` throws; `.busy` after ``BenefitLimits/attemptsMax`` conflicts.
    func change<Answer: Sendable>(
        _ decide: () async throws(BenefitFailure) -> (Answer, Transition)
    ) async throws(BenefitFailure) -> Answer {
        for _ in 0..<BenefitLimits.attemptsMax {
            let (answer, transition) = try await decide()
            if transition.writes.isEmpty { return answer }
            do throws(StoreFailure) {
                if try await store.commit(transition) == .committed { return answer }
            } catch { throw .store(error) }
        }
        throw .busy
    }

    /// Adds the next state of a benefit, with its row.
    func add(
        _ stock: BenefitStock,
        over revision: UInt64,
        _ event: BenefitEntry.Event,
        _ transaction: TransactionIdentifier? = nil,
        at now: Instant,
        to transition: inout Transition
    ) async throws(BenefitFailure) {
        precondition(stock.isBalanced, "No piece of a benefit is lost or made.")
        var stock = stock
        let stream = BenefitRecords.stream(stock.benefit.code)
        let entry = BenefitEntry(event, transaction, left: stock.left, at: now)
        do throws(ModuleFailure) {
            let row = try await seals.chain(
                entry.bytes,
                stream: stream,
                number: stock.lastRow + 1,
                previous: stock.lastHash
            )
            (stock.lastRow, stock.lastHash) = (row.number, row.hash)
            transition.history.append(row.row(of: stream))
            let key = BenefitRecords.key(stock.benefit.code)
            transition.writes.append(try await write(stock.bytes, key, over: revision))
        } catch { throw .module(error) }
    }

    /// Adds the next state of a redemption, with its row; a new one also to the member's list.
    ///
    /// - Returns: the redemption as it is stored then.
    func add(
        _ redemption: BenefitRedemption,
        over revision: UInt64,
        left: Int64,
        at now: Instant,
        to transition: inout Transition
    ) async throws(BenefitFailure) -> BenefitRedemption {
        var redemption = redemption
        let transaction = redemption.transaction
        let stream = BenefitRecords.stream(transaction)
        let entry = BenefitEntry(redemption.state.event, transaction, left: left, at: now)
        do throws(ModuleFailure) {
            let row = try await seals.chain(
                entry.bytes,
                stream: stream,
                number: redemption.lastRow + 1,
                previous: redemption.lastHash
            )
            (redemption.lastRow, redemption.lastHash) = (row.number, row.hash)
            transition.history.append(row.row(of: stream))
            transition.writes.append(
                try await write(
                    redemption.bytes,
                    BenefitRecords.key(transaction),
                    over: revision,
                    isOpen: redemption.isOpen
                )
            )
            if revision == 0 {
                let key = BenefitRecords.key(redemption.member, transaction.bytes)
                transition.writes.append(try await write(transaction.bytes, key, over: 0))
            }
        } catch { throw .module(error) }
        return redemption
    }

    private func write(
        _ bytes: [UInt8],
        _ key: RecordKey,
        over revision: UInt64,
        isOpen: Bool = false
    ) async throws(ModuleFailure) -> RecordWrite {
        let body = try await seals.seal(
            bytes,
            name: key.sealName(isOpen: isOpen),
            revision: revision + 1
        )
        return .put(key, expectedRevision: revision, body: body, isOpen: isOpen)
    }
}

extension ChainedRow {
    fileprivate func row(of stream: [UInt8]) -> HistoryRow {
        HistoryRow(stream: stream, number: number, hash: hash, body: body)
    }
}
