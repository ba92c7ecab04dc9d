// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// What a browser shows to prove its session: 32 random bytes. The store knows only a hash of it.
package struct SessionToken: Sendable {
    let bytes: [UInt8]

    package static let length = 32

    init(from random: any RandomSource) {
        bytes = random.bytes(SessionToken.length)
        precondition(bytes.count == SessionToken.length)
    }

    /// - Parameter text: base64url as ``text`` gives it.
    package init?(_ text: String) {
        guard let bytes = Base64URL.decode(text), bytes.count == SessionToken.length else {
            return nil
        }
        self.bytes = bytes
    }

    /// For a cookie and for nothing else.
    package var text: String { Base64URL.encode(bytes) }
}

extension SessionToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(session token)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What a person gets for a right one-time password: the permission to choose a new password, once
/// and soon. It opens nothing else.
package struct PasswordTicket: Sendable {
    let bytes: [UInt8]

    init(from random: any RandomSource) {
        bytes = random.bytes(SessionToken.length)
        precondition(bytes.count == SessionToken.length)
    }

    /// - Parameter text: base64url as ``text`` gives it.
    package init?(_ text: String) {
        guard let bytes = Base64URL.decode(text), bytes.count == SessionToken.length else {
            return nil
        }
        self.bytes = bytes
    }

    /// For a hidden form field or a cookie.
    package var text: String { Base64URL.encode(bytes) }
}

extension PasswordTicket: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(password ticket)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Makes 32 bytes from which the input cannot be found. The composition gives SHA-256, better a
/// keyed one (HMAC): user identifiers can be guessed, and a key stops a thief of the database from
/// trying them.
package typealias TokenHash = @Sendable ([UInt8]) -> [UInt8]

/// The uses of a ``TokenHash``, apart from each other by a label.
struct TokenHashes: Sendable {
    private let hash: TokenHash

    init(_ hash: @escaping TokenHash) {
        self.hash = hash
    }

    func user(_ identifier: UserIdentifier) -> UserKey {
        UserKey(labelled("OPAL user", Array(identifier.text.utf8)))
    }

    func holder(_ card: CardIdentifier) -> [UInt8] { labelled("OPAL card holder", card.bytes) }
    /// What makes the transactions of a standing order different from all others.
    func occurrence(_ bytes: [UInt8]) -> [UInt8] { labelled("OPAL standing order", bytes) }
    /// What shows that the transaction of a load was made for it, and here.
    func accountLoad(_ bytes: [UInt8]) -> [UInt8] { labelled("OPAL account load", bytes) }
    /// What shows that a standing order was shown as it is confirmed.
    func standingOrder(_ bytes: [UInt8]) -> [UInt8] { labelled("OPAL order shown", bytes) }
    func session(_ token: SessionToken) -> [UInt8] { labelled("OPAL session", token.bytes) }
    func ticket(_ ticket: PasswordTicket) -> [UInt8] { labelled("OPAL ticket", ticket.bytes) }
    func csrf(_ token: SessionToken) -> [UInt8] { labelled("OPAL CSRF", token.bytes) }

    func attempts(_ purpose: AttemptPurpose, _ name: [UInt8]) -> [UInt8] {
        labelled("OPAL attempts \(purpose.rawValue)", name)
    }

    /// The label ends with a zero byte, so that no label and value look like another pair.
    private func labelled(_ label: String, _ value: [UInt8]) -> [UInt8] {
        let digest = hash(Array(label.utf8) + [0] + value)
        precondition(digest.count == UserKey.length)
        return digest
    }
}
