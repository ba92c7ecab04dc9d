// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import LoyaltyServer
package import Merchant

/// Brings orders and redemptions together: merchant module and loyalty server do not know each
/// other. Whatever it does is named by the TRX of the order, so that it may stop anywhere and be
/// asked again: from a page, or by ``settle(now:)``.
package struct RedemptionDesk: Sendable {
    package let merchant: MerchantModule
    package let loyalty: LoyaltyModule
    package let benefits: Benefits

    package init(merchant: MerchantModule, loyalty: LoyaltyModule, benefits: Benefits) {
        self.merchant = merchant
        self.loyalty = loyalty
        self.benefits = benefits
    }

    /// Why a redemption does not begin; nothing was taken.
    enum Obstacle: Error, Equatable, Sendable {
        case unknown, withdrawn, soldOut
        /// The member has begun as many as may be open.
        case tooManyOpen
        /// In the database there are so many points.
        case notEnough(UInt64)
    }

    // MARK: The beginning

    /// Makes an order for a benefit and keeps a piece. Where the benefit costs money and points of
    /// the database, the points are debited now, and come back where the money is not paid: both
    /// or neither.
    func begin(
        _ code: BenefitCode,
        for member: Membership,
        now: Instant
    ) async throws(SiteFailure) -> Result<MerchantModule.Ticket, Obstacle> {
        let benefit: Benefit
        switch try await look(code, for: member, now: now) {
        case .success(let found): benefit = found
        case .failure(let obstacle): return .failure(obstacle)
        }
        let home = try await home(benefit.programme)
        guard let article = Article(benefit, home: home) else {
            throw .broken(Unsellable(code: code.text))
        }
        let ticket = try await merchantStep { () async throws(OrderFailure) in
            try await merchant.order(article, now: now)
        }
        let transaction = ticket.transaction
        do throws(BenefitFailure) {
            try await benefits.reserve(code, for: member, transaction: transaction, now: now)
        } catch .soldOut { return .failure(.soldOut) } catch .withdrawn {
            return .failure(.withdrawn)
        } catch { throw SiteFailure(error) }
        guard benefit.price.isMixed, home == .database, let points = benefit.price.points else {
            return .success(ticket)
        }
        guard try await debit(points.minorUnits, of: member, for: transaction, now: now) else {
            try await release(transaction, now: now)
            return .failure(.notEnough(try await available(member, now: now)))
        }
        return .success(ticket)
    }

    /// What can be known before there is an order.
    private func look(
        _ code: BenefitCode,
        for member: Membership,
        now: Instant
    ) async throws(SiteFailure) -> Result<Benefit, Obstacle> {
        let view: BenefitView
        do throws(BenefitFailure) {
            view = try await benefits.find(code)
        } catch .unknownBenefit { return .failure(.unknown) } catch { throw SiteFailure(error) }
        guard view.benefit.programme == member.programme else { return .failure(.unknown) }
        switch view.state {
        case .withdrawn: return .failure(.withdrawn)
        case .soldOut: return .failure(.soldOut)
        case .available: break
        }
        let open = try await benefitStep { () async throws(BenefitFailure) in
            try await benefits.redemptions(of: member, limit: AirlineLimits.rowsMax)
        }.count { $0.state == .reserved }
        if open >= AirlineLimits.openPerMember { return .failure(.tooManyOpen) }
        if let points = view.benefit.price.points,
            try await home(member.programme) == .database
        {
            let available = try await available(member, now: now)
            if available < points.minorUnits { return .failure(.notEnough(available)) }
        }
        return .success(view.benefit)
    }

    // MARK: The end

    /// Brings a redemption to the end that its order has; where that is still open, it waits.
    ///
    /// - Parameters:
    ///   - order: as it is now.
    ///   - now: the time.
    /// - Returns: the redemption as it is then.
    /// - Throws: `.notFound` where there is none; else where a store does not answer.
    @discardableResult
    func finish(
        _ order: OrderView,
        now: Instant
    ) async throws(SiteFailure) -> BenefitRedemption {
        let transaction = order.transaction
        let redemption = try await redemption(transaction)
        switch order.state {
        case .open: return redemption
        case .unpaid:
            // A result may still come, but the piece is not kept for it.
            return redemption.state == .fulfilled
                ? redemption : try await release(transaction, now: now)
        case .paid, .delivered: break
        }
        if redemption.state == .fulfilled { return try await settlePoints(redemption, now: now) }
        guard order.isProof else {
            let fulfilled = try await benefitStep { () async throws(BenefitFailure) in
                try await benefits.fulfil(transaction, now: now)
            }
            return try await settlePoints(fulfilled, now: now)
        }
        return try await finish(proved: order, redemption, now: now)
    }

    /// The holder has proved identity (FIG. 16): the points are debited once in the database. Where
    /// that cannot be, nothing was taken, and nothing is owed.
    private func finish(
        proved order: OrderView,
        _ redemption: BenefitRedemption,
        now: Instant
    ) async throws(SiteFailure) -> BenefitRedemption {
        let transaction = order.transaction
        guard redemption.state == .reserved, try await isOwn(order, redemption),
            let points = redemption.benefit.price.points,
            try await debit(points.minorUnits, of: redemption.member, for: transaction, now: now)
        else { return try await release(transaction, now: now) }
        let end = try await benefitStep { () async throws(BenefitFailure) in
            try await benefits.fulfil(transaction, unlessReleased: true, now: now)
        }
        return end.state == .fulfilled ? end : try await release(transaction, now: now)
    }

    /// Whether the card that answered is that of who redeems.
    func isOwn(
        _ order: OrderView,
        _ redemption: BenefitRedemption
    ) async throws(SiteFailure) -> Bool {
        guard let settlement = order.settlement,
            let card = CardPseudonym(text: settlement.cardPseudonym)
        else { return false }
        let member = try await membership(
            of: card,
            in: redemption.member.programme,
            proved: settlement.memberships
        )
        return member == redemption.member
    }

    /// Puts a piece back, and then points that were debited for it: in this order, because what is
    /// released is not given by the proof any more.
    @discardableResult
    private func release(
        _ transaction: TransactionIdentifier,
        now: Instant
    ) async throws(SiteFailure) -> BenefitRedemption {
        let redemption = try await benefitStep { () async throws(BenefitFailure) in
            try await benefits.release(transaction, now: now)
        }
        return try await settlePoints(redemption, now: now)
    }

    /// Lets points of the database follow the piece. Until that is done the redemption stays open,
    /// and the next round goes on.
    private func settlePoints(
        _ redemption: BenefitRedemption,
        now: Instant
    ) async throws(SiteFailure) -> BenefitRedemption {
        guard redemption.points.areDue else { return redemption }
        let transaction = redemption.transaction
        var end = BenefitRedemption.Points.settled
        if try await home(redemption.benefit.programme) == .database {
            let areThere = try await loyaltyStep { () async throws(LoyaltyFailure) in
                if redemption.points == .areKept {
                    return try await loyalty.keep(transaction, now: now)
                }
                try await loyalty.giveBack(transaction, now: now)
                return true
            }
            if !areThere { end = .areMissing }
        }
        let settled = try await benefitStep { [end] () async throws(BenefitFailure) in
            try await benefits.settlePoints(of: transaction, redemption.points, as: end, now: now)
        }
        // It was paid for while its points came back.
        return settled.points.areDue ? try await settlePoints(settled, now: now) : settled
    }

    func redemption(
        _ transaction: TransactionIdentifier
    ) async throws(SiteFailure) -> BenefitRedemption {
        try await benefitStep { () async throws(BenefitFailure) in
            try await benefits.redemption(transaction)
        }
    }

    // MARK: From time to time

    /// What one round over reservations did.
    package struct Round: Equatable, Sendable {
        package var given = 0
        package var released = 0
        /// Their orders are still open.
        package var waiting = 0
        /// Their orders, or the redemptions themselves, could not be read or asked for.
        package var failed = 0

        package init() {}
    }

    /// Ends redemptions whose orders can no longer be paid: after a restart and from time to time.
    /// A browser that was closed between payment and page costs nobody points or benefit.
    ///
    /// - Parameter now: the time of the round.
    /// - Returns: what the round did.
    /// - Throws: `.store`, `.module` where the reservations cannot be listed.
    package func settle(now: Instant) async throws(BenefitFailure) -> Round {
        var round = Round()
        var cursor: TransactionIdentifier?
        repeat {
            let page = try await benefits.over(at: now, after: cursor)
            for line in page.lines {
                do throws(SiteFailure) {
                    switch try await finish(asking(line.transaction, now: now), now: now).state {
                    case .fulfilled: round.given += 1
                    case .released: round.released += 1
                    case .reserved: round.waiting += 1
                    }
                } catch { round.failed += 1 }
            }
            cursor = page.next
        } while cursor != nil
        return round
    }

    /// An order, of which the payment server is asked where its result has not come.
    private func asking(
        _ transaction: TransactionIdentifier,
        now: Instant
    ) async throws(SiteFailure) -> OrderView {
        try await merchantStep { () async throws(OrderFailure) in
            try await merchant.ask(transaction, now: now)
        }
    }

    /// A benefit that cannot be ordered.
    struct Unsellable: Error {
        let code: String
    }
}
