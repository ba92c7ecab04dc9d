// SPDX-License-Identifier: Apache-2.0

import Batches
package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Clearing and administration 110: takes the batches of security cards in, has each sale proved by
/// its issuer, keeps the books, and pays merchants and acquirers out
/// (`docs/decisions/0027`, `docs/messages/clearing.md`).
///
/// Who may ask for what beyond collection is the matter of who composes it.
package struct ClearingHouse: LinkService {
    let book: ClearingBook
    let intake: BatchIntake
    let batches: any BatchChecking
    let issuers: @Sendable (IssuerIdentifier) -> (any Link)?
    let disputePlaces = DisputePlaces()

    /// - Parameters:
    ///   - store: opened with ``ClearingRecords/schema``.
    ///   - sealing: seals the records in the store.
    ///   - batches: checks SB and refunds with KB of the acquirers, and walks chains.
    ///   - issuers: gives the links to those who prove sales and credit refunds, by BIN; nil where
    ///     there is none.
    package init(
        store: any RecordStore,
        sealing: any RecordSealing,
        batches: any BatchChecking,
        issuers: @escaping @Sendable (IssuerIdentifier) -> (any Link)?
    ) {
        book = ClearingBook(store: store, sealing: sealing)
        intake = BatchIntake(store: store, seals: sealing, checking: batches, at: .clearingHouse)
        self.batches = batches
        self.issuers = issuers
    }

    // MARK: Collection

    /// Answers a concentration point or payment server, known by the name of its link: batches and
    /// refunds of the acquirers that name it as a sender, and what is new in the scheme.
    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard let message = try? CollectionMessage(request) else {
            return CollectionMessage.unavailable.bytes
        }
        do throws(ClearingFailure) {
            return try await answer(message, from: peer).bytes
        } catch {
            return CollectionMessage.unavailable.bytes
        }
    }

    private func answer(
        _ message: CollectionMessage,
        from peer: String
    ) async throws(ClearingFailure) -> CollectionMessage {
        let batch: BatchName
        switch message {
        case .updatesQuestion(let revision): return try await updates(after: revision)
        case .offer(let header): batch = header.name
        case .part(let name, _, _): batch = name
        case .refund(let order, let acquirer, let code):
            guard try await isSender(peer, of: acquirer) else { return .unavailable }
            return try await refund(order, of: acquirer, code)
        default: return .unavailable
        }
        guard try await isSender(peer, of: batch.securityCard.acquirer) else {
            return .refused(batch, .unknownSecurityCard)
        }
        do throws(StoreFailure) {
            return try await intake.answer(message)
        } catch { throw .store(error) }
    }

    private func isSender(
        _ peer: String,
        of acquirer: UInt32
    ) async throws(ClearingFailure) -> Bool {
        let known = try await book.find(ClearedAcquirer.self, ClearedAcquirer.key(acquirer))
        return known?.value.senders.contains(peer) == true
    }
}
