// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Synchronization
import Wire

// Mixed payments: two sales, of two currencies, that are sold together or not at all. Each is drawn
// and answered as any other; the first one whose S3 is right waits for the other, and both become
// sold in one commit. Where one ends in another way the other one can never be sold.
extension PaymentModule {
    /// Whether the other half of a draw request can still be sold.
    ///
    /// - Throws: `.orderGivenUp` where it cannot.
    func checkOtherHalf(of terms: OrderTerms) async throws(Refusal) {
        guard let half = terms.otherHalf, let other = try await read(half.transaction) else {
            return
        }
        if other.sale.state == .void || other.sale.state == .refused { throw .orderGivenUp }
    }

    /// Takes the right answer of a half.
    ///
    /// - Throws: `.orderInProgress` while the other half has not come so far; the answer is durable
    ///   then, and whoever asks again learns how both have ended.
    func sellHalf(_ answer: DebitAnswer, _ held: inout Held) async throws(Refusal) -> [UInt8] {
        guard let terms = held.sale.request.terms.ofOtherHalf else {
            preconditionFailure("A half has another one.")
        }
        let other = try await read(terms.transaction)
        switch other?.sale.state {
        case .void, .refused: return try await giveUp(&held)
        case .drawn:
            guard let other, other.sale.answer != nil, other.sale.request.terms == terms,
                other.sale.isHalf(with: held.sale), !other.sale.isLeftToSecurityCard
            else { break }
            return try await sell(answer, &held, and: other)
        case .sold, nil: break
        }
        try await keep(answer, &held)
        throw .orderInProgress
    }

    /// Makes the answer of a half durable that waits for the other one.
    private func keep(_ answer: DebitAnswer, _ held: inout Held) async throws(Refusal) {
        guard held.sale.answer == nil, let stored = try await read(held.sale.transaction) else {
            return
        }
        var sale = held.sale
        sale.answer = answer
        try await commit(
            &sale,
            revision: held.revision,
            reply: stored.reply,
            steps: [SaleStep(.answered, at: now(), answer.bytes)],
            nil
        )
        held.sale = sale
        held.revision += 1
    }

    /// Both halves become sold in one commit, or neither.
    private func sell(
        _ answer: DebitAnswer,
        _ held: inout Held,
        and other: Stored
    ) async throws(Refusal) -> [UInt8] {
        let moment = now()
        let otherHeld: Held
        do throws(ModuleFailure) {
            otherHeld = try await self.held(other, nil)
        } catch {
            throw .storeUnavailable
        }
        var (sale, otherSale) = (held.sale, other.sale)
        (sale.answer, sale.state, otherSale.state) = (answer, .sold, .sold)
        let reply = try await reply(sale, .sold, nil, moment, held.session)
        let otherReply = try await self.reply(otherSale, .sold, nil, moment, otherHeld.session)
        var transition = Transition(writes: [])
        try await append(
            &sale,
            revision: held.revision,
            reply: reply,
            steps: [SaleStep(.sold, at: moment, answer.bytes)],
            to: &transition
        )
        try await append(
            &otherSale,
            revision: other.revision,
            reply: otherReply,
            steps: [SaleStep(.sold, at: moment, otherSale.answer?.bytes ?? [])],
            to: &transition
        )
        try await commit(transition, nil)
        held.sale = sale
        held.revision += 1
        // Its next message takes it from the database.
        _ = self.held.withLock { $0.removeValue(forKey: otherSale.transaction) }
        return reply
    }

    /// Gives a half up because who drew it says that no card will be debited for the other one.
    ///
    /// - Returns: the Debit Result; that of a sale that has ended is repeated.
    func otherHalfRefused(
        _ transaction: TransactionIdentifier,
        by peer: String
    ) async throws(Refusal) -> [UInt8] {
        guard let stored = try await read(transaction), stored.sale.peer == peer,
            stored.sale.request.terms.otherHalf != nil
        else { throw .orderUnknown }
        guard stored.sale.state.isOpen else { return stored.reply }
        guard var held = try await take(transaction) else { throw .busy }
        do throws(Refusal) {
            let reply = try await giveUp(&held)
            release(held)
            return reply
        } catch {
            return try await keep(held, after: error)
        }
    }
}

extension SaleRecord {
    /// Whether both were drawn by the same OPAL server, of one card.
    fileprivate func isHalf(with other: SaleRecord) -> Bool {
        peer == other.peer
            && draw.initializeAnswer.card == other.draw.initializeAnswer.card
    }
}
