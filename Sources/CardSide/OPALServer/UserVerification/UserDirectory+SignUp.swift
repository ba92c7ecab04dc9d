// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

extension UserDirectory {
    /// Takes a sign-up and mails the one-time logon password (FIG. 10, step 502).
    ///
    /// The address is where the request comes from: an IPv4 address, or the first 64 bits of an
    /// IPv6 address, because a household has all of the rest.
    package func signUp(
        _ form: SignUpForm,
        from address: String,
        at now: Instant
    ) async throws(UserFailure) -> SignUpOutcome {
        let signUp: CheckedSignUp
        switch CheckedSignUp.check(form, at: now) {
        case .success(let checked): signUp = checked
        case .failure(let errors): return .invalid(errors.list)
        }
        if let until = try await throttle.admit([.request(from: address)], at: now) {
            return .throttled(until: until)
        }
        switch await accounts.check(signUp.account, signUp.verificationValue, signUp.address) {
        case .accepted: break
        case .refused(let reason): return .accountRefused(reason)
        case .unavailable: return .accountCheckUnavailable
        }
        // Both hashes are made whether the identifier is free or not, so that the time tells
        // nothing.
        let oneTime = OneTimePassword(from: random)
        let passwordHash = try await hash(signUp.password.text)
        let expiresAt = now.adding(UserLimits.oneTimeTime)
        let user = UserRecord(
            identifier: signUp.identifier,
            state: .awaitingMail(until: expiresAt),
            createdAt: now,
            epoch: newEpoch(),
            passwordHash: passwordHash,
            oneTime: .init(hash: try await hash(oneTime.text), expiresAt: expiresAt),
            email: signUp.email,
            funding: .account(signUp.account, signUp.address)
        )
        try await store(user, oneTime, at: now)
        return .checkYourMail
    }

    private func store(
        _ user: UserRecord,
        _ oneTime: OneTimePassword,
        at now: Instant
    ) async throws(UserFailure) {
        let key = hashes.user(user.identifier)
        for _ in 0..<UserLimits.triesMax {
            let found = try await read(key)
            let writes: [RecordWrite]
            if let found, !found.user.isLapsed(at: now) {
                writes = try await taken(found, wantedBy: user.email, at: now)
            } else {
                let mail = wording.confirmation(to: user.email, oneTime, at: now)
                writes = [
                    try await write(user, key, expectedRevision: found?.revision ?? 0),
                    try await outbox.write(mail, from: random),
                ]
            }
            if writes.isEmpty { return }
            if try await records.commit(Transition(writes: writes)) { return }
        }
        throw .busy
    }

    /// The identifier is taken, which the page does not say. Its owner is told, and so is the
    /// applicant, who would else wait for a mail without end. A mailbox that stays empty would say
    /// as much.
    func taken(
        _ found: Found,
        wantedBy email: String,
        at now: Instant
    ) async throws(UserFailure) -> [RecordWrite] {
        var writes: [RecordWrite] = []
        var owner = found.user
        if owner.noticeAt.map({ $0.adding(UserLimits.noticeTime) <= now }) ?? true {
            owner.noticeAt = now
            let mail = wording.repeatedSignUp(to: owner.email, at: now)
            writes.append(try await write(owner, found.key, expectedRevision: found.revision))
            writes.append(try await outbox.write(mail, from: random))
        }
        if ASCII.lowercased(email) != ASCII.lowercased(owner.email) {
            let mail = wording.notSignedUp(to: email, at: now)
            writes.append(try await outbox.write(mail, from: random))
        }
        return writes
    }
}
