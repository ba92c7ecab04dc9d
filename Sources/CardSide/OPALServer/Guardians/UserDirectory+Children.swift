// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

extension UserDirectory {
    /// Opens a card for a child: the child gets a user identifier of its own and no funding
    /// account, and the one-time logon password goes out by mail, as in a sign-up (FIG. 10, step
    /// 502). The card is made when the child, or the guardian with it, has chosen a password.
    ///
    /// The address is that of ``signUp(_:from:at:)``.
    package func openChild(
        _ form: ChildForm,
        by guardian: UserKey,
        from address: String,
        at now: Instant
    ) async throws(UserFailure) -> ChildOpening {
        let child: CheckedChild
        switch CheckedChild.check(form) {
        case .success(let checked): child = checked
        case .failure(let errors): return .invalid(errors.list)
        }
        guard let found = try await read(guardian), found.user.account != nil,
            found.user.card != nil
        else { return .notGuardian }
        if let until = try await throttle.admit([.request(from: address)], at: now) {
            return .throttled(until: until)
        }
        let oneTime = OneTimePassword(from: random)
        let expiresAt = now.adding(UserLimits.oneTimeTime)
        let user = UserRecord(
            identifier: child.identifier,
            state: .awaitingMail(until: expiresAt),
            createdAt: now,
            epoch: newEpoch(),
            // Nobody knows it: the child chooses one.
            passwordHash: try await hash(Base64URL.encode(random.bytes(32))),
            oneTime: .init(hash: try await hash(oneTime.text), expiresAt: expiresAt),
            email: child.email ?? found.user.email,
            funding: .guardian(guardian)
        )
        return try await store(user, named: child.name, oneTime, by: guardian, at: now)
    }

    /// The identifier may be taken, which is not said. The guardian's list looks the same in both
    /// cases, until the time of the mailed password is over.
    private func store(
        _ user: UserRecord,
        named name: String,
        _ oneTime: OneTimePassword,
        by guardian: UserKey,
        at now: Instant
    ) async throws(UserFailure) -> ChildOpening {
        let key = hashes.user(user.identifier)
        for _ in 0..<UserLimits.triesMax {
            var (list, revision) = try await guardianship(of: guardian)
            var entries: [Guardianship.Entry] = []
            for entry in list.entries where entry.child != key {
                if try await isAlive(entry, of: guardian, at: now) { entries.append(entry) }
            }
            guard entries.count < FundingLimits.childrenMax else { return .tooManyChildren }
            let found = try await read(key)
            let isTaken = found.map { !$0.user.isLapsed(at: now) } ?? false
            let known = list.entries.first { $0.child == key }
            let isOwnChild = isTaken && found?.user.guardian == guardian
            let entry = Guardianship.Entry(child: key, name: name, openedAt: now)
            list.entries = entries + [isOwnChild ? known ?? entry : entry]
            var writes = [
                try await records.put(
                    Guardianship.key(guardian),
                    expectedRevision: revision,
                    list.bytes
                )
            ]
            if let found, isTaken {
                writes += try await taken(found, wantedBy: user.email, at: now)
            } else {
                let mail = wording.childConfirmation(to: user.email, oneTime, at: now)
                writes.append(
                    try await write(user, key, expectedRevision: found?.revision ?? 0)
                )
                writes.append(try await outbox.write(mail, from: random))
            }
            if try await records.commit(Transition(writes: writes)) { return .checkMail }
        }
        throw .busy
    }

    func guardianship(
        of guardian: UserKey
    ) async throws(UserFailure) -> (Guardianship, revision: UInt64) {
        guard let opened = try await records.read(Guardianship.key(guardian)) else {
            return (Guardianship(), 0)
        }
        let list = try decoded(opened.body) { body throws(WireFailure) in
            try Guardianship(body)
        }
        return (list, opened.revision)
    }

    /// Whether an entry counts: its child has come, or still may.
    private func isAlive(
        _ entry: Guardianship.Entry,
        of guardian: UserKey,
        at now: Instant
    ) async throws(UserFailure) -> Bool {
        if now < entry.waitsUntil { return true }
        guard let found = try await read(entry.child), found.user.guardian == guardian else {
            return false
        }
        return !found.user.isLapsed(at: now)
    }

    /// The mail to the guardian of a child whose card is made now; none for who is no child.
    func mails(
        ofNewCard card: CardIdentifier,
        of user: UserRecord,
        at now: Instant
    ) async throws(UserFailure) -> [RecordWrite] {
        guard let guardian = user.guardian else { return [] }
        let found: Found?
        do throws(UserFailure) {
            found = try await read(guardian)
        } catch {
            switch error {
            // A guardian whose record was changed by somebody keeps no child from its card.
            case .module(.sealBroken), .damaged: return []
            default: throw error
            }
        }
        guard let found else { return [] }
        let mail = wording.childOpened(to: found.user.email, card, at: now)
        return [try await outbox.write(mail, from: random)]
    }
}
