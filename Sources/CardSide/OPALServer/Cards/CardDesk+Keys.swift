// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Why a card may be renewed.
package enum CardRenewal: Equatable, Sendable {
    case expired
    /// The issuer has retired the keys of the card: it pays nothing until it is renewed.
    case keysEnded
    /// New cards are made with newer keys; the card pays on meanwhile.
    case keysReplaced

    /// Whether nothing can be paid with the card, or loaded onto it, before it is renewed.
    package var isNeeded: Bool { self != .keysReplaced }
}

// Key versions of issuers: which one new cards are made with, and who hangs on the others.
extension CardDesk {
    /// How many cards an issuer has made with one key version.
    package struct VersionCount: Equatable, Sendable {
        package var cards = 0
        /// Cards that have neither expired nor been renewed; blocked ones are among them, because
        /// they may be unblocked.
        package var live = 0
    }

    /// Changes an issuer, also beside the running server.
    ///
    /// - Returns: false where there is none, or it was changed meanwhile; then nothing was done.
    package func change(
        _ identifier: IssuerIdentifier,
        _ change: (inout Issuer) -> Void
    ) async throws(StoreFailure) -> Bool {
        let key = Issuer.key(identifier)
        guard let revision = try await store.read(key)?.revision,
            var issuer = try await issuer(identifier)
        else { return false }
        change(&issuer)
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await seals.seal(
                issuer.bytes,
                name: key.sealName(),
                revision: revision + 1
            )
        } catch {
            throw .unavailable("an issuer cannot be sealed: \(error)")
        }
        let write = RecordWrite.put(key, expectedRevision: revision, body: body)
        return try await store.commit(Transition(writes: [write])) == .committed
    }

    /// Whether a card may be renewed, and why; nil where it may not. A blocked one is not renewed
    /// whatever this says.
    package func renewal(
        of card: CardDescription,
        at now: Instant
    ) async throws(StoreFailure) -> CardRenewal? {
        if card.expiry.isPast(at: CardTime(now)) { return .expired }
        guard let issuer = try await issuer(card.card.issuer) else { return nil }
        if issuer.hasEnded(card.purchaseKeyVersion, at: CardTime(now)) { return .keysEnded }
        return issuer.purchaseKeyVersion == card.purchaseKeyVersion ? nil : .keysReplaced
    }

    /// The cards of an issuer by VKP, as of `now`. A card that does not open, which the audit
    /// names, counts for nothing.
    package func cardsByKeyVersion(
        of issuer: IssuerIdentifier,
        at now: Instant
    ) async throws(StoreFailure) -> [UInt8: VersionCount] {
        var counts: [UInt8: VersionCount] = [:]
        try await store.forEach(Emulator.cardKind) { record async throws(StoreFailure) in
            let bits = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
            guard let card = CardIdentifier(bcd: bits), card.issuer == issuer else { return }
            let sealed = SealedCard(card: card, revision: record.revision, body: record.body)
            guard let description = try? await module.describe(sealed) else { return }
            let isExpired = description.expiry.isPast(at: CardTime(now))
            let isRenewed = try await store.read(SuccessionRecord.key(card)) != nil
            let version = description.purchaseKeyVersion
            counts[version, default: VersionCount()].cards += 1
            if !isExpired && !isRenewed { counts[version, default: VersionCount()].live += 1 }
        }
        return counts
    }
}
