// SPDX-License-Identifier: Apache-2.0

package import Batches
import Kernel
package import Records
package import SecurityModule
package import Wire

/// Concentration point 68: takes the batches of payment servers in, keeps them until the clearing
/// house 110 has them, and passes what is new back (`docs/messages/collection.md`).
///
/// It has no key of the scheme: it walks the chain of a batch and adds its totals up, so that what
/// was lost or changed on the way is seen here; whether a security card has signed the end of the
/// chain is for the clearing house to say.
package final class ConcentrationPoint: LinkService {
    package static let schema = RecordSchema(
        party: "concentration_point",
        version: 1,
        kinds: [BatchRecord.kind, PartRecord.kind, UpdatePages.kind]
    )

    private let intake: BatchIntake
    private let sender: BatchSender
    private let updates: UpdatePages
    private let clearingHouse: any Link
    private let senders: [String: Set<UInt32>]

    /// `checking`: walks chains; no key is asked for.
    /// `senders`: payment servers by the names of their links, and the acquirers whose security
    ///     cards each may have.
    /// `clearingHouse`: the link on.
    /// `alarm`: told once of each batch that does not get on.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        checking: any BatchChecking,
        senders: [String: Set<UInt32>],
        clearingHouse: any Link,
        alarm: @escaping @Sendable (BatchAlarm) -> Void = { _ in }
    ) {
        intake = BatchIntake(store: store, seals: seals, checking: checking, at: .onTheWay)
        sender = BatchSender(
            store: store,
            seals: seals,
            contents: intake.contents,
            link: clearingHouse,
            alarm: alarm
        )
        updates = UpdatePages(store: store, seals: seals)
        self.senders = senders
        self.clearingHouse = clearingHouse
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard let message = try? CollectionMessage(request) else {
            return CollectionMessage.unavailable.bytes
        }
        let answer: CollectionMessage
        do throws(StoreFailure) {
            answer = try await self.answer(message, from: peer)
        } catch {
            answer = .unavailable
        }
        return answer.bytes
    }

    private func answer(
        _ message: CollectionMessage,
        from peer: String
    ) async throws(StoreFailure) -> CollectionMessage {
        guard let acquirers = senders[peer] else {
            return message.batch.map { .refused($0, .unknownSecurityCard) } ?? .unavailable
        }
        if let batch = message.batch, !acquirers.contains(batch.securityCard.acquirer) {
            return .refused(batch, .unknownSecurityCard)
        }
        switch message {
        case .updatesQuestion(let revision): return try await updates.answer(after: revision)
        case .refund(_, let acquirer, _):
            return acquirers.contains(acquirer) ? await pass(message) : .unavailable
        default: return try await intake.answer(message)
        }
    }

    /// Passes a refund on, and what the clearing house answers back. Nothing of it is kept: the
    /// payment server asks until it has an outcome.
    private func pass(_ refund: CollectionMessage) async -> CollectionMessage {
        guard let bytes = try? await clearingHouse.request(refund.bytes),
            let answer = try? CollectionMessage(bytes), case .refundAnswer = answer
        else { return .unavailable }
        return answer
    }

    // MARK: Rounds

    /// Offers what is whole here to the clearing house. To be called every few seconds or minutes.
    ///
    /// - Throws: `StoreFailure`; the next round goes on.
    @discardableResult
    package func forward() async throws(StoreFailure) -> BatchSender.Report {
        try await sender.run()
    }

    /// Asks the clearing house what is new, and keeps it for payment servers. To be called every
    /// few seconds or minutes.
    ///
    /// - Returns: how many updates came.
    @discardableResult
    package func refreshUpdates() async throws(StoreFailure) -> Int {
        try await updates.refresh(over: clearingHouse)
    }
}

extension CollectionMessage {
    /// The batch that a request is about.
    fileprivate var batch: BatchName? {
        switch self {
        case .offer(let header): header.name
        case .part(let batch, _, _): batch
        default: nil
        }
    }
}
