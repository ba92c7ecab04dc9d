// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// The loyalty server's records in the store: each is sealed under its name and revision, and each
/// change of a member has its row in the member's history.
struct LoyaltyBook: Sendable {
    /// A record with the revision that its next state follows from; 0 for one that is new.
    struct Entry<Value: Sendable>: Sendable {
        var value: Value
        let revision: UInt64
    }

    let store: any RecordStore
    let sealing: any RecordSealing

    // MARK: Reading

    /// - Returns: nil where there is none.
    func find<Value: LoyaltyRecord>(
        _ type: Value.Type,
        _ key: [UInt8]
    ) async throws(LoyaltyFailure) -> Entry<Value>? {
        let record: Record?
        do throws(StoreFailure) {
            record = try await store.read(RecordKey(Value.kind, key))
        } catch { throw .store(error) }
        guard let record else { return nil }
        return try await open(type, record)
    }

    func open<Value: LoyaltyRecord>(
        _ type: Value.Type,
        _ record: Record
    ) async throws(LoyaltyFailure) -> Entry<Value> {
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await sealing.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch .sealBroken { throw .damaged } catch { throw .module(error) }
        guard let value = try? Value(body, key: record.key.bytes), value.isOpen == record.isOpen
        else { throw .damaged }
        return Entry(value: value, revision: record.revision)
    }

    /// - Returns: nil where the record does not open, which the audit names: one that somebody has
    ///   changed keeps nobody from what the others say.
    func intact<Value: LoyaltyRecord>(
        _ type: Value.Type,
        _ record: Record
    ) async throws(LoyaltyFailure) -> Value? {
        do throws(LoyaltyFailure) {
            return try await open(type, record).value
        } catch .damaged { return nil } catch { throw error }
    }

    /// - Throws: `.unknownProgramme`, `.damaged`, `.store`, `.module`.
    func programme(
        _ code: Currency
    ) async throws(LoyaltyFailure) -> Entry<ProgrammeRecord> {
        guard let entry = try await find(ProgrammeRecord.self, code.bytes) else {
            throw .unknownProgramme
        }
        return entry
    }

    /// - Throws: `.unknownMember`, `.damaged`, `.store`, `.module`.
    func member(_ membership: Membership) async throws(LoyaltyFailure) -> Entry<Member> {
        guard let entry = try await find(Member.self, membership.bytes) else {
            throw .unknownMember
        }
        return entry
    }

    /// The enrolment that a record refers to.
    ///
    /// - Throws: `.damaged`, also where there is none; `.store`, `.module`.
    func enrolment(
        _ proof: TransactionIdentifier,
        in programme: Currency
    ) async throws(LoyaltyFailure) -> Enrolment {
        guard let entry = try await find(Enrolment.self, Enrolment.key(programme, proof)) else {
            throw .damaged
        }
        return entry.value
    }

    func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder = .ascending
    ) async throws(LoyaltyFailure) -> [Record] {
        do throws(StoreFailure) {
            return try await store.list(kind, after: cursor, limit: limit, order: order)
        } catch { throw .store(error) }
    }

    func listOpen(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int
    ) async throws(LoyaltyFailure) -> [Record] {
        do throws(StoreFailure) {
            return try await store.listOpen(kind, after: cursor, limit: limit)
        } catch { throw .store(error) }
    }

    // MARK: Writing

    /// Decides and makes the decision durable; where somebody else was faster, decides again.
    ///
    /// `decide`: reads what it needs; gives the answer, and the transition that must be durable
    ///     before it is given, empty where nothing changes.
    /// Throws what `decide` throws; `.busy` after ``LoyaltyLimits/attemptsMax`` conflicts.
    func change<Answer: Sendable>(
        _ decide: () async throws(LoyaltyFailure) -> (Answer, Transition)
    ) async throws(LoyaltyFailure) -> Answer {
        for _ in 0..<LoyaltyLimits.attemptsMax {
            let (answer, transition) = try await decide()
            if transition.writes.isEmpty { return answer }
            if try await commit(transition) { return answer }
        }
        throw .busy
    }

    /// Returns whether the step is durable; else nothing of it is.
    func commit(_ transition: Transition) async throws(LoyaltyFailure) -> Bool {
        do throws(StoreFailure) {
            return try await store.commit(transition) == .committed
        } catch { throw .store(error) }
    }

    /// Adds the next state of a record.
    func put<Value: LoyaltyRecord>(
        _ value: Value,
        over revision: UInt64,
        to transition: inout Transition
    ) async throws(LoyaltyFailure) {
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

    /// Adds a row to a member's history. The member's own record is put once, behind its rows.
    func note(
        _ entry: MemberEntry,
        of member: inout Member,
        to transition: inout Transition
    ) async throws(LoyaltyFailure) {
        let stream = member.membership.stream
        let row = try await chain(entry.bytes, stream, member.lastRow, member.lastHash)
        (member.lastRow, member.lastHash) = (row.number, row.hash)
        transition.history.append(row)
    }

    /// The row behind row `last`.
    func chain(
        _ body: [UInt8],
        _ stream: [UInt8],
        _ last: UInt64,
        _ lastHash: [UInt8]
    ) async throws(LoyaltyFailure) -> HistoryRow {
        do throws(ModuleFailure) {
            let row = try await sealing.chain(
                body,
                stream: stream,
                number: last + 1,
                previous: lastHash
            )
            return HistoryRow(stream: stream, number: row.number, hash: row.hash, body: row.body)
        } catch { throw .module(error) }
    }
}
