// SPDX-License-Identifier: Apache-2.0

/// A sale that its cardholder disputes, as the issuer keeps it: one for each sale
/// (`docs/decisions/0034`). Every step gives the reason why it is not taken, and changes nothing
/// then.
package struct Dispute: Equatable, Sendable {
    /// What is disputed.
    package struct Sale: Equatable, Sendable {
        package let transaction: TransactionIdentifier
        /// The card that has paid.
        package let card: CardIdentifier
        package let merchant: MerchantIdentifier
        package let paid: Money
        /// When the card was debited.
        package let paidAt: Instant

        package init(
            transaction: TransactionIdentifier,
            card: CardIdentifier,
            merchant: MerchantIdentifier,
            paid: Money,
            paidAt: Instant
        ) {
            self.transaction = transaction
            self.card = card
            self.merchant = merchant
            self.paid = paid
            self.paidAt = paidAt
        }
    }

    /// What the holder, or the guardian of a child, says.
    package struct Complaint: Equatable, Sendable {
        package let reason: DisputeReason
        package let words: String
        package let isByGuardian: Bool
        package let filedAt: Instant

        /// Returns nil for words that are too many.
        package init?(
            _ reason: DisputeReason,
            words: String,
            isByGuardian: Bool,
            filedAt: Instant
        ) {
            guard DisputeAnswer.areWords(words) else { return nil }
            self.reason = reason
            self.words = words
            self.isByGuardian = isByGuardian
            self.filedAt = filedAt
        }
    }

    /// What the issuer has decided last.
    package struct Decision: Equatable, Sendable {
        /// The name of the operator; empty where the merchant has agreed.
        package let decider: String
        /// For the holder.
        package let words: String
        package let decidedAt: Instant

        /// Returns nil for words or a name that are too long.
        package init?(by decider: String, words: String, decidedAt: Instant) {
            guard DisputeAnswer.areWords(words),
                decider.utf8.count <= DisputeLimits.deciderBytesMax
            else { return nil }
            self.decider = decider
            self.words = words
            self.decidedAt = decidedAt
        }
    }

    package let sale: Sale
    package let complaint: Complaint
    package private(set) var state = DisputeState.filed
    /// When the clearing house took it to the merchant.
    package private(set) var askedAt: Instant?
    package private(set) var answer: DisputeAnswer?
    package private(set) var answeredAt: Instant?
    package private(set) var decision: Decision?
    /// When it got its last state.
    package private(set) var changedAt: Instant
    /// Charge-backs that were decided so far.
    package private(set) var chargeBacks: UInt8 = 0

    package init(of sale: Sale, _ complaint: Complaint) {
        self.sale = sale
        self.complaint = complaint
        changedAt = complaint.filedAt
    }

    /// As it was stored.
    ///
    /// Returns nil where no such dispute can have come about.
    package init?(
        of sale: Sale,
        _ complaint: Complaint,
        state: DisputeState,
        askedAt: Instant?,
        answer: (DisputeAnswer, at: Instant)?,
        decision: Decision?,
        changedAt: Instant,
        chargeBacks: UInt8
    ) {
        self.init(of: sale, complaint)
        self.state = state
        self.askedAt = askedAt
        self.answer = answer?.0
        answeredAt = answer?.at
        self.decision = decision
        self.changedAt = changedAt
        self.chargeBacks = chargeBacks
        guard isSound else { return nil }
    }

    private var isSound: Bool {
        guard Int(chargeBacks) <= RefundOrder.chargeBackNumbers.count else { return false }
        if let back = state.chargeBack {
            guard back.number == RefundOrder.chargeBackNumbers.lowerBound + chargeBacks - 1,
                back.amount.isComparable(to: sale.paid),
                back.amount.minorUnits <= sale.paid.minorUnits
            else { return false }
        }
        return switch state {
        case .filed: askedAt == nil && chargeBacks == 0
        case .merchantAsked: askedAt != nil && answer == nil && chargeBacks == 0
        case .merchantAnswered: answer != nil && chargeBacks == 0
        case .decided, .cameToNothing, .refunded: chargeBacks > 0 && decision != nil
        case .rejected: decision != nil
        case .withdrawn, .givenBack: true
        }
    }

    /// By when the merchant is to answer.
    package var answerBy: Instant { complaint.filedAt.adding(DisputeLimits.answerTime) }

    /// By when the issuer is to decide.
    package var decideBy: Instant { complaint.filedAt.adding(DisputeLimits.decisionTime) }

    /// The refund that the charge-back is at all parties; nil where none was decided.
    package var order: RefundOrder? {
        guard let back = state.chargeBack else { return nil }
        return RefundOrder(
            transaction: sale.transaction,
            merchant: sale.merchant,
            number: back.number,
            amount: back.amount
        )
    }

    // MARK: The merchant

    /// Notes that the merchant is asked.
    ///
    /// Returns whether that is new.
    package mutating func ask(at moment: Instant) -> Bool {
        guard state == .filed else { return false }
        (state, askedAt, changedAt) = (.merchantAsked, moment, moment)
        return true
    }

    /// Notes the merchant's answer, once. One who agrees has what is left given back, without
    /// another hand, and where that comes to nothing may agree again.
    ///
    /// `rest`: what is left of the sale, in minor units.
    /// Returns whether that is new.
    package mutating func note(
        _ answer: DisputeAnswer,
        rest: UInt64,
        at moment: Instant
    ) -> Bool {
        guard !state.isFinal, self.answer == nil || agreesAgain(answer) else { return false }
        _ = ask(at: moment)
        let isNew = self.answer != answer
        if isNew { (self.answer, answeredAt) = (answer, moment) }
        if state == .merchantAsked { (state, changedAt) = (.merchantAnswered, moment) }
        let next = RefundOrder.chargeBackNumbers.lowerBound + chargeBacks
        guard answer.accepts, rest > 0, next <= DisputeLimits.agreedNumberMax,
            let decision = Decision(by: "", words: "", decidedAt: moment)
        else { return isNew }
        return refund(rest, rest: rest, decision) == nil || isNew
    }

    /// Whether a merchant agrees who knows that the last charge-back came to nothing. What it has
    /// said before that one was decided does not count again.
    private func agreesAgain(_ answer: DisputeAnswer) -> Bool {
        guard case .cameToNothing(let back, _) = state else { return false }
        return answer.after == back.number
    }

    // MARK: The decision

    /// Decides for the holder.
    ///
    /// `minorUnits`: what is given back.
    /// `rest`: what is left of the sale, in minor units.
    /// Returns why not; nil where it is decided.
    package mutating func refund(
        _ minorUnits: UInt64,
        rest: UInt64,
        _ decision: Decision
    ) -> DisputeRefusal? {
        if let reason = refusalOfDecision { return reason }
        guard minorUnits > 0 else { return .notSaid }
        guard minorUnits <= min(rest, sale.paid.minorUnits) else { return .aboveRest }
        let amount = Money(minorUnits: minorUnits, as: sale.paid)
        let number = RefundOrder.chargeBackNumbers.lowerBound + chargeBacks
        guard let back = ChargeBack(number: number, amount: amount) else { return .numbersUsedUp }
        chargeBacks += 1
        (state, self.decision, changedAt) = (.decided(back), decision, decision.decidedAt)
        return nil
    }

    /// Decides against the holder.
    ///
    /// Returns why not; nil where it is decided.
    package mutating func reject(_ decision: Decision) -> DisputeRefusal? {
        if let reason = refusalOfDecision { return reason }
        guard !decision.words.isEmpty else { return .notSaid }
        (state, self.decision, changedAt) = (.rejected, decision, decision.decidedAt)
        return nil
    }

    private var refusalOfDecision: DisputeRefusal? {
        if state.isFinal { return .ended }
        return state.isUndecided ? nil : .decidedBefore
    }

    /// Notes what became of a charge-back; of another one than that which is on its way, nothing
    /// changes.
    ///
    /// `rest`: what is left of the sale, in minor units.
    /// Returns whether that is new.
    package mutating func end(
        _ number: UInt8,
        _ outcome: RefundOutcome,
        rest: UInt64,
        at moment: Instant
    ) -> Bool {
        guard case .decided(let back) = state, back.number == number else { return false }
        switch outcome {
        case .pending: return false
        case .refunded: state = .refunded(back)
        case .refused(let reason):
            state = .cameToNothing(back, reason)
            _ = endWithout(rest, at: moment)
        }
        changedAt = moment
        return true
    }

    /// Ends it where nothing is left of the sale, because the merchant has given it back by itself.
    /// While a charge-back is on its way, what becomes of that is waited for.
    ///
    /// Returns whether that is new.
    package mutating func endWithout(_ rest: UInt64, at moment: Instant) -> Bool {
        guard rest == 0, state.isUndecided else { return false }
        (state, changedAt) = (.givenBack, moment)
        return true
    }

    // MARK: The holder

    /// Takes it back.
    ///
    /// Returns why not; nil where it is withdrawn.
    package mutating func withdraw(at moment: Instant) -> DisputeRefusal? {
        if let reason = refusalOfDecision { return reason }
        (state, changedAt) = (.withdrawn, moment)
        return nil
    }
}
