// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// What travels back to payment servers and security cards.
extension ClearingHouse {
    /// A page of what came after a revision.
    func updates(after revision: UInt64) async throws(ClearingFailure) -> CollectionMessage {
        let page = try await book.list(
            UpdateRecord.self,
            after: revision.bigEndianBytes,
            limit: CollectionMessage.updatesMax + 1
        )
        let updates = page.prefix(CollectionMessage.updatesMax)
        return .updates(
            revision: updates.last?.revision ?? revision,
            hasMore: page.count > updates.count,
            updates.map(\.update)
        )
    }

    /// Adds updates to a transition, behind the last one; whoever was faster makes it a conflict.
    func tell(
        _ updates: [SchemeUpdate],
        in transition: inout Transition
    ) async throws(ClearingFailure) {
        if updates.isEmpty { return }
        let last = try await book.list(
            UpdateRecord.self,
            after: nil,
            limit: 1,
            order: .descending
        ).first
        var revision = last?.revision ?? 0
        for update in updates {
            revision += 1
            let record = UpdateRecord(revision: revision, update: update)
            try await book.put(record, over: 0, to: &transition)
        }
    }

    /// Tells payment servers that a card is blocked, or is not any more. To be called by who speaks
    /// for its issuer; the same twice does no harm.
    package func block(_ card: CardIdentifier, _ isBlocked: Bool) async throws(ClearingFailure) {
        try await book.change { () async throws(ClearingFailure) in
            var transition = Transition(writes: [])
            try await tell([.card(card, isBlocked: isBlocked)], in: &transition)
            return ((), transition)
        }
    }
}
