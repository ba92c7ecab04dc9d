// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing

/// Disputes in the world of refunds: its holders, its issuer's operator and its merchants.
extension RefundWorld {
    func complaint(
        _ reason: DisputeReason = .notDelivered,
        _ words: String = "It never came."
    ) throws -> Dispute.Complaint {
        try #require(
            Dispute.Complaint(reason, words: words, isByGuardian: false, filedAt: world.now)
        )
    }

    /// The holder of a card disputes a sale.
    @discardableResult
    func file(
        _ transaction: TransactionIdentifier,
        card: Int = 0
    ) async throws -> Result<Dispute, DisputeRefusal> {
        try await disputes.file(transaction, of: world.cards[card], try complaint())
    }

    /// Pays, clears, and disputes.
    func disputed() async throws -> TransactionIdentifier {
        let sale = try await buyAndClear()
        _ = try await file(sale).get()
        return sale
    }

    /// The operator decides for the holder.
    @discardableResult
    func decide(
        _ transaction: TransactionIdentifier,
        _ minorUnits: UInt64 = 150
    ) async throws -> Result<Dispute, DisputeRefusal> {
        try await disputes.refund(minorUnits, of: transaction, by: "maria", words: "You are right.")
    }

    func state(_ transaction: TransactionIdentifier) async throws -> DisputeState? {
        try await disputes.find(transaction)?.state
    }

    func chargeBack(_ number: UInt8, _ minorUnits: UInt64) throws -> ChargeBack {
        let amount = Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
        return try #require(ChargeBack(number: number, amount: amount))
    }

    /// An amount, as mails have it.
    static func text(_ minorUnits: UInt64) -> String {
        MailWording.plain(Money(minorUnits: minorUnits, currency: .euro, exponent: .cents))
    }

    /// Texts of the mails that wait.
    func mailBodies() async throws -> [String] {
        let outbox = MailOutbox(store: world.opalStore, sealing: cardSeals)
        return try await outbox.newest(limit: 100).compactMap(\.message?.body)
    }

    /// Has the issuer's dispute of a sale again as it was: set back, and nothing else with it.
    func putBack(_ early: Record, of sale: TransactionIdentifier) async throws {
        let body = try await cardSeals.open(
            early.body,
            name: early.sealName,
            revision: early.revision
        )
        let revision = try await world.opalStore.read(early.key)?.revision ?? 0
        let sealed = try await cardSeals.seal(
            body,
            name: early.key.sealName(isOpen: early.isOpen),
            revision: revision + 1
        )
        let write = RecordWrite.put(
            early.key,
            expectedRevision: revision,
            body: sealed,
            isOpen: early.isOpen
        )
        #expect(try await world.opalStore.commit(Transition(writes: [write])) == .committed)
    }

    /// A page of what the clearing house has for a merchant.
    func listed(
        areOpen: Bool,
        of shop: Int = 0,
        beyond transaction: TransactionIdentifier? = nil,
        limit: Int = 10
    ) async throws -> ClearingHouse.DisputePage {
        try await house.disputes(
            of: world.shops[shop].merchant,
            areOpen: areOpen,
            beyond: transaction,
            limit: limit
        )
    }

    /// Buys several times, clears, and disputes each purchase.
    ///
    /// Returns the sales in the order in which parties list them.
    func disputed(_ count: Int) async throws -> [TransactionIdentifier] {
        var sales: [TransactionIdentifier] = []
        for _ in 0..<count { sales.append(try await buy()) }
        try await collect()
        for sale in sales { _ = try await file(sale).get() }
        return sales.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Lets each party do its work, whatever fails.
    func disputeRounds(_ count: Int = 3) async {
        for _ in 0..<count {
            _ = try? await house.passDisputes { world.now }
            await rounds(1)
        }
    }

    /// The merchant answers at the clearing house.
    @discardableResult
    func answer(
        _ transaction: TransactionIdentifier,
        accepts: Bool = false,
        shop: Int = 0
    ) async throws -> Result<DisputeCase, DisputeRefusal> {
        let words = accepts ? "" : "It was handed out."
        let answer = DisputeAnswer(accepts: accepts, deliveredAt: world.now, words: words)
        return try await house.answer(
            try #require(answer),
            toDisputeOf: transaction,
            as: world.shops[shop].merchant,
            now: world.now
        )
    }
}
