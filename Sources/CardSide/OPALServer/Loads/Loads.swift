// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Synchronization
package import Wire

/// The OPAL server's part of a load, from the person's consent to the Load Result (FIG. 18, steps
/// 876–891).
///
/// A load is remembered before the load server is asked: once S2 is issued, no time-out ends it,
/// and only the card can prove that it was not loaded. Credit, history and the load response become
/// durable in one commit, and so do the end of a load without credit and the card's proof of it.
/// Either is then repeated until the load server says that it knows.
package struct Loads: Sendable {
    let store: any RecordStore
    let seals: any RecordSealing
    let keys: any CreditSealing
    package var emulator: Emulator
    package var directory: LoadServerDirectory
    let now: @Sendable () -> Instant
    /// A clock that only goes forward, for time-outs; nil where nobody sets the other one.
    package var uptime: (@Sendable () -> Uptime)?
    /// Tells the person that the card was loaded; nil where nobody is told.
    package var mails: SettlementMails?
    let waits = LoadWaits()

    /// A request is sent so often, where the link fails.
    private static let tries = 2
    /// How long a load may be under way: longer than all its requests can take. What is older was
    /// left behind.
    package static let underWayTime = LinkLimits.responseTime * (tries + 1)

    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        keys: any CreditSealing,
        emulator: Emulator,
        directory: LoadServerDirectory,
        now: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        self.seals = seals
        self.keys = keys
        self.emulator = emulator
        self.directory = directory
        self.now = now
    }

    /// Loads a card. The person has consented.
    ///
    /// Safe to be called again with the same page: a transaction is credited once, and the same
    /// outcome is told.
    package func load(_ page: LoadPage, onto card: CardIdentifier) async -> CardLoadOutcome {
        // A page that comes again is told what became of it, also when it is too old by now.
        if let known = await outcome(of: page, card) { return known }
        guard let link = directory.link(to: page.terms.loadServer) else {
            return .refused(.unknownLoadServer, nil)
        }
        do throws(LoadRefusal) {
            if page.terms.isStale(at: now()) { throw .loadTooOld }
            if page.terms.amount.minorUnits == 0 { throw .belowMinimum }
            return try await CardLoading(page, card, link, self).run()
        } catch {
            // Another tab may have been first.
            if let known = await outcome(of: page, card) { return known }
            // The same page may do better a moment later.
            if error.isTransient { return .refused(error, nil) }
            // No load server has heard of this load: it is ended there at once, so that the bank's
            // hold ends, too.
            return await refuse(page, card, error, link)
        }
    }

    /// The person does not consent, or cannot: the load is ended, so that the bank's hold ends at
    /// once. A load that has begun goes on.
    package func decline(
        _ page: LoadPage,
        for card: CardIdentifier,
        reason: LoadRefusal = .declined
    ) async -> CardLoadOutcome {
        if let known = await outcome(of: page, card) { return known }
        guard let link = directory.link(to: page.terms.loadServer) else {
            return .refused(.unknownLoadServer, nil)
        }
        return await refuse(page, card, reason, link)
    }

    /// What became of a load that is on record.
    ///
    /// - Returns: nil where there is none; pending where nobody knows.
    private func outcome(of page: LoadPage, _ card: CardIdentifier) async -> CardLoadOutcome? {
        let stored: Stored
        do throws(LoadRefusal) {
            guard let found = try await read(page.terms.transaction) else { return nil }
            stored = found
        } catch {
            return .pending(receipt(page, card))
        }
        guard stored.load.terms == page.terms else { return .refused(.loadForged, nil) }
        guard stored.load.card == card else { return .refused(.loadInProgress, nil) }
        guard let link = directory.link(to: page.terms.loadServer) else { return stored.outcome }
        return await settle(stored, link).outcome
    }

    /// Tells the load server that the card was never asked. Nothing depends on it: the bank asks.
    private func refuse(
        _ page: LoadPage,
        _ card: CardIdentifier,
        _ reason: LoadRefusal,
        _ link: any Link
    ) async -> CardLoadOutcome {
        let negative = NegativeResponse(reason: reason, load: nil)
        let session = await keys.session(page.sessionKey, page.terms.transaction)
        guard let sealed = try? await session.sealNegative(negative.bytes) else {
            return .refused(reason, nil)
        }
        let request = LoadRequest(terms: page.terms, proof: page.proof, sealed: sealed)
        guard
            case .loadResult(page.terms.transaction, let forCard, let forBank)? =
                try? await ask(link, .negativeResponse(request)),
            let result = try? await session.openResult(forCard), result.outcome == .notLoaded
        else { return .refused(reason, nil) }
        return .refused(reason, receipt(page, card, forBank))
    }

    /// Of a load whose card was not credited.
    private func receipt(
        _ page: LoadPage,
        _ card: CardIdentifier,
        _ forBank: [UInt8] = []
    ) -> LoadReceipt {
        LoadReceipt(
            terms: page.terms,
            card: card,
            bankName: page.bankName,
            balance: nil,
            forBank: forBank
        )
    }

    /// Sends a request to the load server, again with the same bytes where the link fails.
    func ask(_ link: any Link, _ request: LoadMessage) async throws(LoadRefusal) -> LoadMessage {
        try await answer(of: link, to: request).reply.get()
    }

    /// What came of a request.
    struct Answer {
        let reply: Result<LoadMessage, LoadRefusal>
        /// Whether it was sent again: then an earlier copy may still be on its way, and get another
        /// answer than this one.
        let isRepeated: Bool
    }

    func answer(of link: any Link, to request: LoadMessage) async -> Answer {
        let bytes = request.bytes
        for number in 0..<Loads.tries {
            let reply: Result<LoadMessage, LoadRefusal>
            do {
                let message = try LoadMessage(try await link.request(bytes))
                if case .refusal(_, let refusal) = message {
                    reply = .failure(refusal)
                } else {
                    reply = .success(message)
                }
            } catch LinkFailure.busy {
                reply = .failure(.busy)
            } catch is WireFailure {
                reply = .failure(.malformed)
            } catch LinkFailure.tooLarge {
                reply = .failure(.malformed)
            } catch {
                continue
            }
            return Answer(reply: reply, isRepeated: number > 0)
        }
        return Answer(reply: .failure(.loadServerSilent), isRepeated: true)
    }
}

/// The load servers that this OPAL server may talk to, by the name in the load page. No other host
/// is ever connected to.
package struct LoadServerDirectory: Sendable {
    private let links: [String: any Link]

    package init(_ links: [String: any Link]) {
        self.links = links
    }

    package func link(to loadServer: String) -> (any Link)? { links[loadServer] }
    package var names: [String] { links.keys.sorted() }
}

/// How long open loads have waited, from one round to the next.
final class LoadWaits: Sendable {
    private let waits = Mutex(Waits<TransactionIdentifier>())

    func age(of load: LoadRecord, _ loads: Loads) -> Duration {
        let now = loads.now()
        let uptime = loads.uptime?() ?? Uptime(now)
        return waits.withLock {
            $0.age(
                of: load.terms.transaction,
                begunAt: load.requestedAt,
                now: now,
                uptime: uptime
            )
        }
    }

    func keep(only transactions: Set<TransactionIdentifier>) {
        waits.withLock { $0.keep(only: transactions) }
    }
}
