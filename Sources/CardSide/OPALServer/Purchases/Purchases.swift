// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
import ClientCode
package import Kernel
package import Records
package import SecurityModule
package import Wire

/// The OPAL server's part of a purchase, from the person's consent to the Debit Result (FIG. 11,
/// steps 608–634; FIG. 15, steps 810–822).
///
/// Nothing is remembered before the debit, because nothing has happened. Debit, history and the
/// Debit Response become durable in one commit; from then on the response is repeated until the
/// payment server says what became of it.
package struct Purchases: Sendable {
    let store: any RecordStore
    let seals: any RecordSealing
    let keys: any DrawSealing
    package var emulator: Emulator
    package var directory: AcquirerDirectory
    let now: @Sendable () -> Instant
    /// A clock that only goes forward, for time-outs; nil where nobody sets the other one.
    package var uptime: (@Sendable () -> Uptime)?
    /// Tells cardholders how a payment that was pending has ended; nil where nobody is told.
    package var mails: SettlementMails?
    /// Told the word of each refusal; nil where nobody counts them.
    package var refused: (@Sendable (String) -> Void)?
    /// Tells guardians what the limits of their children's cards refuse; nil where nobody is told.
    package var refusals: PurchaseRefusals?
    /// Knows the numbers of cards in programmes, for proofs of identity; nil where there are none.
    package var members: (any MembershipSource)?
    /// Programmes of the cards; nil where they hold no points, and none are taken.
    package var points: PurchasePoints?
    let waits = OpenWaits()

    /// A draw request is sent so often, where the link fails, before the person is told.
    private static let draws = 2

    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        keys: any DrawSealing,
        emulator: Emulator,
        directory: AcquirerDirectory,
        now: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        self.seals = seals
        self.keys = keys
        self.emulator = emulator
        self.directory = directory
        self.now = now
    }

    /// Pays an order with a card. The person has consented.
    ///
    /// Safe to be called again with the same page: a transaction is debited once, and the same
    /// outcome is told.
    package func pay(_ page: OrderPage, with card: CardIdentifier) async -> PurchaseOutcome {
        let outcome = await end(of: page, card)
        switch outcome {
        case .refused(let refusal): refused?(refusal.word)
        case .refusedByLimit(let refusal): refused?(refusal.word)
        case .paid, .pending: break
        }
        return outcome
    }

    private func end(of page: OrderPage, _ card: CardIdentifier) async -> PurchaseOutcome {
        do throws(Refusal) {
            guard let link = directory.link(to: page.paymentServer) else {
                throw .unknownPaymentServer
            }
            if page.terms.isStale(at: now()) { throw .orderTooOld }
            let outcome = try await outcome(of: page, card, link)
            guard case .refusedByLimit(let refusal) = outcome else { return outcome }
            if let earlier = await earlierOutcome(page, card) { return earlier }
            await note(refusal, of: page, by: card)
            return outcome
        } catch {
            return await earlierOutcome(page, card) ?? .refused(error)
        }
    }

    private func outcome(
        of page: OrderPage,
        _ card: CardIdentifier,
        _ link: any Link
    ) async throws(Refusal) -> PurchaseOutcome {
        guard page.terms.isSound else { throw .malformed }
        try await preparePoints(page.terms, on: card)
        if let terms = page.terms.ofOtherHalf { try await preparePoints(terms, on: card) }
        guard let second = page.ofSecondHalf else {
            return try await Purchase(page, card, link, self).run()
        }
        return try await MixedPurchase(page, second, card, link, self).run()
    }

    /// The numbers of a card in the programmes of the site that asks for a proof.
    func memberships(
        of card: CardIdentifier,
        for terms: OrderTerms
    ) async throws(Refusal) -> [Membership] {
        guard terms.type == .authentication, let members else { return [] }
        return try await members.memberships(of: card, at: terms.merchant)
    }

    /// Tells the guardian, if there is one, that a limit refuses an order: at the debit, or before
    /// the person has tried.
    package func note(
        _ refusal: SpendingRefusal,
        of page: OrderPage,
        by card: CardIdentifier
    ) async {
        await refusals?.note(
            refusal,
            of: page.terms,
            page.description,
            by: card,
            at: now()
        )
    }

    /// A refusal may come because this order was paid already: by a second click, in another tab,
    /// long ago. The order is too old then, or too little value is left on the card; what the
    /// person is told is what became of the order.
    ///
    /// - Returns: nil where it was not paid with this card.
    private func earlierOutcome(
        _ page: OrderPage,
        _ card: CardIdentifier
    ) async -> PurchaseOutcome? {
        guard let stored = try? await read(page.terms.transaction), stored.draw.card == card,
            stored.draw.terms == page.terms
        else { return nil }
        guard let link = directory.link(to: stored.draw.paymentServer) else {
            return stored.outcome
        }
        // A second click, moments after the first: that one's page tells the outcome. Of an older
        // debit the person may have been told that it is pending.
        let age = now().since(stored.draw.debitedAt)
        let isFresh = age >= .zero && age < Purchases.freshTime
        return await settle(stored, link, wasPending: !isFresh)
    }

    /// Less than a link waits for an answer: within it nobody is told *pending*.
    private static let freshTime = Duration.seconds(3)

    // MARK: One purchase

    /// Sends a request to the payment server, again with the same bytes where the link fails.
    func ask(_ link: any Link, _ request: PartyMessage) async throws(Refusal) -> PartyMessage {
        let bytes = request.bytes
        for _ in 0..<Purchases.draws {
            do {
                let message = try PartyMessage(try await link.request(bytes))
                if case .refusal(_, let refusal) = message { throw refusal }
                return message
            } catch let refusal as Refusal {
                throw refusal
            } catch is WireFailure {
                throw .malformed
            } catch LinkFailure.busy {
                throw .busy
            } catch LinkFailure.tooLarge {
                throw .malformed
            } catch {
                continue
            }
        }
        throw .paymentServerSilent
    }
}

/// Knows the numbers that programmes have entered on cards.
package protocol MembershipSource: Sendable {
    /// The numbers of a card in the programmes whose site this is, by ascending programme; none
    /// where it is no member.
    func memberships(
        of card: CardIdentifier,
        at site: MerchantIdentifier
    ) async throws(Refusal) -> [Membership]
}

/// The payment servers that this OPAL server may talk to, by the name in the order page. No other
/// host is ever connected to.
package struct AcquirerDirectory: Sendable {
    private let links: [String: any Link]

    package init(_ links: [String: any Link]) {
        self.links = links
    }

    package func link(to paymentServer: String) -> (any Link)? { links[paymentServer] }
    package var names: [String] { links.keys.sorted() }
}
