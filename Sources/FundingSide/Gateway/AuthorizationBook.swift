// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// The gateway's authorisations in the store: each is sealed under its name and revision, and each
/// change is one transition with one journal row.
struct AuthorizationBook: Sendable {
    /// An authorisation with the revision that its next state follows from; 0 for one that is new.
    struct Entry: Sendable {
        var record: AuthorizationRecord
        let revision: UInt64
    }

    let store: any RecordStore
    let seals: any RecordSealing

    /// - Returns: nil where there is none.
    func find(
        _ name: AuthorizationName
    ) async throws(GatewayFailure) -> Entry? {
        let record: Record?
        do throws(StoreFailure) {
            record = try await store.read(AuthorizationRecord.key(name))
        } catch { throw .store(error) }
        guard let record else { return nil }
        return try await open(record)
    }

    /// - Throws: `.unknownTransaction`, `.damaged`, `.store`, `.module`.
    func read(_ name: AuthorizationName) async throws(GatewayFailure) -> Entry {
        guard let entry = try await find(name) else { throw .unknownTransaction }
        return entry
    }

    func open(_ record: Record) async throws(GatewayFailure) -> Entry {
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch .sealBroken { throw .damaged } catch { throw .module(error) }
        guard let name = AuthorizationName(record.key.bytes),
            let authorization = try? AuthorizationRecord(body, of: name),
            authorization.state.isOpen == record.isOpen
        else { throw .damaged }
        return Entry(record: authorization, revision: record.revision)
    }

    /// Reads an authorisation, decides, and makes the decision durable; where somebody else was
    /// faster, reads again and decides again.
    ///
    /// `decide`: changes the record and gives the row that tells of it; nil leaves it as it is.
    /// Throws what `decide` throws; `.busy` after ``GatewayLimits/attemptsMax`` conflicts.
    func change(
        _ name: AuthorizationName,
        _ decide: (inout AuthorizationRecord) throws(GatewayFailure) -> AuthorizationStep?
    ) async throws(GatewayFailure) -> AuthorizationRecord {
        for _ in 0..<GatewayLimits.attemptsMax {
            var entry = try await read(name)
            guard let step = try decide(&entry.record) else { return entry.record }
            if try await commit(entry, step) { return entry.record }
        }
        throw .busy
    }

    /// Returns whether the step is durable; else nothing of it is.
    func commit(
        _ entry: Entry,
        _ step: AuthorizationStep
    ) async throws(GatewayFailure) -> Bool {
        var record = entry.record
        let key = AuthorizationRecord.key(record.name)
        let row: ChainedRow
        do throws(ModuleFailure) {
            row = try await seals.chain(
                step.bytes,
                stream: key.bytes,
                number: record.rowCount + 1,
                previous: record.rowHash
            )
        } catch { throw .module(error) }
        record.rowCount = row.number
        record.rowHash = row.hash
        let write = try await write(record, key, expectedRevision: entry.revision)
        let history = HistoryRow(
            stream: key.bytes,
            number: row.number,
            hash: row.hash,
            body: row.body
        )
        do throws(StoreFailure) {
            let outcome = try await store.commit(Transition(writes: [write], history: [history]))
            return outcome == .committed
        } catch {
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.commitAfterReplyAtGateway) { return true }
            #endif
            throw .store(error)
        }
    }

    /// Forgets the account of one that has ended. It is no step: the journal has no row of it.
    ///
    /// - Returns: false where somebody else was first; then nothing is changed.
    func forgetAccount(_ entry: Entry) async throws(GatewayFailure) -> Bool {
        var record = entry.record
        record.forgetAccount()
        let key = AuthorizationRecord.key(record.name)
        let write = try await write(record, key, expectedRevision: entry.revision)
        do throws(StoreFailure) {
            return try await store.commit(Transition(writes: [write])) == .committed
        } catch { throw .store(error) }
    }

    private func write(
        _ record: AuthorizationRecord,
        _ key: RecordKey,
        expectedRevision: UInt64
    ) async throws(GatewayFailure) -> RecordWrite {
        let isOpen = record.state.isOpen
        let bytes: [UInt8]
        do throws(WireFailure) { bytes = try record.bytes } catch { throw .notEncodable(error) }
        do throws(ModuleFailure) {
            let body = try await seals.seal(
                bytes,
                name: key.sealName(isOpen: isOpen),
                revision: expectedRevision + 1
            )
            return .put(key, expectedRevision: expectedRevision, body: body, isOpen: isOpen)
        } catch { throw .module(error) }
    }
}
