// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

extension UserDirectory {
    /// The user of a session, or nil where it is over. A session in use costs no read, and one
    /// write a minute.
    package func session(
        _ token: SessionToken,
        at now: Instant
    ) async throws(UserFailure) -> SignedInUser? {
        let key = hashes.session(token)
        if let user = cache.use(key, at: now, uptime: uptime(at: now)) { return user }
        for _ in 0..<UserLimits.triesMax {
            switch try await load(key, at: now) {
            case .found(let user): return user
            case .none: return nil
            case .changed: continue
            }
        }
        throw .busy
    }

    /// Ends a session; a session that is over already stays so.
    package func signOut(_ token: SessionToken) async throws(UserFailure) {
        let key = hashes.session(token)
        let recordKey = RecordKey(UserRecordKinds.session, key)
        // Whatever the store answers, this process forgets it.
        cache.forget(key)
        for _ in 0..<UserLimits.triesMax {
            guard let opened = try await records.read(recordKey) else { return }
            if try await records.delete(recordKey, revision: opened.revision) {
                cache.drop(key)
                return
            }
        }
        throw .busy
    }

    /// What a form of this session carries, so that no other site can send it.
    package func csrfToken(of token: SessionToken) -> String {
        Base64URL.encode(hashes.csrf(token))
    }

    package func isCSRFToken(_ text: String, of token: SessionToken) -> Bool {
        guard let bytes = Base64URL.decode(text) else { return false }
        return ConstantTime.isEqual(bytes, hashes.csrf(token))
    }

    private enum Loading {
        case found(SignedInUser)
        case none
        /// Somebody wrote it in between.
        case changed
    }

    private func load(_ key: [UInt8], at now: Instant) async throws(UserFailure) -> Loading {
        let drops = cache.drops
        guard let (opened, stored) = try await readSession(key), stored.purpose == .session else {
            cache.forget(key)
            return .none
        }
        var session = stored
        session.lastSeenAt = max(stored.lastSeenAt, cache.lastSeen(key) ?? stored.lastSeenAt)
        let uptime = uptime(at: now)
        var times = cache.times(key) ?? SessionTimes(session, at: now, uptime: uptime)
        guard !session.isOver(at: now), !times.isOver(at: uptime),
            let found = try await read(session.user),
            found.user.epoch == session.epoch, let user = found.signedIn
        else {
            // Forgotten after it is deleted: until then its times say that it is over.
            let isDeleted = try await records.delete(opened.key, revision: opened.revision)
            guard isDeleted else { return .changed }
            cache.forget(key)
            return .none
        }
        times.usedAt = uptime
        session.lastSeenAt = max(session.lastSeenAt, now)
        var writtenAt = stored.lastSeenAt
        if writtenAt.adding(UserLimits.lastSeenTime) <= now {
            let write = try await records.put(
                opened.key,
                expectedRevision: opened.revision,
                session.bytes
            )
            guard try await records.commit(Transition(writes: [write])) else { return .changed }
            writtenAt = now
        }
        cache.insert(
            key,
            SessionCache.Entry(
                user: user,
                session: session,
                writtenAt: writtenAt,
                lastSeenAt: session.lastSeenAt,
                times: times,
                readAt: uptime
            ),
            ifStill: drops
        )
        return .found(user)
    }

    func readSession(
        _ key: [UInt8]
    ) async throws(UserFailure) -> (SealedRecords.Opened, SessionRecord)? {
        guard let opened = try await records.read(RecordKey(UserRecordKinds.session, key)) else {
            return nil
        }
        let session = try decoded(opened.body) { bytes throws(WireFailure) in
            try SessionRecord(bytes)
        }
        return (opened, session)
    }

    /// The write of a new session of this user.
    func newSession(
        of key: UserKey,
        epoch: UInt64,
        at now: Instant
    ) async throws(UserFailure) -> (SessionToken, RecordWrite) {
        let token = SessionToken(from: random)
        let session = SessionRecord(
            purpose: .session,
            user: key,
            epoch: epoch,
            createdAt: now,
            lastSeenAt: now
        )
        let write = try await records.put(
            RecordKey(UserRecordKinds.session, hashes.session(token)),
            expectedRevision: 0,
            session.bytes
        )
        return (token, write)
    }

    func openSession(_ found: Found, at now: Instant) async throws(UserFailure) -> SessionToken? {
        let (token, write) = try await newSession(
            of: found.key,
            epoch: found.user.epoch,
            at: now
        )
        return try await records.commit(Transition(writes: [write])) ? token : nil
    }
}
