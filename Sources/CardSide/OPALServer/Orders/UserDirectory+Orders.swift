// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

// Users whom an issuer gives a card, without a sign-up.
extension UserDirectory {
    /// The writes that make somebody the holder of a card that is made in the same commit, and mail
    /// the one-time password with which a password is chosen. Nobody has signed up, so that nobody
    /// has a funding account on file.
    ///
    /// - Returns: nil where the user identifier is taken: it is the issuer who asks, and who is
    ///   told.
    func writes(
        ofHolder identifier: UserIdentifier,
        _ email: String,
        of card: CardIdentifier,
        from issuer: String,
        at now: Instant
    ) async throws(UserFailure) -> [RecordWrite]? {
        let key = hashes.user(identifier)
        let found = try await read(key)
        if let found, !found.user.isLapsed(at: now) { return nil }
        let oneTime = OneTimePassword(from: random)
        let user = UserRecord(
            identifier: identifier,
            state: .active(card),
            createdAt: now,
            epoch: newEpoch(),
            // Nobody knows it: the holder chooses one.
            passwordHash: try await hash(Base64URL.encode(random.bytes(32))),
            oneTime: .init(
                hash: try await hash(oneTime.text),
                expiresAt: now.adding(UserLimits.oneTimeTime)
            ),
            email: email,
            funding: .issuer
        )
        let mail = wording.cardIssued(to: email, by: issuer, oneTime, at: now)
        return [
            try await write(user, key, expectedRevision: found?.revision ?? 0),
            try await holderWrite(key, of: card), try await outbox.write(mail, from: random),
        ]
    }
}
