// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Whether two persons agree on a change of an issuer's keys.
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
    ///   - issuer: whose keys.
    ///   - first: who does it.
    ///   - second: who agrees.
    ///   - now: when.
    /// - Returns: who stands against it; then nothing is written down.
    /// - Throws: `OperatorFailure` where store or seals fail.
    package func agree(
        on change: KeyChange,
        ofKeysOf issuer: IssuerIdentifier,
        by first: Credentials,
        and second: Credentials,
        at now: Instant
    ) async throws(OperatorFailure) -> KeyAgreement {
        guard let one = OperatorName(first.name) else { return .notBelieved(first.name) }
        guard let other = OperatorName(second.name) else { return .notBelieved(second.name) }
        if one == other { return .samePerson }
        for person in [first, second] {
            let obstacle = try await obstacle(to: person, keysOf: issuer, at: now)
            if let obstacle { return obstacle }
        }
        let reason = "\(change.words), with \(other.text)"
        let act = OperatorJournal.Act(change.kind, at: now, by: one, reason: reason)
        try await journal.write(act, onKeysOf: issuer)
        return .agreed
    }

    private func obstacle(
        to person: Credentials,
        keysOf issuer: IssuerIdentifier,
        at now: Instant
    ) async throws(OperatorFailure) -> KeyAgreement? {
        let logon = try await logOn(person.name, person.password, from: "host", at: now)
        switch logon {
        case .refused: return .notBelieved(person.name)
        case .throttled: return .throttled(person.name)
        case .signedIn(let session): signOut(session)
        }
        guard let name = OperatorName(person.name) else { return .notBelieved(person.name) }
        switch try await role(of: name) {
        case .everything: return nil
        case .issuer(let own) where own == issuer: return nil
        default: return .mayNot(person.name)
        }
    }
}
