// SPDX-License-Identifier: Apache-2.0

import Kernel
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

    /// Asks issuers which of their cards were blocked or unblocked, and passes it on. To be called
    /// every few seconds or minutes. An issuer that does not answer is asked again by the next
    /// round; what it says of another issuer's cards is left out.
    ///
    /// Returns how many updates were passed on. Throws `.damaged` when all other issuers were
    /// asked; `.store`, `.module`.
    @discardableResult
    package func passBlocks() async throws(ClearingFailure) -> Int {
        var (count, damaged): (Int, String?) = (0, nil)
        for issuer in try await issuers(limit: RecordLimits.pageMax) {
            guard let link = issuers(issuer.identifier) else { continue }
            do throws(ClearingFailure) {
                for _ in 0..<ClearingLimits.blockPagesMax {
                    let (passed, hasMore) = try await passBlocks(of: issuer.identifier, link)
                    count += passed
                    if !hasMore { break }
                }
            } catch .damaged(let place) { damaged = place } catch { throw error }
        }
        if let damaged { throw .damaged(damaged) }
        return count
    }

    private func passBlocks(
        of issuer: IssuerIdentifier,
        _ link: any Link
    ) async throws(ClearingFailure) -> (passed: Int, hasMore: Bool) {
        let entry = try await book.find(BlockRevision.self, ClearedIssuer.key(issuer))
        let before = entry?.value.revision ?? 0
        let question = CollectionMessage.updatesQuestion(after: before)
        guard let bytes = try? await link.request(question.bytes),
            case .updates(let revision, let hasMore, let updates)? = try? CollectionMessage(bytes),
            revision > before
        else { return (0, false) }
        let own = updates.filter { update in
            guard case .card(let card, _) = update else { return false }
            return card.issuer == issuer
        }
        var transition = Transition(writes: [])
        try await book.put(
            BlockRevision(issuer: issuer, revision: revision),
            over: entry?.revision ?? 0,
            to: &transition
        )
        try await tell(own, in: &transition)
        // Where another round was first, the next one goes on from there.
        return try await book.commit(transition) ? (own.count, hasMore) : (0, false)
    }
}
