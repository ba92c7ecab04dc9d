// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Whether two persons agree on a change of keys.
package enum KeyAgreement: Equatable, Sendable {
    /// Both do, and the journal says so.
    case agreed
    case samePerson
    /// There is no such operator, or the password is another one.
    case notBelieved(String)
    /// Too many wrong passwords: later.
    case throttled(String)
    /// His role does not reach these keys.
    case mayNot(String)
}

// Changes of keys need two persons.
extension OperatorDesk {
    /// A person's name and password, as typed.
    package struct Credentials: Sendable {
        package let name: String
        let password: String

        package init(name: String, password: String) {
            self.name = name
            self.password = password
        }
    }

    /// Checks both persons, and writes their agreement down before anything is done.
    ///
    /// - Parameters:
    ///   - change: what is done with a key version.
    ///   - owner: whose keys.
    ///   - first: who does it.
    ///   - second: who agrees.
    ///   - now: when.
    /// - Returns: who stands against it; then nothing is written down.
    /// - Throws: `OperatorFailure` where store or seals fail.
    package func agree(
        on change: KeyChange,
        ofKeysOf owner: KeyOwner,
        by first: Credentials,
        and second: Credentials,
        at now: Instant
    ) async throws(OperatorFailure) -> KeyAgreement {
        guard let one = OperatorName(first.name) else { return .notBelieved(first.name) }
        guard let other = OperatorName(second.name) else { return .notBelieved(second.name) }
        if one == other { return .samePerson }
        for person in [first, second] {
            let obstacle = try await obstacle(to: person, keysOf: owner, at: now)
            if let obstacle { return obstacle }
        }
        let reason = "\(change.words), with \(other.text)"
        let act = OperatorJournal.Act(change.kind, at: now, by: one, reason: reason)
        switch owner {
        case .issuer(let issuer): try await journal.write(act, onKeysOf: issuer)
        case .acquirer: try await journal.writeOnClearing(act)
        }
        return .agreed
    }

    private func obstacle(
        to person: Credentials,
        keysOf owner: KeyOwner,
        at now: Instant
    ) async throws(OperatorFailure) -> KeyAgreement? {
        let logon = try await logOn(person.name, person.password, from: "host", at: now)
        switch logon {
        case .refused: return .notBelieved(person.name)
        case .throttled: return .throttled(person.name)
        case .signedIn(let session): signOut(session)
        }
        guard let name = OperatorName(person.name) else { return .notBelieved(person.name) }
        let role = try await role(of: name)
        return role.map(owner.isReached(by:)) == true ? nil : .mayNot(person.name)
    }
}
