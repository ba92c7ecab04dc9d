// SPDX-License-Identifier: Apache-2.0

/// What a virtual card knows: the content of its record, in the clear only inside the security
/// module. All rules of the purse are here (`docs/messages/purse-profile.md`).
package struct Card: Equatable, Sendable {
    package let identifier: CardIdentifier
    /// DEXP.
    package let expiry: CardDate
    package let algorithm: CardAlgorithm
    /// VKP: version of the purchase master key.
    package let purchaseKeyVersion: UInt8
    /// VKL: version of the load master key.
    package let loadKeyVersion: UInt8
    package let authenticationMode: AuthenticationMode
    /// NT of the last transaction; the next one has this + 1.
    package private(set) var lastNumber: UInt32
    package private(set) var isBlocked: Bool
    /// Wrong S2 (or SV) since the last right one.
    package private(set) var wrongSignatures: UInt8
    /// Purse 0 is money; the others are those of programmes.
    package internal(set) var purses: [Purse]
    /// The programmes of which the holder is a member, one number each; at most ``pursesMax``.
    package internal(set) var memberships: [Membership]
    /// Rows that this card's history has.
    package private(set) var historyCount: UInt64
    /// The hash of the last row, 32 bytes; zero before the first. As it is sealed with the card,
    /// a missing last row is noticed, too.
    package private(set) var historyHash: [UInt8]
    /// The spending policy, and what counts against it; nil where nothing is refused.
    package private(set) var spending: CardSpending?

    package static let pursesMax = 8
    /// After so many wrong signatures in a row the card is blocked.
    package static let wrongSignaturesMax: UInt8 = 5
    package static let historyHashBytes = 32

    package init(
        identifier: CardIdentifier,
        expiry: CardDate,
        algorithm: CardAlgorithm = .aes,
        purchaseKeyVersion: UInt8,
        loadKeyVersion: UInt8,
        authenticationMode: AuthenticationMode = .symmetric,
        lastNumber: UInt32 = 0,
        isBlocked: Bool = false,
        wrongSignatures: UInt8 = 0,
        purses: [Purse],
        historyCount: UInt64 = 0,
        historyHash: [UInt8] = Array(repeating: 0, count: Card.historyHashBytes),
        spending: CardSpending? = nil,
        memberships: [Membership] = []
    ) {
        precondition((1...Card.pursesMax).contains(purses.count))
        precondition(Card.isSound(memberships))
        precondition(historyHash.count == Card.historyHashBytes)
        self.identifier = identifier
        self.expiry = expiry
        self.algorithm = algorithm
        self.purchaseKeyVersion = purchaseKeyVersion
        self.loadKeyVersion = loadKeyVersion
        self.authenticationMode = authenticationMode
        self.lastNumber = lastNumber
        self.isBlocked = isBlocked
        self.wrongSignatures = wrongSignatures
        self.purses = purses
        self.historyCount = historyCount
        self.historyHash = historyHash
        self.spending = spending
        self.memberships = memberships
    }

    /// The number that the next transaction will have, or nil where the numbers are used up.
    package var nextNumber: UInt32? {
        lastNumber == .max ? nil : lastNumber + 1
    }

    /// Where the purse of this currency is; the exponent must be the same, too.
    package func purseIndex(_ currency: Currency, _ exponent: Exponent) -> Int? {
        purses.firstIndex { $0.currency == currency && $0.exponent == exponent }
    }

    /// The balance that a signature covers: that of the purse, or 0 for a proof without value.
    package func balance(_ currency: Currency, _ exponent: Exponent) -> UInt64 {
        purseIndex(currency, exponent).map { purses[$0].balance } ?? 0
    }

    // MARK: Refusals, in the order in which they are given

    /// Why the card would not begin a purchase or a proof (Initialize), or nil.
    ///
    /// `time`: by which points expire.
    package func refusal(
        toBegin type: TransactionType,
        _ amount: Money,
        at time: CardTime
    ) -> InitializeRefusal? {
        if isBlocked { return .blocked }
        let isProofWithoutPurse = type == .authentication && amount.currency == .nothing
        let index = purseIndex(amount.currency, amount.exponent)
        if index == nil && !isProofWithoutPurse { return .noSuchPurse }
        if type == .authentication && amount.minorUnits != 0 { return .proofWithAmount }
        if nextNumber == nil { return .numbersUsedUp }
        if type == .purchase, holdsDuePoints(amount, at: time) { return .pointsExpired }
        if let index, type == .purchase, amount.minorUnits > purses[index].balance {
            return .amountAboveBalance
        }
        return nil
    }

    /// How a debit with a right S2 ends, before its limits are asked (``decision(on:_:at:now:)``).
    package func completion(ofDebit amount: Money, at time: CardTime) -> CompletionCode {
        if isBlocked { return .cardBlocked }
        if expiry.isPast(at: time) { return .cardExpired }
        if amount.minorUnits > balance(amount.currency, amount.exponent) {
            return .insufficientValue
        }
        return .done
    }

    /// How a load with a right S2 ends.
    package func completion(ofLoad amount: Money, at time: CardTime) -> CompletionCode {
        if isBlocked { return .cardBlocked }
        if expiry.isPast(at: time) { return .cardExpired }
        guard let index = purseIndex(amount.currency, amount.exponent) else {
            return .maximumBalanceExceeded
        }
        let (sum, isTooLarge) = purses[index].balance.addingReportingOverflow(amount.minorUnits)
        return isTooLarge || sum > purses[index].balanceMax ? .maximumBalanceExceeded : .done
    }

    /// Why what is on the card does not move to its successor, or nil.
    package func refusal(toMove amount: Money, at time: CardTime) -> MoveRefusal? {
        if isBlocked { return .blocked }
        if !expiry.isPast(at: time) { return .notExpired }
        return refusal(toTakeOut: amount)
    }

    /// Why value is not swept to the issuer's account of expired value, or nil. That nobody has
    /// used the card is for the issuer to say: the card does not know when it was used.
    package func refusal(
        toSweep amount: Money,
        _ reason: SweepReason,
        at time: CardTime
    ) -> MoveRefusal? {
        if isBlocked { return .blocked }
        if reason == .expired, !expiry.isPast(at: time) { return .notExpired }
        return amount.currency.isMoney ? refusal(toTakeOut: amount) : .noSuchPurse
    }

    private func refusal(toTakeOut amount: Money) -> MoveRefusal? {
        guard let index = purseIndex(amount.currency, amount.exponent) else { return .noSuchPurse }
        return amount.minorUnits > purses[index].balance ? .amountAboveBalance : nil
    }

    // MARK: Changes

    /// Debits, consumes the number and counts a right signature (FIG. 11B, step 618). What counts
    /// against a limit is counted by ``count(_:_:at:)``.
    ///
    /// - Returns: which points were taken; none of money.
    @discardableResult
    package mutating func debit(_ amount: Money) -> [PointsTranche] {
        #if PLANTED_BUGS
            if !PlantedBug.isPlanted(.numberConsumedEarly) { consumeNumber() }
        #else
            consumeNumber()
        #endif
        guard let index = purseIndex(amount.currency, amount.exponent) else { return [] }
        return purses[index].take(amount.minorUnits)
    }

    /// Credits a load and consumes the number (FIG. 18B, step 881).
    ///
    /// `bank`: IDBANK, which says of points when they expire.
    package mutating func credit(_ amount: Money, from bank: BankIdentifier) {
        consumeNumber()
        if let index = purseIndex(amount.currency, amount.exponent) {
            purses[index].put(
                amount.minorUnits,
                until: bank.lastDay(of: amount.currency) ?? PointsTranche.never
            )
        }
    }

    /// Puts a debited value back; the caller has checked SV and that it happens once.
    ///
    /// `taken`: what ``debit(_:)`` returned then.
    package mutating func recover(_ amount: Money, _ taken: [PointsTranche], at moment: Instant) {
        wrongSignatures = 0
        if let index = purseIndex(amount.currency, amount.exponent) {
            purses[index].restore(amount.minorUnits, taken, at: moment)
        }
    }

    /// Takes out what moves to the successor of this card, or is swept. No number is consumed:
    /// nobody signs it.
    package mutating func moveOut(_ amount: Money) {
        if let index = purseIndex(amount.currency, amount.exponent) {
            purses[index].take(amount.minorUnits)
        }
    }

    /// Counts a wrong signature; at the limit the card is blocked.
    package mutating func countWrongSignature() {
        if wrongSignatures < Card.wrongSignaturesMax { wrongSignatures += 1 }
        if wrongSignatures == Card.wrongSignaturesMax { isBlocked = true }
    }

    package mutating func block() {
        isBlocked = true
    }

    package mutating func unblock() {
        isBlocked = false
        wrongSignatures = 0
    }

    /// Sets the spending policy; the caller has asked ``refusal(ofSetting:)``.
    package mutating func set(_ policy: SpendingPolicy, at moment: Instant) {
        spending = CardSpending.setting(
            policy,
            after: spending,
            at: moment,
            nextTransaction: nextNumber ?? .max
        )
    }

    /// Counts the debit that was made last, as it was decided.
    package mutating func count(_ amount: Money, _ decision: DebitDecision, at moment: Instant) {
        guard decision.counts else { return }
        spending?.count(
            amount,
            transaction: lastNumber,
            exception: decision.exception,
            at: moment
        )
    }

    /// Takes back what was counted for a purchase whose value was put back.
    package mutating func giveBack(_ amount: Money, transaction: UInt32) {
        spending?.giveBack(amount, transaction: transaction)
    }

    /// Binds the next row of the history to this card.
    package mutating func append(historyHash hash: [UInt8]) {
        precondition(hash.count == Card.historyHashBytes)
        historyCount += 1
        historyHash = hash
    }

    #if PLANTED_BUGS
        package mutating func consumeNumberEarly() { consumeNumber() }
    #endif

    private mutating func consumeNumber() {
        guard let nextNumber else { preconditionFailure("Initialize refuses when numbers end.") }
        lastNumber = nextNumber
        wrongSignatures = 0
    }
}

