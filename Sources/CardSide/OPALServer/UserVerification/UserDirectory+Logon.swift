// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

extension UserDirectory {
    /// Opens a session, or gives a ticket for a right one-time password.
    /// The address is that of ``signUp(_:from:at:)``.
    package func logOn(
        _ identifier: String,
        _ password: Password,
        from address: String,
        at now: Instant
    ) async throws(UserFailure) -> LogonOutcome {
        switch try await check(identifier, password, from: address, at: now) {
        case .passed(let found, _):
            guard let token = try await openSession(found, at: now) else { return .refused }
            return .signedIn(token)
        case .ticket(let ticket): return .mustChangePassword(ticket)
        case .refused: return .refused
        case .throttled(let until): return .throttled(until: until)
        }
    }

    /// Checks identifier and password for one purchase, without a session (FIG. 11A, step 606).
    /// The address is that of ``signUp(_:from:at:)``.
    package func verify(
        _ identifier: String,
        _ password: Password,
        from address: String,
        at now: Instant
    ) async throws(UserFailure) -> VerifyOutcome {
        switch try await check(identifier, password, from: address, at: now) {
        case .passed(_, let user): return .verified(user)
        case .ticket(let ticket): return .mustChangePassword(ticket)
        case .refused: return .refused
        case .throttled(let until): return .throttled(until: until)
        }
    }

    private enum Check {
        case passed(Found, SignedInUser)
        case ticket(PasswordTicket)
        case refused
        case throttled(Instant)
    }

    private func check(
        _ typed: String,
        _ password: Password,
        from address: String,
        at now: Instant
    ) async throws(UserFailure) -> Check {
        let identifier = UserIdentifier(typed)
        var subjects: [Throttle.Subject] = [.address(address)]
        if let identifier { subjects.append(.user(hashes.user(identifier))) }
        if let until = try await throttle.admit(subjects, at: now) { return .throttled(until) }
        if password.isOversized { return .refused }
        guard let identifier, let found = try await read(hashes.user(identifier)) else {
            // The work of a comparison, so that an unknown user takes as long as a known one.
            _ = try await hash(password.text)
            return .refused
        }
        let result: Check
        if let oneTime = OneTimePassword(typed: password.text),
            found.user.card == nil || OneTimePassword.hasMailedShape(password.text)
        {
            result = try await check(oneTime, of: found, at: now)
        } else if let user = found.signedIn {
            let isRight = try await matches(password.text, found.user.passwordHash)
            result = isRight ? .passed(found, user) : .refused
        } else {
            _ = try await hash(password.text)
            result = .refused
        }
        if case .refused = result { return .refused }
        // Where the count cannot be taken back, one failure too many is counted; but a ticket whose
        // one-time password is used up must reach the person.
        try? await throttle.forgive(subjects, at: now)
        return result
    }

    /// Uses up a one-time password if it is the right one. One comparison, whatever there is.
    private func check(
        _ typed: OneTimePassword,
        of first: Found,
        at now: Instant
    ) async throws(UserFailure) -> Check {
        guard let mailed = first.user.oneTime else {
            _ = try await hash(typed.text)
            return .refused
        }
        let isRight = try await matches(typed.text, mailed.hash)
        guard isRight, now < mailed.expiresAt else { return .refused }
        var found = first
        for _ in 0..<UserLimits.triesMax {
            guard found.user.oneTime == mailed else { return .refused }
            var user = found.user
            user.oneTime = nil
            let ticket = PasswordTicket(from: random)
            let session = SessionRecord(
                purpose: .ticket,
                user: found.key,
                epoch: user.epoch,
                createdAt: now,
                lastSeenAt: now
            )
            let writes = [
                try await write(user, found.key, expectedRevision: found.revision),
                try await records.put(
                    RecordKey(UserRecordKinds.session, hashes.ticket(ticket)),
                    expectedRevision: 0,
                    session.bytes
                ),
            ]
            if try await records.commit(Transition(writes: writes)) { return .ticket(ticket) }
            guard let next = try await read(found.key) else { return .refused }
            found = next
        }
        throw .busy
    }
}

extension UserDirectory.Found {
    /// Nil until the setup is complete.
    var signedIn: SignedInUser? {
        user.card.map {
            SignedInUser(
                key: key,
                card: $0,
                maskedIdentifier: user.identifier.masked,
                isChild: user.guardian != nil
            )
        }
    }
}
