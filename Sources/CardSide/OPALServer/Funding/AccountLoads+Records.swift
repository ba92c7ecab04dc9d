// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

// Loads as they are stored.
extension AccountLoads {
    /// A load as last committed.
    package struct Stored: Sendable {
        package internal(set) var load: AccountLoadRecord
        package internal(set) var revision: UInt64
    }

    /// - Throws: `.storeUnavailable`, also for a record that does not open: what became of it is
    ///   not known then.
    package func read(
        _ transaction: TransactionIdentifier
    ) async throws(AccountLoadRefusal) -> Stored? {
        do throws(UserFailure) {
            guard let opened = try await users.records.read(AccountLoadRecord.key(transaction))
            else { return nil }
            return try stored(opened)
        } catch {
            throw .storeUnavailable
        }
    }

    /// Opens a load's record.
    func open(_ record: Record) async throws(UserFailure) -> Stored {
        try stored(try await users.records.open(record))
    }

    private func stored(_ opened: SealedRecords.Opened) throws(UserFailure) -> Stored {
        let load = try decoded(opened.body) { body throws(WireFailure) in
            try AccountLoadRecord(body, key: opened.key.bytes)
        }
        return Stored(load: load, revision: opened.revision)
    }

    /// The write of a load's next state.
    func write(
        _ load: AccountLoadRecord,
        expectedRevision: UInt64
    ) async throws(UserFailure) -> RecordWrite {
        try await users.records.put(
            AccountLoadRecord.key(load.transaction),
            expectedRevision: expectedRevision,
            load.bytes,
            isOpen: load.state.isOpen
        )
    }

    /// Makes a new load durable.
    ///
    /// - Returns: nil where there is one with this transaction.
    func store(_ load: AccountLoadRecord) async throws(AccountLoadRefusal) -> Stored? {
        do throws(UserFailure) {
            let write = try await write(load, expectedRevision: 0)
            let isNew = try await users.records.commit(Transition(writes: [write]))
            return isNew ? Stored(load: load, revision: 1) : nil
        } catch {
            throw .storeUnavailable
        }
    }

    /// Makes the next state of a load durable, with the mail that tells of it where nobody waits or
    /// somebody was told that it is pending.
    ///
    /// - Returns: the load as it is afterwards; as it was where the store does not answer at all.
    func advance(
        _ stored: Stored,
        after event: AccountLoadEvent,
        _ refusal: AccountLoadRefusal?,
        _ audience: Audience
    ) async -> Stored {
        guard let state = stored.load.state.next(after: event) else { return stored }
        var next = stored
        let isDecision = stored.load.state == .authorizing
        next.load.state = state
        next.revision += 1
        if isDecision {
            next.load.refusal = refusal
            next.load.decidedAt = now()
        }
        do throws(UserFailure) {
            var writes = [try await write(next.load, expectedRevision: stored.revision)]
            if isDecision {
                writes += try await mails(
                    ofRefused: next.load,
                    stored.isMarkedAsPending ? .byMail : audience
                )
            }
            if try await users.records.commit(Transition(writes: writes)) { return next }
        } catch {
            // Whether it was stored is known only by looking: what was is told now, because no mail
            // tells it.
        }
        // Or somebody else was first.
        let found = await reread(stored)
        // Perhaps to be told that it is pending: then it ends with the mail.
        guard found.isMarkedAsPending, found.revision != stored.revision else { return found }
        return await advance(found, after: event, refusal, audience)
    }

    func reread(_ stored: Stored) async -> Stored {
        (try? await read(stored.load.transaction)) ?? stored
    }
}
