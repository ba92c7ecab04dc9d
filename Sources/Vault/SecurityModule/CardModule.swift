// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// What the emulator and the issuer's operator ask of the HSM 268. Card records enter and leave it
/// sealed; the rules of the purse run inside, on the opened record.
package protocol CardModule: Sendable {
    /// Makes the record of a new card with an empty purse.
    ///
    /// `revision`: 1, or 0 where the card is loaded before it is first stored.
    /// Throws `.keyUnknown` where there are no keys of that issuer and version.
    func personalize(_ order: CardOrder, revision: UInt64) async throws(ModuleFailure)
        -> SealedCard

    /// Does what a card does with one command (purse profile, "Answer to reset and commands").
    ///
    /// - Parameters:
    ///   - command: what the card is asked.
    ///   - card: the record as stored.
    ///   - dialogue: what the last Initialize of this session left, if it is still open.
    ///   - context: what the card needs from outside.
    /// - Returns: the response, the dialogue that is open afterwards, and the change that must be
    ///   durable before the response leaves.
    /// - Throws: `.sealBroken` where record or evidence does not open, `.keyUnknown`.
    func process(
        _ command: PurseCommand,
        on card: SealedCard,
        dialogue: CardDialogue?,
        context: CardContext
    ) async throws(ModuleFailure) -> CardStep

    /// As ``personalize(_:revision:)``, of a card that has a policy from its first moment: there is
    /// none at which it pays without.
    ///
    /// - Parameters:
    ///   - order: what the card is made of.
    ///   - policy: what keeps it from spending.
    ///   - who: in whose name (``CardHistoryEntry/isName(_:)``).
    ///   - revision: that of the record.
    ///   - context: the moment, and the note for the history.
    /// - Returns: the card with the first row of its history, or why the policy is none for it.
    /// - Throws: `.keyUnknown`.
    func personalize(
        _ order: CardOrder,
        policy: SpendingPolicy,
        by who: String,
        revision: UInt64,
        context: CardContext
    ) async throws(ModuleFailure) -> Result<CardChange, SettingRefusal>

    /// Says, signed, that a load which the card asked for did not take place and never will,
    /// because something else has consumed its number (`docs/messages/load.md`, SN). A blocked card
    /// says so also while the number is not consumed; another one proves that with a load of
    /// nothing.
    ///
    /// - Parameters:
    ///   - load: what the card was asked and what it answered, with its S1.
    ///   - card: the record as stored.
    ///   - evidence: the row of the load's number, where that is consumed.
    /// - Returns: SN; nil where the card was loaded, or still can be.
    /// - Throws: `.sealBroken` where S1, the record or the evidence is not of this card,
    ///   `.keyUnknown`, `.unavailable` where the row is missing.
    func deny(
        _ load: CardLoad,
        on card: SealedCard,
        evidence: CardHistoryEntry?
    ) async throws(ModuleFailure) -> Signature?

    /// What a record says, for its owner and for the operator.
    ///
    /// - Throws: `.sealBroken`.
    func describe(_ card: SealedCard) async throws(ModuleFailure) -> CardDescription

    /// Makes a setting of a card, with its row of history: so a record that is put back to one with
    /// another policy is found like one that is put back to another balance.
    ///
    /// - Parameters:
    ///   - setting: what is set.
    ///   - who: in whose name (``CardHistoryEntry/isName(_:)``).
    ///   - card: the record as stored.
    ///   - context: the moment, and the note for the history.
    /// - Returns: the change that must become durable, or why there is none.
    /// - Throws: `.sealBroken`.
    func set(
        _ setting: CardSetting,
        by who: String,
        on card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> Result<CardChange, SettingRefusal>

    /// Blocks a card whose history takes no further row, because somebody changed it or its record.
    ///
    /// - Returns: the next record.
    /// - Throws: `.sealBroken`.
    func stop(_ card: SealedCard) async throws(ModuleFailure) -> SealedCard

    /// Takes value out of a card that has expired, for its successor (`docs/decisions/0019`). The
    /// caller loads the successor with the same amount, in the same commit.
    ///
    /// - Parameters:
    ///   - amount: what is taken, at most the balance.
    ///   - card: the record as stored.
    ///   - successor: the card that gets it.
    ///   - transaction: TRX of the load of the successor.
    ///   - context: the moment, by which the card must have expired, and the note.
    /// - Returns: the change that must be durable together with the load, or why there is none.
    /// - Throws: `.sealBroken`.
    func moveOut(
        _ amount: Money,
        of card: SealedCard,
        to successor: CardIdentifier,
        transaction: TransactionIdentifier,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep

    /// Takes value that nobody uses out of a card, for the issuer's account of expired value
    /// (`docs/decisions/0036`). The caller makes what the clearing house is told durable in the
    /// same commit. That a valid card is dormant is the caller's word.
    ///
    /// - Parameters:
    ///   - sweep: what is taken, at most the balance, and why.
    ///   - card: the record as stored; one that is blocked keeps its value.
    ///   - context: the moment, by which the card must have expired where that is the reason, and
    ///     the note.
    /// - Returns: the change that must become durable, or why there is none.
    /// - Throws: `.sealBroken`.
    func sweep(
        _ sweep: CardSweep,
        of card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep

    /// Takes out the points of one programme that have expired, with a row of history. Who drives
    /// the card does so before a purchase in points: INITIALIZE is refused until it is done. To be
    /// repeated until nothing is due.
    ///
    /// - Parameters:
    ///   - card: the record as stored; it may be blocked or have expired itself.
    ///   - context: the moment, by which points expire, and the note.
    /// - Returns: the change that must become durable; nil where nothing is due.
    /// - Throws: `.sealBroken`.
    func expire(
        _ card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> CardChange?

    /// Makes one revision of several changes in a row, so that they become durable together with
    /// those of another card.
    ///
    /// - Parameters:
    ///   - changes: each was made of the card of the one before, the first one of `card`; none
    ///     where the card is stored as it is.
    ///   - card: the record as stored, or of revision 0 where it is not.
    /// - Returns: the last card, one revision after `card`.
    /// - Throws: `.sealBroken` where the rows of the changes do not lead from `card` to the last
    ///   one: no older card gets a newer revision.
    func join(
        _ changes: [CardChange],
        after card: SealedCard
    ) async throws(ModuleFailure) -> SealedCard

    /// Checks a card against its whole history: seal, hash chain, every S3 and S6 and load
    /// signature, and that loads + recoveries − debits − moves − sweeps − expired points = balance.
    ///
    /// `rows`: the rows in order, page by page.
    /// `check`: the state after the pages before; begin with a new one.
    func audit(_ rows: [ChainedRow], of card: CardIdentifier, _ check: CardAudit) async
        -> CardAudit

    /// Ends an audit: compares what the rows add up to with the record.
    func conclude(_ check: CardAudit, on card: SealedCard) async -> CardAudit
}

/// What a new card is made of.
package struct CardOrder: Equatable, Sendable {
    package let card: CardIdentifier
    package let expiry: CardDate
    package let purchaseKeyVersion: UInt8
    package let loadKeyVersion: UInt8
    package let currency: Currency
    package let exponent: Exponent
    package let balanceMax: UInt64

    package init(
        card: CardIdentifier,
        expiry: CardDate,
        purchaseKeyVersion: UInt8,
        loadKeyVersion: UInt8,
        currency: Currency,
        exponent: Exponent,
        balanceMax: UInt64
    ) {
        self.card = card
        self.expiry = expiry
        self.purchaseKeyVersion = purchaseKeyVersion
        self.loadKeyVersion = loadKeyVersion
        self.currency = currency
        self.exponent = exponent
        self.balanceMax = balanceMax
    }
}

/// A card record as stored: sealed by the HSM, bound to card and revision.
package struct SealedCard: Equatable, Sendable {
    package let card: CardIdentifier
    package let revision: UInt64
    package let body: [UInt8]

    package init(card: CardIdentifier, revision: UInt64, body: [UInt8]) {
        self.card = card
        self.revision = revision
        self.body = body
    }
}

/// What a card keeps in its volatile memory between Initialize and Debit or Credit.
package enum CardDialogue: Equatable, Sendable {
    /// `spending`: the card's policy and what counts against it, nil where it has none. So whoever
    ///     sends DEBIT IEP knows what the module will have to know for it, without asking again.
    /// `memberships`: the programmes that may want to know of the purchase.
    case purchase(
        InitializePurchase,
        number: UInt32,
        random: UInt64,
        spending: CardSpending? = nil,
        memberships: [Membership] = []
    )
    case load(InitializeLoad, InitializeLoadAnswer)
}

/// What a card needs from outside for one command.
package struct CardContext: Sendable {
    /// R, fresh for each Initialize.
    package let random: UInt64
    /// The moment for the history row, and the one by which limits are reckoned.
    package let now: Instant
    /// What the person reads in the history.
    package let note: String
    /// For RECOVER VALUE and GET PREVIOUS SIGNATURE: the row that the command names, if there is
    /// one.
    package let evidence: CardHistoryEntry?
    /// For DEBIT IEP: the category of its merchant, where it is known and the card's policy asks
    /// for it.
    package let category: MerchantCategory?

    package init(
        random: UInt64,
        now: Instant,
        note: String,
        evidence: CardHistoryEntry? = nil,
        category: MerchantCategory? = nil
    ) {
        self.random = random
        self.now = now
        self.note = note
        self.evidence = evidence
        self.category = category
    }
}

/// What a card did.
package struct CardStep: Sendable {
    package let response: ResponseAPDU
    package let dialogue: CardDialogue?
    package let change: CardChange?
    /// Which limit refused, where the response says CC 0004: for the person, beside the response.
    package let refusal: SpendingRefusal?

    package init(
        _ response: ResponseAPDU,
        dialogue: CardDialogue? = nil,
        change: CardChange? = nil,
        refusal: SpendingRefusal? = nil
    ) {
        self.response = response
        self.dialogue = dialogue
        self.change = change
        self.refusal = refusal
    }

    package init(_ status: StatusWord, change: CardChange? = nil) {
        self.init(ResponseAPDU(status: status), change: change)
    }
}

/// A durable change of one card.
package struct CardChange: Equatable, Sendable {
    /// The next record, one revision on.
    package let card: SealedCard
    /// The row that belongs to it; none for a counted wrong signature or a declined debit.
    package let row: ChainedRow?

    package init(card: SealedCard, row: ChainedRow?) {
        self.card = card
        self.row = row
    }
}

/// What is taken from a card that nobody uses.
package struct CardSweep: Equatable, Sendable {
    package let amount: Money
    package let reason: SweepReason
    /// At the issuer.
    package let number: UInt64
    package let transaction: TransactionIdentifier

    package init(
        _ amount: Money,
        _ reason: SweepReason,
        number: UInt64,
        _ transaction: TransactionIdentifier
    ) {
        self.amount = amount
        self.reason = reason
        self.number = number
        self.transaction = transaction
    }
}

/// What came of taking value out of a card.
package enum CardMoveStep: Sendable {
    case moved(CardChange)
    case refused(MoveRefusal)
}

/// A row of history with the hash that binds it to the row before:
/// SHA-256(hash before 32 || stream || number 8 || body).
package struct ChainedRow: Equatable, Sendable {
    package let number: UInt64
    package let hash: [UInt8]
    package let body: [UInt8]

    package init(number: UInt64, hash: [UInt8], body: [UInt8]) {
        self.number = number
        self.hash = hash
        self.body = body
    }
}

/// What is shown of a card.
package struct CardDescription: Equatable, Sendable {
    package let card: CardIdentifier
    package let expiry: CardDate
    /// VKP.
    package let purchaseKeyVersion: UInt8
    package let isBlocked: Bool
    package let wrongSignatures: UInt8
    package let lastNumber: UInt32
    package let purses: [BalanceAnswer]
    package let historyCount: UInt64
    /// The spending policy and what counts against it; nil where nothing is refused.
    package let spending: CardSpending?
    /// The programmes of which the holder is a member, with the member's numbers.
    package let memberships: [Membership]
    /// What each purse holds by day, in the order of ``purses``; empty for money.
    package let points: [PointsTranches]

    package init(
        card: CardIdentifier,
        expiry: CardDate,
        purchaseKeyVersion: UInt8,
        isBlocked: Bool,
        wrongSignatures: UInt8,
        lastNumber: UInt32,
        purses: [BalanceAnswer],
        historyCount: UInt64,
        spending: CardSpending? = nil,
        memberships: [Membership] = [],
        points: [PointsTranches] = []
    ) {
        self.card = card
        self.expiry = expiry
        self.purchaseKeyVersion = purchaseKeyVersion
        self.isBlocked = isBlocked
        self.wrongSignatures = wrongSignatures
        self.lastNumber = lastNumber
        self.purses = purses
        self.historyCount = historyCount
        self.spending = spending
        self.memberships = memberships
        self.points = points
    }

    /// The member's number of a programme, or nil.
    package func membership(of programme: Currency) -> Membership? {
        memberships.first { $0.programme == programme }
    }

    /// The purse of a programme and what it holds by day; nil where the card has none.
    package func points(
        of programme: Currency
    ) -> (purse: BalanceAnswer, tranches: PointsTranches)? {
        zip(purses, points).first { $0.0.balance.currency == programme }
            .map { ($0.0, $0.1) }
    }
}
