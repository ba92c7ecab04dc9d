// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// Records that lie sealed in the store (see ``RecordKey/sealName(isOpen:reply:)``).
struct SealedRecords: Sendable {
    let store: any RecordStore
    let sealing: any RecordSealing

    /// A record whose seal is right.
    struct Opened: Sendable {
        let key: RecordKey
        let revision: UInt64
        let body: [UInt8]
        let reply: [UInt8]
    }

    func read(_ key: RecordKey) async throws(UserFailure) -> Opened? {
        let record: Record?
        do throws(StoreFailure) {
            record = try await store.read(key)
        } catch {
            throw .store(error)
        }
        guard let record else { return nil }
        return try await open(record)
    }

    func open(_ record: Record) async throws(UserFailure) -> Opened {
        do throws(ModuleFailure) {
            let body = try await sealing.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            return Opened(
                key: record.key,
                revision: record.revision,
                body: body,
                reply: record.reply
            )
        } catch {
            throw .module(error)
        }
    }

    /// The write of a record's next state; `expectedRevision` is 0 for a new record.
    func put(
        _ key: RecordKey,
        expectedRevision: UInt64,
        _ body: [UInt8],
        reply: [UInt8] = [],
        isOpen: Bool = false
    ) async throws(UserFailure) -> RecordWrite {
        do throws(ModuleFailure) {
            let sealed = try await sealing.seal(
                body,
                name: key.sealName(isOpen: isOpen, reply: reply),
                revision: expectedRevision + 1
            )
            return .put(
                key,
                expectedRevision: expectedRevision,
                body: sealed,
                reply: reply,
                isOpen: isOpen
            )
        } catch {
            throw .module(error)
        }
    }

    /// - Returns: false for a conflict.
    func commit(_ transition: Transition) async throws(UserFailure) -> Bool {
        do throws(StoreFailure) {
            return try await store.commit(transition) == .committed
        } catch {
            throw .store(error)
        }
    }

    /// Deletes the record if it is still the one that was read.
    func delete(_ key: RecordKey, revision: UInt64) async throws(UserFailure) -> Bool {
        try await commit(
            Transition(writes: [.delete(key, expectedRevision: revision)])
        )
    }
}

/// Reads a body that has been opened, as a failure of user verification.
func decoded<Value>(
    _ body: [UInt8],
    _ make: ([UInt8]) throws(WireFailure) -> Value
) throws(UserFailure) -> Value {
    do throws(WireFailure) {
        return try make(body)
    } catch {
        throw .damaged(error)
    }
}
