// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// A change of a card's limits that one operator proposes; it is made when another one agrees.
struct LimitProposal: Equatable, Sendable {
    /// By the card: one at a time.
    static let kind = RecordKind("limit_proposal", keyBytes: 8...8)
    private static let format: UInt8 = 1

    let proposer: String
    let moment: Instant
    /// The limits as they were, nil for none: others are not overwritten.
    let before: SpendingLimits?
    /// Nil where they are lifted.
    let limits: SpendingLimits?

    /// From when on nobody can agree any more.
    var end: Instant { moment.adding(ConsoleLimits.proposalTime) }

    /// Whether it can still be agreed to. One from a clock that was ahead cannot.
    func isOpen(at now: Instant) -> Bool {
        now < end && moment <= now.adding(PurchaseLimits.clockSkew)
    }
}

// Format 1: proposer (counted), moment 8, the limits before and after, each as the bytes of a
// policy (counted).
extension LimitProposal {
    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "limit proposal")
        guard try reader.byte("format") == Self.format else {
            throw reader.failure("format", .invalid)
        }
        proposer = try reader.text("proposer", bytesMax: SignInLimits.nameBytes.upperBound)
        moment = try reader.moment("moment")
        let bytesMax = SpendingPolicy.bytesMax
        before = try SpendingPolicy(try reader.counted("before", max: bytesMax)).limits
        limits = try SpendingPolicy(try reader.counted("limits", max: bytesMax)).limits
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(Self.format)
        writer.text(proposer)
        writer.moment(moment)
        writer.counted(SpendingPolicy(limits: before).bytes)
        writer.counted(SpendingPolicy(limits: limits).bytes)
        return writer.bytes
    }
}

/// The proposals that wait for a second person.
struct LimitProposals: Sendable {
    struct Stored: Sendable {
        let card: CardIdentifier
        let proposal: LimitProposal
        let revision: UInt64
    }

    let store: any RecordStore
    let seals: any RecordSealing

    func proposal(for card: CardIdentifier) async throws(OperatorFailure) -> Stored? {
        do {
            guard let record = try await store.read(Self.key(card)) else { return nil }
            return try await open(record)
        } catch {
            throw OperatorFailure(error)
        }
    }

    /// Those that can still be agreed to, by card; what does not open is for the audit.
    func open(at now: Instant) async throws(OperatorFailure) -> [Stored] {
        try await all().filter { $0.proposal.isOpen(at: now) }
    }

    private func all() async throws(OperatorFailure) -> [Stored] {
        var all: [Stored] = []
        do throws(StoreFailure) {
            try await store.forEach(LimitProposal.kind) { record async throws(StoreFailure) in
                if let stored = try? await open(record) { all.append(stored) }
            }
        } catch {
            throw .store(error)
        }
        return all
    }

    /// Removes those that nobody can agree to any more.
    func removeLapsed(at now: Instant) async throws(OperatorFailure) {
        for stored in try await all() where !stored.proposal.isOpen(at: now) {
            try await remove(stored)
        }
    }

    /// Where none is.
    ///
    /// Throws `.busy` where somebody else was first.
    func put(_ proposal: LimitProposal, for card: CardIdentifier) async throws(OperatorFailure) {
        let key = Self.key(card)
        do {
            let body = try await seals.seal(proposal.bytes, name: key.sealName(), revision: 1)
            let write = RecordWrite.put(key, expectedRevision: 0, body: body)
            let outcome = try await store.commit(Transition(writes: [write]))
            guard outcome == .committed else { throw OperatorFailure.busy }
        } catch {
            throw OperatorFailure(error)
        }
    }

    /// Once it is done with; may be done twice.
    func remove(_ stored: Stored) async throws(OperatorFailure) {
        do throws(StoreFailure) {
            let write = RecordWrite.delete(
                Self.key(stored.card),
                expectedRevision: stored.revision
            )
            _ = try await store.commit(Transition(writes: [write]))
        } catch {
            throw .store(error)
        }
    }

    private func open(_ record: Record) async throws -> Stored {
        let bits = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
        guard let card = CardIdentifier(bcd: bits) else { throw OperatorFailure.damaged }
        let body = try await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        return Stored(card: card, proposal: try LimitProposal(body), revision: record.revision)
    }

    private static func key(_ card: CardIdentifier) -> RecordKey {
        RecordKey(LimitProposal.kind, card.bytes)
    }
}
