// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// Disputes: fetched from the issuers, shown to the merchants, whose answers go back. A charge-back
// that an issuer has decided becomes a refund here, without another hand (`docs/decisions/0034`).
extension ClearingHouse {
    // MARK: Rounds

    /// What came of one round.
    package struct DisputeRound: Equatable, Sendable {
        /// Disputes that came for the first time.
        package fileprivate(set) var received = 0
        /// Issuers that did not answer; what they are to be told waits.
        package fileprivate(set) var silent: Set<IssuerIdentifier> = []
        /// What does not open or is not of its issuer, in the words of the audit.
        package fileprivate(set) var damaged: [String] = []
    }

    /// Asks issuers for their open disputes, tells them what merchants have answered, and begins
    /// the refunds that they have decided. To be called every few seconds or minutes; where it is
    /// broken off, or an issuer has more of them than one round looks at, the next round goes on.
    ///
    /// `pages`: of each issuer's open disputes, at most.
    /// `now`: asked for the moment of each step.
    /// Returns what came of it.
    /// Throws `.store`, `.module`, `.busy`.
    @discardableResult
    package func passDisputes(
        pages: Int = ClearingLimits.disputePagesMax,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) -> DisputeRound {
        var round = DisputeRound()
        for issuer in try await issuers(limit: RecordLimits.pageMax) {
            do throws(ClearingFailure) {
                try await passDisputes(of: issuer.identifier, pages, &round, now)
            } catch .issuerSilent(let issuer) {
                round.silent.insert(issuer)
            } catch { throw error }
        }
        return round
    }

    private func passDisputes(
        of issuer: IssuerIdentifier,
        _ pages: Int,
        _ round: inout DisputeRound,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) {
        guard let link = issuers(issuer) else { throw .issuerSilent(issuer) }
        for _ in 0..<pages {
            let place = disputePlaces[issuer]
            let question = IssuerMessage.disputesQuestion(issuer, after: place)
            guard case .disputes(let notices, let hasMore)? = await reply(of: link, to: question)
            else { throw .issuerSilent(issuer) }
            for notice in notices { try await pass(notice, of: issuer, link, &round, now) }
            let last = hasMore ? notices.last?.transaction : nil
            let open = Set(notices.map(\.transaction))
            try await close(after: place, upTo: last, but: open, of: issuer, link, &round, now)
            disputePlaces.set(last, of: issuer)
            if last == nil { return }
        }
    }

    /// What is open here and not at the issuer any more is asked for by name, and closed.
    ///
    /// `place`, `last`: the sales that one answer of the issuer is about; nil for all behind.
    private func close(
        after place: TransactionIdentifier,
        upTo last: TransactionIdentifier?,
        but open: Set<TransactionIdentifier>,
        of issuer: IssuerIdentifier,
        _ link: any Link,
        _ round: inout DisputeRound,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) {
        // One answer has few of them.
        let limit = 4 * DisputeLimits.pageMax
        var after = place.bytes
        while true {
            let page = try await book.openRecords(DisputeCase.kind, after: after, limit: limit)
            for record in page {
                if let last, last.bytes.lexicographicallyPrecedes(record.key.bytes) { return }
                do throws(ClearingFailure) {
                    let known = try await book.open(DisputeCase.self, record).value
                    guard known.issuer == issuer, !open.contains(known.notice.transaction) else {
                        continue
                    }
                    try await tell(known, refusal: nil, link, now)
                } catch .damaged(let place) { round.damaged.append(place) } catch { throw error }
            }
            guard page.count == limit, let end = page.last else { return }
            after = end.key.bytes
        }
    }

    /// One dispute that is open at its issuer.
    private func pass(
        _ notice: DisputeNotice,
        of issuer: IssuerIdentifier,
        _ link: any Link,
        _ round: inout DisputeRound,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) {
        do throws(ClearingFailure) {
            guard let (known, isNew) = try await keep(notice, of: issuer, at: now()) else {
                round.damaged.append("the dispute of sale \(notice.transaction.text)")
                return
            }
            if isNew { round.received += 1 }
            let refusal = try await chargeBack(notice)
            if notice.state == .filed || refusal != nil || known.hasNews {
                try await tell(known, refusal: refusal, link, now)
            }
        } catch {
            switch error {
            case .damaged(let place): round.damaged.append(place)
            case .unknownSale, .unknownBatch:
                round.damaged.append("the sale of dispute \(notice.transaction.text)")
            default: throw error
            }
        }
    }

    /// Notes what the issuer says of a dispute.
    ///
    /// Returns the dispute, and whether it is new; nil where it is none of this issuer's cards
    ///   and this merchant's sales.
    private func keep(
        _ notice: DisputeNotice,
        of issuer: IssuerIdentifier,
        at moment: Instant
    ) async throws(ClearingFailure) -> (DisputeCase, isNew: Bool)? {
        if let (sale, _) = try await sale(notice.transaction) {
            guard sale.card.issuer == issuer, sale.merchant == notice.merchant,
                sale.amount == notice.paid
            else { return nil }
        }
        return try await book.change { () async throws(ClearingFailure) in
            var transition = Transition(writes: [])
            let found = try await book.find(DisputeCase.self, notice.transaction.bytes)
            guard let found else {
                let new = DisputeCase(notice, of: issuer, at: moment)
                try await book.put(new, over: 0, to: &transition)
                return ((new, isNew: true), transition)
            }
            guard found.value.issuer == issuer, found.value.notice.merchant == notice.merchant
            else { return (nil, transition) }
            var known = found.value
            known.notice = notice
            if known != found.value {
                try await book.put(known, over: found.revision, to: &transition)
            }
            return ((known, isNew: false), transition)
        }
    }

