// SPDX-License-Identifier: Apache-2.0

package import Records

/// The kinds of record that user verification keeps.
package enum UserRecordKinds {
    /// A user, sealed; the key is the ``UserKey``. Open until the setup is complete.
    package static let user = RecordKind("user", keyBytes: 32...32)
    /// A session or a password ticket, sealed; the key is a hash of its token.
    package static let session = RecordKind("session", keyBytes: 32...32)
    /// Counted failures; the key is a hash of what they belong to.
    package static let attempts = RecordKind("attempts", keyBytes: 32...32)
    /// A mail to be sent, sealed, because it can hold a one-time password. The key is a UUID of
    /// version 7, so that mails are in the order of their time. Open until it is delivered.
    package static let mail = RecordKind("mail", keyBytes: 16...16)

    /// Who holds a card, sealed; the key is a hash of the card's number, the body a ``UserKey``.
    package static let holder = RecordKind("holder", keyBytes: 32...32)

    /// The children of a guardian, sealed; the key is that of the guardian.
    package static let guardianship = Guardianship.kind

    /// All of them, for the ``RecordSchema`` of the party.
    package static func all() -> [RecordKind] {
        [user, session, attempts, mail, holder, guardianship]
    }
}
