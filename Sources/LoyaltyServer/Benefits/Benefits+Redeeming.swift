// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// From the order to what is handed out.
extension Benefits {
    /// Keeps one piece of a benefit for an order, so that a benefit that sells out meanwhile leaves
    /// points and money where they are. The same again is answered with what has become of it.
    ///
    /// - Parameters:
    ///   - code: the benefit.
    ///   - member: whose it will be.
    ///   - transaction: TRX of the order that pays for it.
    ///   - now: the piece is kept from now on for ``BenefitLimits/reservationTime``.
    /// - Returns: the redemption; durable before.
    /// - Throws: `.termsDiffer`, `.unknownBenefit`, `.otherProgramme`, `.withdrawn`, `.soldOut`.
    @discardableResult
    package func reserve(
        _ code: BenefitCode,
        for member: Membership,
        transaction: TransactionIdentifier,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitRedemption {
        try await book.change { () async throws(BenefitFailure) in
            var transition = Transition(writes: [])
            if let known = try await book.redemption(transaction)?.value {
                guard known.benefit.code == code, known.member == member else {
                    throw .termsDiffer
                }
                return (known, transition)
            }
            let (stock, revision) = try await available(code, to: member)
            let redemption = BenefitRedemption(transaction, of: stock.benefit, for: member, at: now)
            let next = stock.moved(from: nil, to: .reserved)
            try await book.add(
                next,
                over: revision,
                .reserved,
                transaction,
                at: now,
                to: &transition
            )
            let kept = try await book.add(
                redemption,
                over: 0,
                left: next.left,
                at: now,
                to: &transition
            )
            return (kept, transition)
        }
    }

    private func available(
        _ code: BenefitCode,
        to member: Membership
    ) async throws(BenefitFailure) -> (BenefitStock, revision: UInt64) {
        let entry = try await book.stock(code)
        guard entry.value.benefit.programme == member.programme else { throw .otherProgramme }
        if entry.value.isWithdrawn { throw .withdrawn }
        if entry.value.isSoldOut { throw .soldOut }
        return (entry.value, entry.revision)
    }

    /// Makes a benefit the member's, because its order was paid: a voucher code is fixed, once. One
    /// that was released before is fulfilled all the same, for what was taken was taken; then what
    /// is left may fall below zero, which ``BenefitView/owed`` shows.
    ///
    /// - Parameters:
    ///   - transaction: TRX of the order.
    ///   - unlessReleased: leaves one that was released as it is: for an order by which nothing was
    ///     taken, such as a mere proof of identity, so that nothing is owed for it.
    ///   - now: the time of the end.
    /// - Returns: the redemption as it is then.
    /// - Throws: `.unknownRedemption`.
    @discardableResult
    package func fulfil(
        _ transaction: TransactionIdentifier,
        unlessReleased: Bool = false,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitRedemption {
        try await end(transaction, .paid, from: unlessReleased ? [.reserved] : nil, now: now)
    }

    /// Puts a piece back, because its order came to nothing. What was fulfilled stays so.
    ///
    /// - Throws: `.unknownRedemption`.
    @discardableResult
    package func release(
        _ transaction: TransactionIdentifier,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitRedemption {
        try await end(transaction, .cameToNothing, from: nil, now: now)
    }

    /// Says that the points of a redemption have followed its piece. Then it is closed.
    ///
    /// - Parameters:
    ///   - transaction: TRX of the order.
    ///   - due: what was done with them; where something else is due by now, nothing changes.
    ///   - end: `settled`, or `areMissing` where they could not be kept.
    ///   - now: the time.
    /// - Returns: the redemption as it is then.
    /// - Throws: `.unknownRedemption`.
    @discardableResult
    package func settlePoints(
        of transaction: TransactionIdentifier,
        _ due: BenefitRedemption.Points,
        as end: BenefitRedemption.Points,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitRedemption {
        try await book.change { () async throws(BenefitFailure) in
            var transition = Transition(writes: [])
            guard let known = try await book.redemption(transaction) else {
                throw .unknownRedemption
            }
            var next = known.value
            guard next.points == due else { return (next, transition) }
            next.points = end
            let stock = try await book.stock(next.benefit.code).value
            let closed = try await book.add(
                next,
                over: known.revision,
                left: stock.left,
                at: now,
                to: &transition
            )
            return (closed, transition)
        }
    }

    /// `states`: in all others nothing changes; nil for no such condition.
    private func end(
        _ transaction: TransactionIdentifier,
        _ event: RedemptionEvent,
        from states: Set<RedemptionState>?,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitRedemption {
        try await book.change { () async throws(BenefitFailure) in
            var transition = Transition(writes: [])
            guard let known = try await book.redemption(transaction) else {
                throw .unknownRedemption
            }
            let old = known.value
            guard states?.contains(old.state) ?? true, var next = old.ended(event, at: now)
            else { return (old, transition) }
            if next.state == .fulfilled, next.benefit.handout == .voucher {
                next.voucher = VoucherCode(random.bytes(VoucherCode.count))
            }
            let stock = try await book.stock(old.benefit.code)
            let moved = stock.value.moved(from: old.state, to: next.state)
            try await book.add(
                moved,
                over: stock.revision,
                next.state.event,
                transaction,
                at: now,
                to: &transition
            )
            let ended = try await book.add(
                next,
                over: known.revision,
                left: moved.left,
                at: now,
                to: &transition
            )
            return (ended, transition)
        }
    }
}
