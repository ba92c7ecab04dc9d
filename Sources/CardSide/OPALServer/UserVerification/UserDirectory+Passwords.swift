// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records

extension UserDirectory {
    /// Completes the setup: the new password, the card identifier and what comes with the card
    /// become durable together (FIG. 10, step 502). The extra writes are the record of the new
    /// card, each with the expected revision 0; the history is the first row of the card's.
    package func completeSetup(
        _ ticket: PasswordTicket,
        newPassword: Password,
        card: CardIdentifier,
        extraWrites: [RecordWrite],
        history: [HistoryRow] = [],
        at now: Instant
    ) async throws(UserFailure) -> SetupOutcome {
        guard var holder = try await holder(of: ticket, at: now), holder.found.user.card == nil
        else { return .ended }
        if let problem = problem(of: newPassword, for: holder.found) {
            return .unsuitable(problem)
        }
        let passwordHash = try await hash(newPassword.text)
        for _ in 0..<UserLimits.triesMax {
            var user = holder.found.user
            user.state = .active(card)
            let (token, writes) = try await change(
                user,
                holder,
                to: passwordHash,
                mail: nil,
                at: now
            )
            let transition = Transition(
                writes: writes + [try await holderWrite(holder.found.key, of: card)] + extraWrites
                    + (try await mails(ofNewCard: card, of: user, at: now)),
                history: history
            )
            if try await records.commit(transition) { return .completed(token) }
            guard let next = try await self.holder(of: ticket, at: now),
                next.found.user.card == nil
            else { return .ended }
            // What this folder wrote is unchanged: the conflict lies in what came along.
            if next.found.revision == holder.found.revision { return .cardTaken }
            holder = next
        }
        throw .busy
    }

    /// Chooses a new password after a one-time password. A user without a card stays as they are:
    /// see ``completeSetup(_:newPassword:card:extraWrites:history:at:)``.
    package func changePassword(
        _ ticket: PasswordTicket,
        to new: Password,
        at now: Instant
    ) async throws(UserFailure) -> PasswordChangeOutcome {
        guard let holder = try await holder(of: ticket, at: now) else { return .ended }
        if let problem = problem(of: new, for: holder.found) { return .unsuitable(problem) }
        if holder.found.user.card == nil { return .needsCard }
        let passwordHash = try await hash(new.text)
        return try await store(passwordHash, at: now) { () throws(UserFailure) in
            try await self.holder(of: ticket, at: now)
        }
    }

    /// Chooses a new password within a session. A wrong old one counts as a failed logon.
    /// The address is that of ``signUp(_:from:at:)``.
    package func changePassword(
        _ token: SessionToken,
        old: Password,
        new: Password,
        from address: String,
        at now: Instant
    ) async throws(UserFailure) -> PasswordChangeOutcome {
        guard let user = try await session(token, at: now),
            let holder = try await holder(of: token)
        else { return .ended }
        if let problem = problem(of: new, for: holder.found) { return .unsuitable(problem) }
        let subjects: [Throttle.Subject] = [.address(address), .user(user.key)]
        if let until = try await throttle.admit(subjects, at: now) {
            return .throttled(until: until)
        }
        if old.isOversized { return .oldPasswordWrong }
        guard try await matches(old.text, holder.found.user.passwordHash) else {
            return .oldPasswordWrong
        }
        try await throttle.forgive(subjects, at: now)
        let passwordHash = try await hash(new.text)
        return try await store(passwordHash, at: now) { () throws(UserFailure) in
            try await self.holder(of: token)
        }
    }