    /// Begins the refund that an issuer has decided, once its sale is cleared.
    ///
    /// Returns why it never comes onto the card; nil where it does or may.
    private func chargeBack(
        _ notice: DisputeNotice
    ) async throws(ClearingFailure) -> DisputeReport.Refusal? {
        guard case .decided = notice.state, let order = notice.order,
            let (sale, _) = try await sale(order.transaction)
        else { return nil }
        let outcome = try await begin(order, of: sale.securityCard.acquirer)
        guard case .refused(let reason) = outcome else { return nil }
        return DisputeReport.Refusal(number: order.number, reason: reason)
    }

    /// Tells the issuer what is known here, and notes how the dispute stands there.
    private func tell(
        _ known: DisputeCase,
        refusal: DisputeReport.Refusal?,
        _ link: any Link,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) {
        let transaction = known.notice.transaction
        let report = DisputeReport(answer: known.answer, refusal: refusal)
        let answer = await reply(of: link, to: .disputeReport(transaction, report))
        let state: DisputeState
        switch answer {
        case .dispute(let notice)? where notice.transaction == transaction: state = notice.state
        case .noDispute(transaction)?: state = .withdrawn
        // It answers, and cannot say of this one: the others go on.
        case .unavailable?: throw .damaged("dispute \(transaction.text) at its issuer")
        default: throw .issuerSilent(known.issuer)
        }
        try await book.change { () async throws(ClearingFailure) in
            var transition = Transition(writes: [])
            let found = try await book.find(DisputeCase.self, known.key)
            guard let found else { return ((), transition) }
            var next = found.value
            next.notice = next.notice.standing(state)
            next.isTold = next.isTold || known.answer != nil && known.answer == next.answer
            if next != found.value {
                try await book.put(next, over: found.revision, to: &transition)
            }
            return ((), transition)
        }
    }

    // MARK: Merchants

    /// The dispute of a sale.
    ///
    /// Returns nil where there is none.
    package func dispute(
        of transaction: TransactionIdentifier
    ) async throws(ClearingFailure) -> DisputeCase? {
        try await book.find(DisputeCase.self, transaction.bytes)?.value
    }

    /// A page of disputes.
    package struct DisputePage: Sendable {
        package let cases: [DisputeCase]
        /// Behind which sale the next page begins; nil for the last page.
        package let next: TransactionIdentifier?
    }

    /// Open disputes in the order of their sales, or those that have ended, newest sales first.
    ///
    /// `merchant`: whose sales alone are looked at; nil for all.
    /// `transaction`: where the page before ended; nil for the first page.
    package func disputes(
        of merchant: MerchantIdentifier?,
        areOpen: Bool,
        beyond transaction: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(ClearingFailure) -> DisputePage {
        let search = RecordSearch(
            DisputeCase.kind,
            isOpen: areOpen,
            limit: limit,
            searchedMax: DisputeLimits.searchedMax
        )
        let (cases, next) = try await search.page(
            beyond: transaction?.bytes,
            in: book.store,
            ClearingFailure.store
        ) { record async throws(ClearingFailure) -> DisputeCase? in
            try await dispute(in: record, of: merchant)
        }
        return DisputePage(cases: cases, next: next.flatMap(TransactionIdentifier.init(bytes:)))
    }

    /// Nil for one that is not asked for, or does not open: the audit names that.
    private func dispute(
        in record: Record,
        of merchant: MerchantIdentifier?
    ) async throws(ClearingFailure) -> DisputeCase? {
        do throws(ClearingFailure) {
            let known = try await book.open(DisputeCase.self, record).value
            return merchant == nil || known.notice.merchant == merchant ? known : nil
        } catch .damaged { return nil } catch { throw error }
    }

    /// Takes the answer of a merchant, once, and the agreement again of one whose charge-back came
    /// to nothing. The next round tells the issuer.
    ///
    /// `merchant`: who answers; nil for an operator of all.
    /// Returns the dispute, or why it is not answered.
    package func answer(
        _ answer: DisputeAnswer,
        toDisputeOf transaction: TransactionIdentifier,
        as merchant: MerchantIdentifier?,
        now: Instant
    ) async throws(ClearingFailure) -> Result<DisputeCase, DisputeRefusal> {
        try await book.change { () async throws(ClearingFailure) in
            var transition = Transition(writes: [])
            let found = try await book.find(DisputeCase.self, transaction.bytes)
            guard let found, merchant == nil || merchant == found.value.notice.merchant else {
                return (.failure(.unknownDispute), transition)
            }
            if let reason = found.value.refusal(of: answer) {
                return (.failure(reason), transition)
            }
            var next = found.value
            next.answer = answer.given(in: next.notice.state)
            (next.answeredAt, next.isTold) = (now, false)
            try await book.put(next, over: found.revision, to: &transition)
            return (.success(next), transition)
        }
    }
}
