// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// The merchant module 232 of one merchant: makes orders, checks Debit Results and hands out what
/// is paid (FIG. 11A, steps 602–606; FIG. 11C, steps 636–640; FIG. 15).
///
/// An order is found by its TRX. What belongs to the person who ordered is given only with the
/// receipt key; a wrong key and an unknown order are the same refusal.
package struct MerchantModule: Sendable {
    /// Who the merchant is.
    package struct Profile: Sendable {
        package let merchant: MerchantIdentifier
        /// The payment server's name in the acquirer directory.
        package let paymentServer: String
        package let policy: ComparisonPolicy
        /// Where the browser brings a result; `http` or `https`.
        package let statusURL: String

        /// - Returns: nil where a text is too long, holds a control character, or the address has
        ///   another scheme: the OPAL server would refuse such a page.
        package init?(
            merchant: MerchantIdentifier,
            paymentServer: String,
            policy: ComparisonPolicy,
            statusURL: String
        ) {
            func isText(_ text: String, bytesMax: Int) -> Bool {
                (1...bytesMax).contains(text.utf8.count)
                    && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            }
            guard isText(paymentServer, bytesMax: OrderPage.paymentServerBytesMax),
                isText(statusURL, bytesMax: PurchaseLimits.statusURLBytesMax),
                statusURL.hasPrefix("https://") || statusURL.hasPrefix("http://")
            else { return nil }
            self.merchant = merchant
            self.paymentServer = paymentServer
            self.policy = policy
            self.statusURL = statusURL
        }
    }

    /// What the person who orders gets: the way to the order.
    package struct Ticket: Equatable, Sendable {
        package let transaction: TransactionIdentifier
        package let receiptKey: ReceiptKey
    }

    /// What is handed out.
    package struct Delivery: Equatable, Sendable {
        package let order: OrderView
        /// Whether this call made the delivery; else the same goods are fetched once more.
        package let isFirst: Bool
        package let availableUntil: Instant
    }

    package let profile: Profile
    let sealing: any OrderSealing
    let book: OrderBook
    let link: any Link
    let ages: OrderAges
    private let random: any RandomSource

    /// - Parameters:
    ///   - profile: who the merchant is.
    ///   - sealing: holds the key that this merchant shares with the payment server, and names it.
    ///   - recordSealing: seals the orders in the store.
    ///   - store: opened with ``MerchantRecords/schema``.
    ///   - link: to the payment server.
    ///   - random: for transactions, session keys and receipt keys.
    ///   - uptime: a clock that only goes forward; nil where nobody sets the other one.
    package init(
        _ profile: Profile,
        sealing: any OrderSealing,
        recordSealing: any RecordSealing,
        store: any RecordStore,
        link: any Link,
        random: any RandomSource,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        self.profile = profile
        self.sealing = sealing
        book = OrderBook(store: store, sealing: recordSealing)
        self.link = link
        ages = OrderAges(uptime)
        self.random = random
    }

    /// Makes an order (FIG. 11A, step 604). It is durable before the ticket is given.
    package func order(_ article: Article, now: Instant) async throws(OrderFailure) -> Ticket {
        for _ in 0..<MerchantLimits.attemptsMax {
            let order = try await makeOrder(article, in: nil, at: now)
            if try await book.commit([opening(order)], at: now) {
                _ = ages.age(of: order.transaction, now: now)
                return Ticket(transaction: order.transaction, receiptKey: order.receiptKey)
            }
        }
        throw .busy
    }

    /// Makes an order anew, with a new transaction, after the old one ended unpaid: the same
    /// article at the same price. The old order names its successor, so that asking twice makes
    /// one: two tabs do not end in two payments.
    ///
    /// - Throws: `.notUnpaid` while the old order is open or after it was paid.
    package func reorder(
        _ transaction: TransactionIdentifier,
        receiptKey: ReceiptKey,
        now: Instant
    ) async throws(OrderFailure) -> Ticket {
        try await book.change(transaction, at: now) { entry throws(OrderFailure) in
            try check(receiptKey, entry)
            guard case .unpaid(let settlement, let known) = entry.order.progress else {
                throw .notUnpaid(entry.order.state)
            }
            if let known {
                let successor = try await book.read(known).order
                return .answer(Ticket(transaction: known, receiptKey: successor.receiptKey))
            }
            let successor = try await makeOrder(entry.order.article, in: transaction, at: now)
            var next = entry.order
            next.progress = .unpaid(settlement, successor: successor.transaction)
            let renewal = OrderBook.Step(
                next: next,
                revision: entry.revision,
                event: .renewed(successor: successor.transaction)
            )
            return OrderBook.Decision(
                steps: [renewal, opening(successor)],
                answer: Ticket(
                    transaction: successor.transaction,
                    receiptKey: successor.receiptKey
                )
            )
        }
    }

    /// The order page (FIG. 11A, step 606; FIG. 15A, step 808); the same again until the order
    /// ends.
    ///
    /// - Throws: `.notOpen` for an order that has ended, `.tooOld` for one that can no longer be
    ///   paid.
    package func page(
        of transaction: TransactionIdentifier,
        receiptKey: ReceiptKey,
        now: Instant
    ) async throws(OrderFailure) -> OrderPage {
        let entry = try await book.read(transaction)
        try check(receiptKey, entry)
        let order = entry.order
        guard case .open(let sessionKey, let secondHalf) = order.progress else {
            throw .notOpen(order.state)
        }
        if order.terms.isStale(at: now) { throw .tooOld }
        return OrderPage(
            terms: order.terms,
            proof: order.proof,
            paymentServer: profile.paymentServer,
            description: order.article.description,
            sessionKey: sessionKey,
            secondHalf: secondHalf
        )
    }

    /// How far an order has come.
    package func find(
        _ transaction: TransactionIdentifier,
        receiptKey: ReceiptKey
    ) async throws(OrderFailure) -> OrderView {
        let entry = try await book.read(transaction)
        try check(receiptKey, entry)
        return OrderView(entry.order)
    }

    /// Hands out what is paid (FIG. 11C, step 640). The first call makes the delivery durable; for
    /// ``MerchantLimits/downloadTime`` afterwards the same goods can be fetched again, because a
    /// download may break off.
    ///
    /// - Throws: `.notPaid`, `.downloadOver`.
    package func deliver(
        _ transaction: TransactionIdentifier,
        receiptKey: ReceiptKey,
        now: Instant
    ) async throws(OrderFailure) -> Delivery {
        try await book.change(transaction, at: now) { entry throws(OrderFailure) in
            try check(receiptKey, entry)
            if case .delivered(_, let time) = entry.order.progress {
                #if PLANTED_BUGS
                    if PlantedBug.isPlanted(.deliveredAgain) {
                        return Self.again(entry, at: now)
                    }
                #endif
                let until = time.adding(MerchantLimits.downloadTime)
                if until < now { throw .downloadOver }
                return .answer(
                    Delivery(
                        order: OrderView(entry.order),
                        isFirst: false,
                        availableUntil: until
                    )
                )
            }
            guard let next = entry.order.delivered(at: now) else {
                throw .notPaid(entry.order.state)
            }
            return OrderBook.Decision(
                steps: [OrderBook.Step(next: next, revision: entry.revision, event: .delivered)],
                answer: Delivery(
                    order: OrderView(next),
                    isFirst: true,
                    availableUntil: now.adding(MerchantLimits.downloadTime)
                )
            )
        }
    }

    #if PLANTED_BUGS
        private static func again(
            _ entry: OrderBook.Entry,
            at now: Instant
        ) -> OrderBook.Decision<Delivery> {
            OrderBook.Decision(
                steps: [
                    OrderBook.Step(
                        next: entry.order,
                        revision: entry.revision,
                        event: .delivered
                    )
                ],
                answer: Delivery(
                    order: OrderView(entry.order),
                    isFirst: true,
                    availableUntil: now.adding(MerchantLimits.downloadTime)
                )
            )
        }
    #endif

    private func check(_ receiptKey: ReceiptKey, _ entry: OrderBook.Entry) throws(OrderFailure) {
        if entry.order.receiptKey != receiptKey { throw .unknownOrder }
    }

    private func makeOrder(
        _ article: Article,
        in place: TransactionIdentifier?,
        at now: Instant
    ) async throws(OrderFailure) -> Order {
        let transaction = TransactionIdentifier(at: now, random: random.pair())
        let terms = OrderTerms(
            transaction: transaction,
            merchant: profile.merchant,
            amount: article.price,
            policy: article.secondPrice == nil ? profile.policy : .paymentServer,
            madeAt: now,
            statusURL: profile.statusURL,
            otherHalf: article.secondPrice.map { price in
                OtherHalf(
                    transaction: TransactionIdentifier(at: now, random: random.pair()),
                    amount: price,
                    isFirst: false
                )
            }
        )
        let sealed: SealedOrder
        var secondHalf: OrderPage.SecondHalf?
        do throws(ModuleFailure) {
            sealed = try await sealing.seal(terms, random: random.bytes(32))
            if let terms = terms.ofOtherHalf {
                let half = try await sealing.seal(terms, random: random.bytes(32))
                secondHalf = OrderPage.SecondHalf(
                    proof: half.proof,
                    sessionKey: half.sessionKey
                )
            }
        } catch { throw .module(error) }
        return Order(
            receiptKey: ReceiptKey(random.bytes(ReceiptKey.count)),
            article: article,
            terms: terms,
            proof: sealed.proof,
            predecessor: place,
            progress: .open(sealed.sessionKey, secondHalf: secondHalf)
        )
    }

    private func opening(_ order: Order) -> OrderBook.Step {
        OrderBook.Step(
            next: order,
            revision: 0,
            event: .ordered(
                order.terms,
                article: order.article.identifier,
                predecessor: order.predecessor
            )
        )
    }
}
