// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import SecurityCard
import Synchronization

/// The security cards of one process, which get issuers' keys and KB also while they serve. Each
/// card has all keys, whichever came first.
final class SecurityCardRack: Sendable {
    private struct State {
        var cards: [SoftwareSecurityCard] = []
        /// KMP, wrapped, by issuer and version.
        var keys: [SoftwareSecurityCard.KeyName: [UInt8]] = [:]
        /// The newest KB, wrapped.
        var batchKey: BatchKeyRecord?
    }

    private let state = Mutex(State())

    /// KMP of an issuer and version, wrapped.
    typealias PurchaseKey = (wrapped: [UInt8], issuer: IssuerIdentifier, version: UInt8)

    /// Takes a card in, and gives it the keys that are known.
    ///
    /// - Throws: `KeyFailure` where one does not unwrap.
    func add(_ card: SoftwareSecurityCard) throws {
        try state.withLock { state in
            for (name, wrapped) in state.keys {
                try card.install(purchaseKey: wrapped, as: name)
            }
            if let batchKey = state.batchKey { try card.install(batchKey: batchKey.wrapped) }
            state.cards.append(card)
        }
    }

    /// Lets each security card sign its batches with a KB that is newer than the one they have.
    ///
    /// `first`: done with it before, where it is newer.
    /// Returns whether it is.
    /// Throws `KeyFailure` where it does not unwrap, and what `first` throws.
    @discardableResult
    func install(
        _ batchKey: BatchKeyRecord,
        first: (BatchKeyRecord) throws -> Void = { _ in }
    ) throws -> Bool {
        try state.withLock { state in
            let isNewer = state.batchKey.map { $0.version < batchKey.version } ?? true
            guard isNewer else { return false }
            try first(batchKey)
            for card in state.cards { try card.install(batchKey: batchKey.wrapped) }
            state.batchKey = batchKey
            return true
        }
    }

    /// Gives each security card KMP of an issuer and version. One that they have is not unwrapped
    /// again.
    ///
    /// - Throws: `KeyFailure` where it does not unwrap.
    func install(_ wrapped: [UInt8], _ issuer: IssuerIdentifier, _ version: UInt8) throws {
        let name = SoftwareSecurityCard.KeyName(issuer: issuer, version: version)
        let cards = state.withLock { $0.keys[name] == nil ? $0.cards : nil }
        guard let cards else { return }
        for card in cards { try card.install(purchaseKey: wrapped, as: name) }
        state.withLock { $0.keys[name] = wrapped }
    }

    /// Gives the security cards what was shared since: the newest KB, and key versions of issuers.
    ///
    /// `batchKey`, `purchaseKeys`: read what there is now.
    /// `first`: done with a newer KB before the cards have it.
    /// Returns what keeps the cards from it, in words by the place.
    func follow(
        batchKey: () async throws -> BatchKeyRecord?,
        purchaseKeys: () async throws -> [PurchaseKey],
        first: (BatchKeyRecord) throws -> Void = { _ in }
    ) async -> [String: String] {
        var problems: [String: String] = [:]
        await problems.note("batch key") {
            if let newest = try await batchKey() { try install(newest, first: first) }
        }
        var keys: [PurchaseKey] = []
        await problems.note("issuer keys") { keys = try await purchaseKeys() }
        for key in keys {
            await problems.note("key \(key.version) of issuer \(key.issuer.digits)") {
                try install(key.wrapped, key.issuer, key.version)
            }
        }
        return problems
    }
}
