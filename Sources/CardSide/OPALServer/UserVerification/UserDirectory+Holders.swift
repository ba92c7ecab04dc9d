// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

// Who holds a card, so that a holder can be told what became of a payment.
extension UserDirectory {
    /// The write that remembers the holder of a new card.
    func holderWrite(
        _ user: UserKey,
        of card: CardIdentifier
    ) async throws(UserFailure) -> RecordWrite {
        try await records.put(holderKey(card), expectedRevision: 0, user.bytes)
    }

    private func holderKey(_ card: CardIdentifier) -> RecordKey {
        RecordKey(UserRecordKinds.holder, hashes.holder(card))
    }

    /// The user who holds a card, or held it until its value moved to the present one.
    ///
    /// - Returns: nil where nobody does, or where the record of the holder was changed by somebody
    ///   else.
    /// - Throws: `.store`, `.module` where it cannot be said now.
    func holder(of card: CardIdentifier) async throws(UserFailure) -> Found? {
        do throws(UserFailure) {
            guard let opened = try await records.read(holderKey(card)) else { return nil }
            let key = try decoded(opened.body) { bytes throws(WireFailure) in
                var reader = ByteReader(bytes, of: "holder")
                let key = try reader.userKey()
                try reader.end()
                return key
            }
            guard let found = try await read(key),
                found.user.card == card || found.user.predecessor == card
            else { return nil }
            return found
        } catch {
            switch error {
            case .module(.sealBroken), .damaged: return nil
            default: throw error
            }
        }
    }
}
