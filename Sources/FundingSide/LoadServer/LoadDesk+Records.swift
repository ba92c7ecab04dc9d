// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
import SecurityModule
import Wire

/// One line of the load server's console.
package struct AuthorizationLine: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// Nil where the stored load does not open: it was changed by somebody else.
    package let record: AuthorizationRecord?
}

// The load server's database: reading and committing loads (FIG. 18C, step 887).
extension LoadDesk {
    /// A load as stored.
    package struct Stored: Sendable {
        package let record: AuthorizationRecord
        package let revision: UInt64
        /// The bytes last answered.
        package let reply: [UInt8]
    }

    func read(_ transaction: TransactionIdentifier) async throws(LoadRefusal) -> Stored? {
        do throws(StoreFailure) {
            guard let record = try await store.read(AuthorizationRecord.key(transaction)) else {
                return nil
            }
            return try await open(record)
        } catch {
            throw .storeUnavailable
        }
    }

    /// Opens a load's record.
    ///
    /// - Throws: `.damaged` where it was changed by somebody else.
    package func open(_ record: Record) async throws(StoreFailure) -> Stored {
        do {
            let bytes = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            return Stored(
                record: try AuthorizationRecord(bytes),
                revision: record.revision,
                reply: record.reply
            )
        } catch {
            throw .damaged("the load \(Hex.text(record.key.bytes)) does not open")
        }
    }

    /// Makes a step durable: load, journal and reply in one transition.
    ///
    /// - Returns: false where somebody else changed the load at the same time.
    func commit(
        _ record: inout AuthorizationRecord,
        revision: UInt64,
        reply: [UInt8],
        steps: [AuthorizationStep]
    ) async throws(LoadRefusal) -> Bool {
        let key = AuthorizationRecord.key(record.transaction)
        var transition = Transition(writes: [])
        do {
            for step in steps {
                let row = try await seals.chain(
                    step.bytes,
                    stream: key.bytes,
                    number: record.rowCount + 1,
                    previous: record.rowHash
                )
                record.rowCount = row.number
                record.rowHash = row.hash
                transition.history.append(
                    HistoryRow(
                        stream: key.bytes,
                        number: row.number,
                        hash: row.hash,
                        body: row.body
                    )
                )
            }
            let isOpen = record.state.isOpen
            let body = try await seals.seal(
                record.bytes,
                name: key.sealName(isOpen: isOpen, reply: reply),
                revision: revision + 1
            )
            transition.writes.append(
                .put(key, expectedRevision: revision, body: body, reply: reply, isOpen: isOpen)
            )
            return try await store.commit(transition) == .committed
        } catch StoreFailure.unavailable {
            // Whether it was stored is known only by looking.
            return false
        } catch {
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.commitAfterReplyAtLoadServer) { return true }
            #endif
            throw .storeUnavailable
        }
    }

    // MARK: For the operator

    /// The loads, newest first.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: lines, capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the oldest load.
    /// - Throws: `StoreFailure`, but not for a load that does not open.
    package func loads(
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(StoreFailure) -> [AuthorizationLine] {
        try await lines(
            of: store.list(
                AuthorizationRecord.kind,
                after: cursor?.bytes,
                limit: limit,
                order: .descending
            )
        )
    }

    /// One load, or nil where there is none.
    ///
    /// - Throws: `StoreFailure`, but not for a load that does not open.
    package func load(
        _ transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> AuthorizationLine? {
        guard let record = try await store.read(AuthorizationRecord.key(transaction)) else {
            return nil
        }
        return await lines(of: [record]).first
    }

    /// The loads whose card has not answered, oldest first; at most `limit`.
    package func openLoads(limit: Int) async throws(StoreFailure) -> [AuthorizationLine] {
        try await lines(
            of: store.listOpen(AuthorizationRecord.kind, after: nil, limit: limit)
        )
    }

    /// How many loads there are, ended or not.
    package func loadCount() async throws(StoreFailure) -> Int {
        try await store.count(AuthorizationRecord.kind)
    }

    /// The journal of one load, as far as it is readable.
    package func journal(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> [AuthorizationStep] {
        try await store.history(transaction.bytes, after: 0, limit: RecordLimits.pageMax)
            .compactMap { try? AuthorizationStep($0.body) }
    }

    private func lines(of records: [Record]) async -> [AuthorizationLine] {
        var lines: [AuthorizationLine] = []
        for record in records {
            guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
                preconditionFailure("The key of a load is its TRX.")
            }
            lines.append(
                AuthorizationLine(
                    transaction: transaction,
                    record: (try? await open(record))?.record
                )
            )
        }
        return lines
    }
}
