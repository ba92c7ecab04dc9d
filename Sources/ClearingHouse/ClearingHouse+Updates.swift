// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// What payment servers have to know, in the order in which it became so. Format 1: the update as
/// a ``CollectionMessage`` of one (counted). The key is its revision 8, from 1.
struct UpdateRecord: Equatable, Sendable {
    let revision: UInt64
    let update: SchemeUpdate

    private static let format: UInt8 = 1
    private static let bytesMax = 64
}

extension UpdateRecord: ClearingRecord {
    static let kind = ClearingRecords.update
    var key: [UInt8] { revision.bigEndianBytes }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        revision = key.reduce(0) { $0 << 8 | UInt64($1) }
        var reader = ByteReader(body, of: "scheme update")
        guard try reader.byte("format") == UpdateRecord.format else {
            throw reader.failure("format", .invalid)
        }
        let bytes = try reader.counted("update", max: UpdateRecord.bytesMax)
        guard case .updates(_, _, let updates) = try CollectionMessage(bytes), updates.count == 1
        else { throw reader.failure("update", .invalid) }
        update = updates[0]
        try reader.end()
    }

    var bytes: [UInt8] {
        let message = CollectionMessage.updates(revision: revision, hasMore: false, [update])
        var writer = ByteWriter(capacity: 64)
        writer.byte(UpdateRecord.format)
        writer.counted(message.bytes)
        return writer.bytes
    }
}

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
