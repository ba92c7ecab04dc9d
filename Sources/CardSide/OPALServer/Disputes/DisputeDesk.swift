// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

/// The issuer's disputes: cardholders file them, clearing houses take them to the merchants, and
/// the issuer decides (`docs/decisions/0034`). What was decided for a holder is a refund that the
/// clearing house fetches here and that ``RefundDesk`` credits; both end the dispute.
package struct DisputeDesk: Sendable {
    let users: UserDirectory
    private let purchases: Purchases
    private let mails: SettlementMails
    let clearingHouses: Set<String>
    let now: @Sendable () -> Instant

    var records: SealedRecords { users.records }

    /// `users`: the holders, who are told by mail; its store keeps the disputes.
    /// `purchases`: what cards have paid.
    /// `clearingHouses`: the names of who is answered.
    /// `now`: asked for the moment of each step.
    package init(
        users: UserDirectory,
        purchases: Purchases,
        clearingHouses: Set<String>,
        now: @escaping @Sendable () -> Instant
    ) {
        self.users = users
        self.purchases = purchases
        self.clearingHouses = clearingHouses
        self.now = now
        mails = SettlementMails(users)
    }

    // MARK: Reading

    /// The dispute of a sale.
    ///
    /// Returns nil where nobody has disputed it.
    package func find(
        _ transaction: TransactionIdentifier
    ) async throws(UserFailure) -> Dispute? {
        try await stored(transaction)?.record.dispute
    }

    /// What is left of a sale after all that was given back, in minor units.
    package func rest(
        of transaction: TransactionIdentifier,
        paid: Money
    ) async throws(UserFailure) -> UInt64 {
        try await refunds(of: transaction)?.rest ?? paid.minorUnits
    }

    /// What the merchant of a sale has given back by itself, in minor units.
    package func givenByMerchant(
        of transaction: TransactionIdentifier
    ) async throws(UserFailure) -> UInt64 {
        try await refunds(of: transaction)?.givenByMerchant ?? 0
    }

    private func refunds(
        of transaction: TransactionIdentifier
    ) async throws(UserFailure) -> SaleRefunds? {
        guard let opened = try await records.read(RefundedSaleRecord.key(transaction)) else {
            return nil
        }
        return try decoded(opened.body, RefundedSaleRecord.init).refunds
    }

    /// All disputes, the newest sales first.
    ///
    /// `transaction`: the last one of the page before; nil for the first page.
    /// `limit`: capped at ``RecordLimits/pageMax``.
    package func newest(
        before transaction: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(UserFailure) -> [Dispute] {
        let page: [Record]
        do throws(StoreFailure) {
            page = try await records.store.list(
                DisputeRecord.kind,
                after: transaction?.bytes,
                limit: limit,
                order: .descending
            )
        } catch { throw .store(error) }
        var disputes: [Dispute] = []
        for record in page {
            if let dispute = try await opened(record) { disputes.append(dispute) }
        }
        return disputes
    }

    // MARK: The holder

    /// The sale that a card's holder may dispute now.
    ///
    /// Returns the sale, or why not.
    package func disputable(
        _ transaction: TransactionIdentifier,
        of card: CardIdentifier
    ) async throws(UserFailure) -> Result<Dispute.Sale, DisputeRefusal> {
        let sale = try await undisputed(transaction, of: card)
        guard case .success = sale, try await openOnes(of: card).isFull else { return sale }
        return .failure(.tooManyOpen)
    }

    /// The same, however many disputes the card has.
    private func undisputed(
        _ transaction: TransactionIdentifier,
        of card: CardIdentifier
    ) async throws(UserFailure) -> Result<Dispute.Sale, DisputeRefusal> {
        let lookup: DrawLookup
        do throws(StoreFailure) {
            lookup = try await purchases.draw(of: transaction)
        } catch { throw .store(error) }
        guard case .found(let draw) = lookup, draw.card == card,
            draw.terms.amount.minorUnits > 0
        else { return .failure(.unknownSale) }
        if draw.terms.amount.currency.isProgramme { return .failure(.notMoney) }
        switch draw.state {
        case .debited: return .failure(.pending)
        case .recovered: return .failure(.putBack)
        case .sold: break
        }
        let sale = Dispute.Sale(
            transaction: transaction,
            card: card,
            merchant: draw.terms.merchant,
            paid: draw.terms.amount,
            paidAt: draw.debitedAt
        )
        if try await find(transaction) != nil { return .failure(.disputedBefore) }
        guard now() < draw.debitedAt.adding(DisputeLimits.filingTime) else {
            return .failure(.tooLate)
        }
        return try await rest(of: transaction, paid: sale.paid) > 0
            ? .success(sale) : .failure(.refundedBefore)
    }

    /// Files a dispute, and tells the holder so by mail: both in one commit.
    ///
    /// `card`: the card of who files it, or of the child.
    /// `complaint`: what is said; the words are passed on to the merchant.
    /// Returns the dispute, or why it is none.
    package func file(
        _ transaction: TransactionIdentifier,
        of card: CardIdentifier,
        _ complaint: Dispute.Complaint
    ) async throws(UserFailure) -> Result<Dispute, DisputeRefusal> {
        for _ in 0..<UserLimits.triesMax {
            switch try await undisputed(transaction, of: card) {
            case .failure(let reason): return .failure(reason)
            case .success(let sale):
                let open = try await openOnes(of: card)
                if open.isFull { return .failure(.tooManyOpen) }
                let dispute = Dispute(of: sale, complaint)
                let write = try await write(adding: dispute, to: open)
                if try await commit(dispute, over: 0, isNews: true, with: [write]) {
                    return .success(dispute)
                }
            }
        }
        throw .busy
    }

    /// Takes a dispute back that is not decided.
    ///
    /// Returns the dispute, or why it stays.
    package func withdraw(
        _ transaction: TransactionIdentifier,
        of card: CardIdentifier
    ) async throws(UserFailure) -> Result<Dispute, DisputeRefusal> {
        let moment = now()
        return try await change(transaction) { dispute, _ in
            guard dispute.sale.card == card else { return .unknownDispute }
            return dispute.withdraw(at: moment)
        }
    }

    // MARK: The issuer

    /// Decides for the holder. The refund goes its way without another hand.
    ///
    /// `minorUnits`: what is given back, of the sale's currency.
    /// Returns the dispute, or why it is not decided so.
    package func refund(
        _ minorUnits: UInt64,
        of transaction: TransactionIdentifier,
        by decider: String,
        words: String
    ) async throws(UserFailure) -> Result<Dispute, DisputeRefusal> {
        let decision = Dispute.Decision(by: decider, words: words, decidedAt: now())
        guard let decision else { return .failure(.notSaid) }
        return try await change(transaction) { $0.refund(minorUnits, rest: $1, decision) }
    }

    /// Whether a decision can be made as things stand, before somebody writes down that it was.
    ///
    /// `minorUnits`: what is given back; nil for a rejection.
    /// Returns why not; nil where it can.
    package func refusal(
        toDecide minorUnits: UInt64?,
        of transaction: TransactionIdentifier,
        by decider: String,
        words: String
    ) async throws(UserFailure) -> DisputeRefusal? {
        let decision = Dispute.Decision(by: decider, words: words, decidedAt: now())
        guard let decision else { return .notSaid }
        // One of which nothing is left ends now, and its holder is told: no decision would.
        let found = try await change(transaction) { _, _ in nil }
        guard case .success(var dispute) = found else { return .unknownDispute }
        let rest = try await rest(of: transaction, paid: dispute.sale.paid)
        guard let minorUnits else { return dispute.reject(decision) }
        return dispute.refund(minorUnits, rest: rest, decision)
    }

    /// Decides against the holder.
    ///
    /// `words`: why, for the holder.
    /// Returns the dispute, or why it is not decided so.
    package func reject(
        _ transaction: TransactionIdentifier,
        by decider: String,
        words: String
    ) async throws(UserFailure) -> Result<Dispute, DisputeRefusal> {
        let decision = Dispute.Decision(by: decider, words: words, decidedAt: now())
        guard let decision else { return .failure(.notSaid) }
        return try await change(transaction) { dispute, _ in dispute.reject(decision) }
    }

    // MARK: Writing

    struct Stored {
        var record: DisputeRecord
        let revision: UInt64
    }

    private func stored(
        _ transaction: TransactionIdentifier
    ) async throws(UserFailure) -> Stored? {
        try await records.dispute(of: transaction)
    }

    /// Nil for one that was changed by somebody else: it stops that dispute alone, and the audit
    /// names it.
    func opened(_ record: Record) async throws(UserFailure) -> Dispute? {
        do throws(UserFailure) {
            return try await records.dispute(in: record).record.dispute
        } catch .module(.sealBroken), .damaged { return nil } catch { throw error }
    }

    /// Takes one step, and tells the holder of a new state: both in one commit. Where somebody
    /// else was faster, it is taken anew. One of which nothing is left ends before the step: its
    /// refund was on the card before the dispute was on record.
    ///
    /// `step`: gets the dispute and what is left of its sale; says why it is not taken.
    func change(
        _ transaction: TransactionIdentifier,
        _ step: (inout Dispute, _ rest: UInt64) -> DisputeRefusal?
    ) async throws(UserFailure) -> Result<Dispute, DisputeRefusal> {
        for _ in 0..<UserLimits.triesMax {
            guard let stored = try await stored(transaction) else {
                return .failure(.unknownDispute)
            }
            var dispute = stored.record.dispute
            let left = try await rest(of: transaction, paid: dispute.sale.paid)
            _ = dispute.endWithout(left, at: now())
            let reason = step(&dispute, left)
            let outcome: Result<Dispute, DisputeRefusal> =
                reason.map { .failure($0) } ?? .success(dispute)
            if dispute == stored.record.dispute { return outcome }
            let isNews = dispute.state != stored.record.dispute.state
            if try await commit(dispute, over: stored.revision, isNews: isNews) { return outcome }
        }
        throw .busy
    }

    private func commit(
        _ dispute: Dispute,
        over revision: UInt64,
        isNews: Bool,
        with others: [RecordWrite] = []
    ) async throws(UserFailure) -> Bool {
        var writes = [try await records.put(dispute, over: revision)] + others
        if isNews {
            let given = try await givenByMerchant(of: dispute.sale.transaction)
            do throws(ModuleFailure) {
                writes += try await mails.writes(
                    for: dispute,
                    givenByMerchant: given,
                    at: dispute.changedAt
                )
            } catch { throw .module(error) }
        }
        return try await records.commit(Transition(writes: writes))
    }
}

extension SealedRecords {
    /// The dispute of a sale; nil where there is none.
    func dispute(
        of transaction: TransactionIdentifier
    ) async throws(UserFailure) -> DisputeDesk.Stored? {
        guard let opened = try await read(DisputeRecord.key(transaction)) else { return nil }
        return try stored(opened)
    }

    func dispute(in record: Record) async throws(UserFailure) -> DisputeDesk.Stored {
        try stored(try await open(record))
    }

    private func stored(_ opened: Opened) throws(UserFailure) -> DisputeDesk.Stored {
        let record = try decoded(opened.body) { body throws(WireFailure) in
            try DisputeRecord(body, key: opened.key)
        }
        return DisputeDesk.Stored(record: record, revision: opened.revision)
    }

    /// The write of a dispute's next state.
    func put(
        _ dispute: Dispute,
        over revision: UInt64
    ) async throws(UserFailure) -> RecordWrite {
        let record = DisputeRecord(dispute)
        return try await put(
            record.key,
            expectedRevision: revision,
            record.bytes,
            isOpen: !dispute.state.isFinal
        )
    }
}