    /// Mails a new one-time logon password, at most one in ``UserLimits/reminderTime``.
    /// The address is that of ``signUp(_:from:at:)``.
    package func remind(
        _ typed: String,
        from address: String,
        at now: Instant
    ) async throws(UserFailure) -> ReminderOutcome {
        if let until = try await throttle.admit([.request(from: address)], at: now) {
            return .throttled(until: until)
        }
        let password = OneTimePassword(from: random)
        let expiresAt = now.adding(UserLimits.oneTimeTime)
        let oneTime = UserRecord.OneTime(hash: try await hash(password.text), expiresAt: expiresAt)
        guard let identifier = UserIdentifier(typed) else { return .checkYourMail }
        for _ in 0..<UserLimits.triesMax {
            guard let found = try await read(hashes.user(identifier)),
                !found.user.isLapsed(at: now),
                found.user.reminderAt.map({ $0.adding(UserLimits.reminderTime) <= now }) ?? true
            else { return .checkYourMail }
            var user = found.user
            user.oneTime = oneTime
            user.reminderAt = now
            if user.card == nil { user.state = .awaitingMail(until: expiresAt) }
            let mail = wording.reminder(to: user.email, password, at: now)
            let writes = [
                try await write(user, found.key, expectedRevision: found.revision),
                try await outbox.write(mail, from: random),
            ]
            if try await records.commit(Transition(writes: writes)) { return .checkYourMail }
        }
        throw .busy
    }

    /// Whether a ticket is that of a child, whose card begins empty: its guardian pays.
    package func isChild(
        _ ticket: PasswordTicket,
        at now: Instant
    ) async throws(UserFailure) -> Bool {
        try await holder(of: ticket, at: now)?.found.user.guardian != nil
    }

    /// A user together with the session or the ticket that acts for them.
    private struct Holder: Sendable {
        let found: Found
        let key: RecordKey
        let revision: UInt64
    }

    private func holder(
        of ticket: PasswordTicket,
        at now: Instant
    ) async throws(UserFailure) -> Holder? {
        guard let (opened, session) = try await readSession(hashes.ticket(ticket)),
            session.purpose == .ticket, !session.isOver(at: now),
            let found = try await read(session.user), found.user.epoch == session.epoch
        else { return nil }
        return Holder(found: found, key: opened.key, revision: opened.revision)
    }

    private func holder(of token: SessionToken) async throws(UserFailure) -> Holder? {
        guard let (opened, session) = try await readSession(hashes.session(token)),
            session.purpose == .session, let found = try await read(session.user),
            found.user.epoch == session.epoch
        else { return nil }
        return Holder(found: found, key: opened.key, revision: opened.revision)
    }

    private func problem(of password: Password, for found: Found) -> FieldProblem? {
        PasswordRules.problem(
            of: password,
            identifier: found.user.identifier,
            email: found.user.email
        )
    }

    /// The writes of a new password: the user, the end of what acted for them, a new session and
    /// a mail.
    private func change(
        _ changed: UserRecord,
        _ holder: Holder,
        to passwordHash: [UInt8],
        mail: MailMessage?,
        at now: Instant
    ) async throws(UserFailure) -> (SessionToken, [RecordWrite]) {
        var user = changed
        user.passwordHash = passwordHash
        user.oneTime = nil
        user.epoch = newEpoch()
        let (token, session) = try await newSession(
            of: holder.found.key,
            epoch: user.epoch,
            at: now
        )
        var writes = [
            try await write(user, holder.found.key, expectedRevision: holder.found.revision),
            RecordWrite.delete(holder.key, expectedRevision: holder.revision), session,
        ]
        if let mail { writes.append(try await outbox.write(mail, from: random)) }
        return (token, writes)
    }

    private func store(
        _ passwordHash: [UInt8],
        at now: Instant,
        for holder: () async throws(UserFailure) -> Holder?
    ) async throws(UserFailure) -> PasswordChangeOutcome {
        for _ in 0..<UserLimits.triesMax {
            guard let holder = try await holder() else { return .ended }
            let mail = wording.passwordChanged(to: holder.found.user.email, at: now)
            let (token, writes) = try await change(
                holder.found.user,
                holder,
                to: passwordHash,
                mail: mail,
                at: now
            )
            if try await records.commit(Transition(writes: writes)) {
                cache.dropAll(of: holder.found.key)
                return .changed(token)
            }
        }
        throw .busy
    }
}
