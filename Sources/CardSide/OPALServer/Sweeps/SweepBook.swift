// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// The sweeps of issuers in the order of their numbers, for their desk and for clearing houses that
/// ask what is new (`docs/messages/clearing.md`, message AC).
package struct SweepBook: LinkService {
    let records: SealedRecords
    private let clearingHouses: Set<String>

    /// - Parameters:
    ///   - cards: the card database 270, and its seals.
    ///   - clearingHouses: the names of who is answered.
    package init(
        cards: (store: any RecordStore, seals: any RecordSealing),
        clearingHouses: Set<String> = []
    ) {
        records = SealedRecords(store: cards.store, sealing: cards.seals)
        self.clearingHouses = clearingHouses
    }

    /// Answers a clearing house that is known by its name; everybody else learns nothing.
    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard clearingHouses.contains(peer),
            case .sweepsQuestion(let issuer, let number)? = try? IssuerMessage(request)
        else { return IssuerMessage.unavailable.bytes }
        do throws(FloatFailure) {
            let most = IssuerMessage.sweepsMax
            let found = try await sweeps(of: issuer, after: number, limit: most + 1)
            let notices = found.prefix(most).compactMap(\.notice)
            return IssuerMessage.sweeps(notices, hasMore: found.count > most).bytes
        } catch {
            return IssuerMessage.unavailable.bytes
        }
    }

    /// Sweeps and returns of an issuer behind a number, in order.
    ///
    /// - Throws: where one does not open, and as the store does.
    package func sweeps(
        of issuer: IssuerIdentifier,
        after number: UInt64,
        limit: Int
    ) async throws(FloatFailure) -> [SweepRecord] {
        let page = try await reading { () async throws(StoreFailure) in
            try await records.store.list(
                SweepRecord.kind,
                after: SweepRecord.key(issuer, number).bytes,
                limit: limit,
                order: .ascending
            )
        }
        var sweeps: [SweepRecord] = []
        for record in page {
            guard record.key.bytes.starts(with: issuer.bytes) else { break }
            sweeps.append(try await open(record))
        }
        return sweeps
    }

    /// The number of the next sweep or return, and the write that has to become durable with it:
    /// who was faster makes it a conflict.
    func next(
        of issuer: IssuerIdentifier,
        at now: Instant
    ) async throws(FloatFailure) -> (number: UInt64, write: RecordWrite) {
        let key = SweepCounter.key(issuer)
        return try await attempt { () async throws(UserFailure) in
            let opened = try await records.read(key)
            let known = try opened.map { opened throws(UserFailure) in
                try decoded(opened.body, SweepCounter.init)
            }
            let next = (known ?? SweepCounter(last: 0)).next(at: now)
            let write = try await records.put(
                key,
                expectedRevision: opened?.revision ?? 0,
                next.bytes
            )
            return (next.last, write)
        }
    }

    /// A sweep or return as last committed; nil where there is none.
    func find(
        _ issuer: IssuerIdentifier,
        _ number: UInt64
    ) async throws(FloatFailure) -> (sweep: SweepRecord, revision: UInt64)? {
        let key = SweepRecord.key(issuer, number)
        return try await attempt { () async throws(UserFailure) in
            guard let opened = try await records.read(key) else { return nil }
            let sweep = try decoded(opened.body) { body throws(WireFailure) in
                try SweepRecord(body, key: key.bytes)
            }
            return (sweep, opened.revision)
        }
    }

    /// The write of a sweep's next state.
    func write(
        _ sweep: SweepRecord,
        expectedRevision: UInt64 = 0
    ) async throws(FloatFailure) -> RecordWrite {
        try await attempt { () async throws(UserFailure) in
            try await records.put(
                SweepRecord.key(sweep.issuer, sweep.number),
                expectedRevision: expectedRevision,
                sweep.bytes
            )
        }
    }

    private func open(_ record: Record) async throws(FloatFailure) -> SweepRecord {
        try await attempt { () async throws(UserFailure) in
            let opened = try await records.open(record)
            return try decoded(opened.body) { body throws(WireFailure) in
                try SweepRecord(body, key: record.key.bytes)
            }
        }
    }
}
