// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// The clearing house's records in the store: each is sealed under its name and revision.
struct ClearingBook: Sendable {
    /// A record with the revision that its next state follows from; 0 for one that is new.
    struct Entry<Value: Sendable>: Sendable {
        var value: Value
        let revision: UInt64
    }

    let store: any RecordStore
    let sealing: any RecordSealing

    // MARK: Reading

    /// - Returns: nil where there is none.
    func find<Value: ClearingRecord>(
        _ type: Value.Type,
        _ key: [UInt8]
    ) async throws(ClearingFailure) -> Entry<Value>? {
        let record: Record?
        do throws(StoreFailure) {
            record = try await store.read(RecordKey(Value.kind, key))
        } catch { throw .store(error) }
        guard let record else { return nil }
        return try await open(type, record)
    }

    /// - Throws: `.damaged`, which names the record; `.module`.
    func open<Value: ClearingRecord>(
        _ type: Value.Type,
        _ record: Record
    ) async throws(ClearingFailure) -> Entry<Value> {
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await sealing.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch .sealBroken { throw ClearingBook.damaged(record) } catch { throw .module(error) }
        guard let value = try? Value(body, key: record.key.bytes), value.isOpen == record.isOpen
        else { throw ClearingBook.damaged(record) }
        return Entry(value: value, revision: record.revision)
    }

    static func damaged(_ record: Record) -> ClearingFailure {
        .damaged("\(record.key.kind.name) \(Hex.text(record.key.bytes))")
    }

    func list<Value: ClearingRecord>(
        _ type: Value.Type,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder = .ascending
    ) async throws(ClearingFailure) -> [Value] {
        try await open(
            try await records(Value.kind, after: cursor, limit: limit, order: order)
        )
    }

    /// Records as they are stored, for who goes on behind one that does not open.
    func records(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder = .ascending
    ) async throws(ClearingFailure) -> [Record] {
        do throws(StoreFailure) {
            return try await store.list(kind, after: cursor, limit: limit, order: order)
        } catch { throw .store(error) }
    }

    /// The open ones that a round looks at together; likewise.
    func openRecords(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int = ClearingLimits.roundMax
    ) async throws(ClearingFailure) -> [Record] {
        do throws(StoreFailure) {
            return try await store.listOpen(kind, after: cursor, limit: limit)
        } catch { throw .store(error) }
    }

    func listOpen<Value: ClearingRecord>(
        _ type: Value.Type,
        after cursor: [UInt8]?,
        limit: Int
    ) async throws(ClearingFailure) -> [Value] {
        let records: [Record]
        do throws(StoreFailure) {
            records = try await store.listOpen(Value.kind, after: cursor, limit: limit)
        } catch { throw .store(error) }
        return try await open(records)
    }

    private func open<Value: ClearingRecord>(
        _ records: [Record]
    ) async throws(ClearingFailure) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(records.count)
        for record in records { values.append(try await open(Value.self, record).value) }
        return values
    }

    // MARK: Writing

    /// Decides and makes the decision durable; where somebody else was faster, decides again.
    ///
    /// `decide`: reads what it needs; gives the answer, and the transition that must be durable
    ///     before it is given, empty where nothing changes.
    /// Throws what `decide` throws; `.busy` after ``ClearingLimits/attemptsMax`` conflicts.
    func change<Answer: Sendable>(
        _ decide: () async throws(ClearingFailure) -> (Answer, Transition)
    ) async throws(ClearingFailure) -> Answer {
        for _ in 0..<ClearingLimits.attemptsMax {
            let (answer, transition) = try await decide()
            if transition.writes.isEmpty { return answer }
            if try await commit(transition) { return answer }
        }
        throw .busy
    }

    /// Returns whether the step is durable; else nothing of it is.
    func commit(_ transition: Transition) async throws(ClearingFailure) -> Bool {
        do throws(StoreFailure) {
            return try await store.commit(transition) == .committed
        } catch { throw .store(error) }
    }

    /// Adds the next state of a record.
    func put<Value: ClearingRecord>(
        _ value: Value,
        over revision: UInt64,
        to transition: inout Transition
    ) async throws(ClearingFailure) {
        let key = RecordKey(Value.kind, value.key)
        let isOpen = value.isOpen
        do throws(ModuleFailure) {
            let body = try await sealing.seal(
                value.bytes,
                name: key.sealName(isOpen: isOpen),
                revision: revision + 1
            )
            transition.writes.append(
                .put(key, expectedRevision: revision, body: body, isOpen: isOpen)
            )
        } catch { throw .module(error) }
    }
}

#if PLANTED_BUGS
    extension Transition {
        /// Takes the writes of some kinds out, to be committed by themselves; the rows of accounts
        /// go with the accounts.
        mutating func part(_ isTaken: (RecordKind) -> Bool) -> Transition {
            var taken = Transition(writes: writes.filter { isTaken($0.key.kind) })
            writes.removeAll { isTaken($0.key.kind) }
            if isTaken(AccountRecord.kind) { (taken.history, history) = (history, []) }
            return taken
        }
    }
#endif
