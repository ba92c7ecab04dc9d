// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Credits cards with what merchants give back (`docs/decisions/0030`): only for sales that this
/// issuer has proved, and never more than was paid. What it answers is durable before it leaves,
/// together with the credit, and the same again for the same refund.
package struct RefundDesk: LinkService {
    let records: SealedRecords
    let module: any CardModule
    let emulator: Emulator
    private let ledger: SealedRecords
    private let loading: DirectLoad
    let mails: SettlementMails
    private let clearingHouses: Set<String>
    private let random: any RandomSource
    let now: @Sendable () -> Instant

    /// Changes of the same card or sale by others, before the clearing house has to ask again.
    private static let attemptsMax = 10

    /// - Parameters:
    ///   - ledger: the issuer's own database of ``FloatRecords``, and its seals.
    ///   - cards: the card database 270, and its seals.
    ///   - module: opens cards.
    ///   - loads: signs credits.
    ///   - emulator: makes them durable.
    ///   - mails: tells the holders.
    ///   - clearingHouses: the names of who is answered.
    ///   - random: for R of each load.
    ///   - now: asked for the moment of each credit.
    package init(
        ledger: (store: any RecordStore, seals: any RecordSealing),
        cards: (store: any RecordStore, seals: any RecordSealing),
        module: any CardModule,
        loads: any LoadModule,
        emulator: Emulator,
        mails: SettlementMails,
        clearingHouses: Set<String>,
        random: any RandomSource,
        now: @escaping @Sendable () -> Instant
    ) {
        self.ledger = SealedRecords(store: ledger.store, sealing: ledger.seals)
        records = SealedRecords(store: cards.store, sealing: cards.seals)
        self.module = module
        self.emulator = emulator
        self.mails = mails
        self.clearingHouses = clearingHouses
        self.random = random
        self.now = now
        loading = DirectLoad(module: module, loads: loads)
    }

    /// Answers a clearing house that is known by its name; everybody else learns nothing.
    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard clearingHouses.contains(peer),
            case .credit(let bytes, let number, let amount)? = try? IssuerMessage(request),
            let (sale, _) = try? CollectedSale.read(bytes),
            let order = RefundOrder(
                transaction: sale.transaction,
                merchant: sale.merchant,
                number: number,
                amount: amount
            )
        else { return IssuerMessage.unavailable.bytes }
        do throws(FloatFailure) {
            switch try await refund(order, of: sale) {
            case .refunded: return IssuerMessage.credited(sale.transaction, number: number).bytes
            case .refused(let reason):
                return IssuerMessage.refused(sale.transaction, number: number, reason).bytes
            case .pending: return IssuerMessage.unavailable.bytes
            }
        } catch {
            return IssuerMessage.unavailable.bytes
        }
    }

    // MARK: One refund

    /// The refunds of a sale as last committed.
    private struct Stored {
        var record: RefundedSaleRecord
        let revision: UInt64
        /// What has decided it, where it is a charge-back.
        var dispute: DisputeDesk.Stored?
    }

    private func refund(
        _ order: RefundOrder,
        of sale: CollectedSale
    ) async throws(FloatFailure) -> RefundOutcome {
        for _ in 0..<RefundDesk.attemptsMax {
            let found = try await stored(sale.transaction)
            if let known = found?.record.refunds.entry(order.number), !isForgotten {
                let isSame = known.minorUnits == order.amount.minorUnits
                return isSame ? known.outcome : .refused(.differs)
            }
            guard try await isProved(sale) else { return .refused(.notProved) }
            var stored = known(found, of: sale)
            if order.isChargeBack {
                stored.dispute = try await decided(order)
                // Nothing is on record: it may be decided yet, and then it is another one.
                if stored.dispute == nil { return .refused(.notDecided) }
            }
            let outcome = try await take(order, of: sale, stored)
            if let outcome { return outcome }
        }
        throw .busy
    }

    /// What a refund is added to.
    private func known(_ found: Stored?, of sale: CollectedSale) -> Stored {
        let revision = found?.revision ?? 0
        guard let found, !isForgotten else {
            return Stored(record: RefundedSaleRecord(of: sale), revision: revision)
        }
        return found
    }

    private var isForgotten: Bool {
        #if PLANTED_BUGS
            return PlantedBug.isPlanted(.refundCreditedTwice)
        #else
            return false
        #endif
    }

    /// - Returns: nil where somebody else was first.
    private func take(
        _ order: RefundOrder,
        of sale: CollectedSale,
        _ stored: Stored
    ) async throws(FloatFailure) -> RefundOutcome? {
        if let reason = stored.record.refunds.refusal(of: order) {
            return try await deny(order, reason, stored)
        }
        let target = CreditTarget(records: records, emulator: emulator, module: module)
        switch try await target.find(sale.card, order.amount, at: now()) {
        case .failure(let reason): return try await deny(order, reason, stored)
        case .success(let card): return try await credit(card, order, stored)
        }
    }

    /// Makes it durable that this refund is never granted: a late copy of the request does not
    /// credit what the clearing house has given back.
    private func deny(
        _ order: RefundOrder,
        _ reason: RefundRefusal,
        _ stored: Stored
    ) async throws(FloatFailure) -> RefundOutcome? {
        var next = stored
        let moment = now()
        next.record.refunds.add(order, .refused(reason), at: moment)
        var writes = [try await write(next, order.transaction)]
        if let dispute = stored.dispute {
            writes += try await self.writes(
                ending: dispute,
                order,
                .refused(reason),
                next.record.refunds,
                at: moment
            )
        }
        let transition = Transition(writes: writes)
        let isCommitted = try await attempt { () async throws(UserFailure) in
            try await records.commit(transition)
        }
        return isCommitted ? .refused(reason) : nil
    }

    private func credit(
        _ card: SealedCard,
        _ order: RefundOrder,
        _ stored: Stored
    ) async throws(FloatFailure) -> RefundOutcome? {
        let moment = now()
        let change = try await asking { () async throws(ModuleFailure) in
            try await loading.load(
                order.amount,
                onto: card,
                from: .refund(order.number, at: card.card.issuer),
                order.transaction,
                context: CardContext(
                    random: random.integer(),
                    now: moment,
                    note: order.merchant.text
                )
            )
        }
        guard let row = change.row, let entry = try? CardHistoryEntry(row.body),
            let movement = entry.movement
        else { throw .busy }
        var next = stored
        next.record.refunds.add(order, .refunded, at: moment)
        next.record.credits[order.number] = RefundedSaleRecord.Credit(
            card: card.card,
            number: movement.number
        )
        let balance = Money(
            minorUnits: movement.balance,
            currency: order.amount.currency,
            exponent: order.amount.exponent
        )
        let refund = RefundNotice(order: order, card: card.card, balance: balance)
        let writes = try await writes(telling: refund, next, at: moment)
        let write = try await write(next, order.transaction)
        switch try await emulator.attempt(
            change,
            expected: card.revision,
            with: [write] + writes
        ) {
        case .committed: return .refunded
        case .conflict: return nil
        case .setBack: return try await deny(order, .cardBlocked, stored)
        }
    }

    /// What is durable with the credit: the mail, and the end of a dispute.
    private func writes(
        telling refund: RefundNotice,
        _ stored: Stored,
        at moment: Instant
    ) async throws(FloatFailure) -> [RecordWrite] {
        let refunds = stored.record.refunds
        if let dispute = stored.dispute {
            return try await writes(ending: dispute, refund.order, .refunded, refunds, at: moment)
        }
        let told = try await asking { () async throws(ModuleFailure) in
            try await mails.writes(for: refund, at: moment)
        }
        return told + (try await writes(endingWithout: refunds, refund.order, at: moment))
    }

    // MARK: What is on record

    private func stored(
        _ transaction: TransactionIdentifier
    ) async throws(FloatFailure) -> Stored? {
        try await attempt { () async throws(UserFailure) in
            let key = RefundedSaleRecord.key(transaction)
            guard let opened = try await records.read(key) else { return nil }
            return Stored(
                record: try decoded(opened.body, RefundedSaleRecord.init),
                revision: opened.revision
            )
        }
    }

    private func write(
        _ stored: Stored,
        _ transaction: TransactionIdentifier
    ) async throws(FloatFailure) -> RecordWrite {
        try await attempt { () async throws(UserFailure) in
            try await records.put(
                RefundedSaleRecord.key(transaction),
                expectedRevision: stored.revision,
                stored.record.bytes
            )
        }
    }

    /// Whether this issuer has said of this very sale that one of its cards has paid it.
    private func isProved(_ sale: CollectedSale) async throws(FloatFailure) -> Bool {
        let key = NumberRecord.key(sale.card, sale.number)
        return try await attempt { () async throws(UserFailure) in
            guard let opened = try await ledger.read(key) else { return false }
            let record = try decoded(opened.body) { body throws(WireFailure) in
                try NumberRecord(body, key: key.bytes)
            }
            return record.answer(to: sale) == .proved
        }
    }
}
