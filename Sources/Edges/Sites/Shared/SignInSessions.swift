// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization
import Wire

/// Somebody who is signed in. It never prints its tokens.
package struct SignInSession: Sendable {
    package let name: SignInName
    /// For the cookie and for nothing else.
    package let token: String
    /// What the forms of this session carry.
    package let formToken: String
    /// The proof of identity that opened it; nil where a password did.
    let proof: Proof?

    /// What a card proved.
    struct Proof: Equatable, Sendable {
        let transaction: TransactionIdentifier
        /// The numbers that the card has in the programmes of the site.
        let memberships: [Membership]
    }
}

extension SignInSession: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var description: String { "(session of \(name.text))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The sessions of one site, in memory; they end by a clock that only goes forward.
final class SignInSessions: Sendable {
    private struct Entry {
        let session: SignInSession
        let begunAt: Uptime
        var usedAt: Uptime

        func isOver(at now: Uptime) -> Bool {
            usedAt.adding(SignInLimits.sessionIdleTime) <= now
                || begunAt.adding(SignInLimits.sessionTime) <= now
        }
    }

    private let random: any RandomSource
    private let entries = Mutex<[String: Entry]>([:])

    init(random: any RandomSource) {
        self.random = random
    }

    func begin(
        _ name: SignInName,
        proof: SignInSession.Proof? = nil,
        at now: Uptime
    ) -> SignInSession {
        let session = SignInSession(
            name: name,
            token: Base64URL.encode(random.bytes(SignInLimits.tokenBytes)),
            formToken: Base64URL.encode(random.bytes(SignInLimits.tokenBytes)),
            proof: proof
        )
        entries.withLock { entries in
            entries = entries.filter { !$0.value.isOver(at: now) }
            if entries.count >= SignInLimits.sessionsMax,
                let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt })
            {
                entries[oldest.key] = nil
            }
            entries[session.token] = Entry(session: session, begunAt: now, usedAt: now)
        }
        return session
    }

    func use(_ token: String, at now: Uptime) -> SignInSession? {
        entries.withLock { entries in
            guard let entry = entries[token] else { return nil }
            guard !entry.isOver(at: now) else {
                entries[token] = nil
                return nil
            }
            entries[token]?.usedAt = max(entry.usedAt, now)
            return entry.session
        }
    }

    func end(_ token: String) {
        entries.withLock { $0[token] = nil }
    }

    func end(of name: SignInName) {
        entries.withLock { entries in
            entries = entries.filter { $0.value.session.name != name }
        }
    }
}