extension Card {
    /// Why a policy is not one for this card, or nil.
    package func refusal(ofSetting policy: SpendingPolicy) -> SettingRefusal? {
        guard let limits = policy.limits else { return nil }
        let money = purses[0]
        return limits.currency == money.currency && limits.exponent == money.exponent
            ? nil : .otherCurrency
    }

    /// How a debit with a right S2 ends. Limits are asked last, and only of a purchase: a proof
    /// spends nothing.
    ///
    /// - Parameters:
    ///   - request: what is to be paid.
    ///   - type: TI.
    ///   - time: DTHR, for the expiry.
    ///   - now: the clock of the module, for the limits.
    /// - Returns: the completion code, and what the limits say.
    package func decision(
        on request: SpendingRequest,
        _ type: TransactionType,
        at time: CardTime,
        now: Instant
    ) -> DebitDecision {
        let completion = completion(ofDebit: request.amount, at: time)
        guard completion == .done, type == .purchase, let spending else {
            return DebitDecision(completion: completion)
        }
        switch spending.verdict(on: request, at: now) {
        case .allowed(let exception):
            return DebitDecision(completion: .done, counts: true, exception: exception)
        case .refused(let refusal):
            return DebitDecision(completion: .refusedByLimit, refusal: refusal)
        }
    }
}

/// How a debit ends, and what the limits of the card have to do with it.
package struct DebitDecision: Equatable, Sendable {
    package let completion: CompletionCode
    /// The limit that refuses, where CC is 0004.
    package let refusal: SpendingRefusal?
    /// Whether it counts against limits.
    package let counts: Bool
    /// The number of the exception that it uses up.
    package let exception: UInt32?

    init(
        completion: CompletionCode,
        refusal: SpendingRefusal? = nil,
        counts: Bool = false,
        exception: UInt32? = nil
    ) {
        self.completion = completion
        self.refusal = refusal
        self.counts = counts
        self.exception = exception
    }
}

/// Why Initialize does not begin, in the order of precedence.
package enum InitializeRefusal: CaseIterable, Sendable {
    case blocked
    case noSuchPurse
    case proofWithAmount
    case numbersUsedUp
    /// The purse holds points that have expired and must be taken out first.
    case pointsExpired
    case amountAboveBalance
}

/// Why value does not move from a card to its successor, or is not swept, in the order of
/// precedence.
package enum MoveRefusal: CaseIterable, Sendable {
    case blocked
    case notExpired
    case noSuchPurse
    case amountAboveBalance
}
