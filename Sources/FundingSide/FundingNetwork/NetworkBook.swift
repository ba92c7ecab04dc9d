// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// The simulated network's accounts and transactions in the store, each sealed under its name and
/// revision. One step changes a transaction and its account in one commit.
struct NetworkBook: Sendable {
    /// A value with the revision that its next state follows from; 0 for one that is new.
    struct Entry<Value: Sendable>: Sendable {
        var value: Value
        let revision: UInt64
    }

    /// What a step makes durable.
    struct Change: Sendable {
        var hold: (key: RecordKey, entry: Entry<HoldRecord>)
        var account: (key: RecordKey, entry: Entry<NetworkAccount>)?
    }

    let store: any RecordStore
    let seals: any RecordSealing

    func hold(_ key: RecordKey) async throws(StoreFailure) -> Entry<HoldRecord>? {
        guard let record = try await store.read(key) else { return nil }
        return try await hold(record)
    }

    func hold(_ record: Record) async throws(StoreFailure) -> Entry<HoldRecord> {
        let body = try await open(record)
        guard let hold = try? HoldRecord(body), hold.state.isOpen == record.isOpen else {
            throw damaged(record)
        }
        return Entry(value: hold, revision: record.revision)
    }

    func account(_ key: RecordKey) async throws(StoreFailure) -> Entry<NetworkAccount>? {
        guard let record = try await store.read(key) else { return nil }
        return try await account(record)
    }

    func account(_ record: Record) async throws(StoreFailure) -> Entry<NetworkAccount> {
        let body = try await open(record)
        guard let account = try? NetworkAccount(body) else { throw damaged(record) }
        return Entry(value: account, revision: record.revision)
    }

    /// - Returns: whether the change is durable; else nothing of it is.
    func commit(_ change: Change) async throws(StoreFailure) -> Bool {
        var transition = Transition(writes: [])
        let (key, hold) = change.hold
        transition.writes.append(
            try await write(
                hold.value.bytes,
                key,
                hold.revision,
                isOpen: hold.value.state.isOpen
            )
        )
        if let (key, account) = change.account {
            transition.writes.append(try await write(account.value.bytes, key, account.revision))
        }
        return try await store.commit(transition) == .committed
    }

    func write(
        _ body: [UInt8],
        _ key: RecordKey,
        _ revision: UInt64,
        isOpen: Bool = false
    ) async throws(StoreFailure) -> RecordWrite {
        do throws(ModuleFailure) {
            let sealed = try await seals.seal(
                body,
                name: key.sealName(isOpen: isOpen),
                revision: revision + 1
            )
            return .put(key, expectedRevision: revision, body: sealed, isOpen: isOpen)
        } catch {
            throw .unavailable("the network's records cannot be sealed")
        }
    }

    private func open(_ record: Record) async throws(StoreFailure) -> [UInt8] {
        do throws(ModuleFailure) {
            return try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch {
            throw damaged(record)
        }
    }

    private func damaged(_ record: Record) -> StoreFailure {
        .damaged("\(record.key.kind.name) \(Hex.text(record.key.bytes)) does not open")
    }
}
