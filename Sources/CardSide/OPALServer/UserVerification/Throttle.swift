// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// Slows down who guesses. The counts lie in the store, so that a restart forgets nothing and
/// several servers count together.
struct Throttle: Sendable {
    let records: SealedRecords
    let hashes: TokenHashes

    /// Whom an attempt is counted for.
    struct Subject: Sendable {
        let purpose: AttemptPurpose
        let name: [UInt8]

        static func user(_ key: UserKey) -> Subject { Subject(purpose: .user, name: key.bytes) }

        static func address(_ address: String) -> Subject {
            Subject(purpose: .address, name: Array(address.utf8))
        }

        static func load(by key: UserKey) -> Subject {
            Subject(purpose: .load, name: key.bytes)
        }

        static func request(from address: String) -> Subject {
            Subject(purpose: .request, name: Array(address.utf8))
        }
    }

    /// Counts an attempt for each subject before it is made.
    ///
    /// - Returns: nil where it may be made, else the time before which nobody may try; then
    ///   nothing was counted.
    func admit(_ subjects: [Subject], at now: Instant) async throws(UserFailure) -> Instant? {
        for _ in 0..<UserLimits.triesMax {
            var writes: [RecordWrite] = []
            var blockedUntil: Instant?
            for subject in subjects {
                let (key, revision, stored) = try await read(subject, at: now)
                var attempts = stored
                if now < attempts.blockedUntil {
                    blockedUntil = max(blockedUntil ?? now, attempts.blockedUntil)
                }
                attempts.fade(at: now)
                attempts.add(at: now)
                writes.append(
                    try await records.put(key, expectedRevision: revision, attempts.bytes)
                )
            }
            if let blockedUntil { return blockedUntil }
            if try await records.commit(Transition(writes: writes)) { return nil }
        }
        throw .busy
    }

    /// Takes back what ``admit(_:at:)`` counted, after a success. The failures of the user are
    /// forgotten. Those of the address are not: else somebody with one card of his own could
    /// guess at others without end.
    func forgive(_ subjects: [Subject], at now: Instant) async throws(UserFailure) {
        for _ in 0..<UserLimits.triesMax {
            var writes: [RecordWrite] = []
            for subject in subjects {
                let (key, revision, stored) = try await read(subject, at: now)
                if revision == 0 { continue }
                var attempts = stored
                attempts.takeBack()
                if subject.purpose == .user || attempts.count == 0 {
                    writes.append(.delete(key, expectedRevision: revision))
                } else {
                    writes.append(
                        try await records.put(key, expectedRevision: revision, attempts.bytes)
                    )
                }
            }
            if writes.isEmpty { return }
            if try await records.commit(Transition(writes: writes)) { return }
        }
        throw .busy
    }

    private func read(
        _ subject: Subject,
        at now: Instant
    ) async throws(UserFailure) -> (RecordKey, UInt64, AttemptsRecord) {
        let key = RecordKey(
            UserRecordKinds.attempts,
            hashes.attempts(subject.purpose, subject.name)
        )
        guard let record = try await records.read(key) else {
            return (key, 0, AttemptsRecord(subject.purpose, at: now))
        }
        let attempts = try decoded(record.body) { bytes throws(WireFailure) in
            try AttemptsRecord(bytes)
        }
        return (key, record.revision, attempts)
    }
}
