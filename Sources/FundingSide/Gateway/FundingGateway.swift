// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Synchronization
import Wire

/// The payment gateway of the patent's alternative loading embodiment: asks the funding network for
/// funds before a card is credited, and tells it afterwards whether it was.
///
/// A request is durable before it leaves. From then on the network may hold funds, so that an
/// authorisation ends only when the network has acknowledged that they are captured or released:
/// what has no answer is reversed, what was credited is advised, and both are sent again, with the
/// same bytes, until they are acknowledged (``forwardOpen()``).
package final class FundingGateway: Sendable {
    let profile: GatewayProfile
    let messages: GatewayMessages
    let book: AuthorizationBook
    let traces: TraceCounter
    let link: any FundingNetworkLink
    let now: @Sendable () -> Instant
    let uptime: @Sendable () -> Uptime
    let memory = Mutex(Memory())

    /// What this process knows besides the store; after a restart it is empty.
    struct Memory: Sendable {
        var isSignedOn = false
        /// What the network is being asked for, with those who wait to ask for the same.
        var asking: [AuthorizationName: [CheckedContinuation<Void, Never>]] = [:]
        /// Advices and reversals that are under way, so that each is under way once.
        var sending: Set<AuthorizationName> = []
        /// Advices and reversals that have never left: their first copy is not marked as a repeat.
        var unsent: Set<AuthorizationName> = []
        /// By what a late acknowledgement is recognised.
        var forwarded: [ISOExchange: AuthorizationName] = [:]
        /// How long open authorisations have waited.
        var waits = Waits<AuthorizationName>()
        /// Where the last round of forwarding ended, so that the next one begins behind it.
        var lastForwarded: [UInt8] = []
    }

    /// `store`: opened with ``GatewayRecords/schema``.
    /// `now`: asked once for each step.
    /// `uptime`: a clock that only goes forward; nil where nobody sets the other one.
    package init(
        _ profile: GatewayProfile,
        store: any RecordStore,
        seals: any RecordSealing,
        link: any FundingNetworkLink,
        now: @escaping @Sendable () -> Instant,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        self.profile = profile
        messages = GatewayMessages(profile: profile)
        book = AuthorizationBook(store: store, seals: seals)
        traces = TraceCounter(store: store, seals: seals)
        self.link = link
        self.now = now
        self.uptime = uptime ?? { Uptime(now()) }
    }

    /// Asks the network for the funds of a load and waits for its answer. Asked again for the same
    /// transaction, it waits as long and tells what became of the first request. An amount of zero
    /// asks only whether account, address and CVV2 belong together.
    ///
    /// A card may be credited only where the outcome is `.approved` and the state is *approved*;
    /// then ``complete(_:)`` or ``cancel(_:)`` must follow. Every other outcome is settled already.
    ///
    /// - Throws: `.transactionMismatch`, `.currencyNotTaken`, `.amountTooLarge`, `.notEncodable`;
    ///   `.inProgress` where another process asks, or one that has ended did; `.damaged`, `.busy`,
    ///   `.store`, `.module`.
    package func authorize(
        _ request: FundingRequest
    ) async throws(GatewayFailure) -> Authorization {
        await enter(request.name)
        defer { leave(request.name) }
        let addressHash = try await hash(request.addressBytes, for: request.name)
        if let known = try await book.find(request.name) {
            return try repeated(known.record, request, addressHash)
        }
        try profile.check(request.amount)
        let terms = FundingTerms(
            request,
            addressHash: addressHash,
            try await traces.next(),
            at: now()
        )
        let message = messages.authorization(terms, request)
        let bytes = try encoded(message)
        guard let exchange = ISOExchange(message) else { throw .answerUnreadable }
        let record = AuthorizationRecord(request.name, terms)
        let step = AuthorizationStep(.asked, at: terms.askedAt, terms.journaled)
        guard try await book.commit(.init(record: record, revision: 0), step) else {
            return try repeated(try await book.read(request.name).record, request, addressHash)
        }
        let decision: AuthorizationDecision
        do throws(LinkFailure) {
            let answer = try await link.request(bytes, exchange)
            decision = AuthorizationDecision(answer, to: message, profile)
        } catch {
            decision = AuthorizationDecision(error)
        }
        if decision.outcome == .declined(.notPermitted) { noteSignedOff() }
        return Authorization(try await settle(request.name, decision))
    }

    /// What became of an authorisation.
    ///
    /// - Returns: nil where the gateway has never heard of it.
    package func authorization(
        of name: AuthorizationName
    ) async throws(GatewayFailure) -> Authorization? {
        try await book.find(name).map { Authorization($0.record) }
    }

    /// The card was credited: has the funds captured. The advice is durable when this returns, and
    /// leaves with ``forward(_:)`` or ``forwardOpen()``. Where no funds are held for it, nothing
    /// changes.
    ///
    /// - Throws: `.unknownTransaction`; `.damaged`, `.busy`, `.store`, `.module`.
    @discardableResult
    package func complete(
        _ name: AuthorizationName
    ) async throws(GatewayFailure) -> Authorization {
        let trace = try await traces.next()
        let moment = now()
        let record = try await book.change(name) { record throws(GatewayFailure) in
            guard let terms = record.terms, let next = record.next(after: .credited) else {
                return nil
            }
            guard next.isForwarded else {
                record.state = next
                return AuthorizationStep(.completed, at: moment)
            }
            let message = self.messages.advice(terms, record.outcome, trace, at: moment)
            return try self.begin(message, next, .completing, &record, at: moment)
        }
        noteUnsent(record, trace)
        return Authorization(record)
    }

    /// The card was not credited and never will be: has the funds released. The reversal is durable
    /// when this returns; where there can be nothing to release, none is made. What was never heard
    /// of is kept as cancelled, so that a request that comes later is not sent.
    ///
    /// What the card was credited for, and what the network declined, stays what it is.
    ///
    /// - Throws: `.damaged`, `.busy`, `.store`, `.module`.
    @discardableResult
    package func cancel(
        _ name: AuthorizationName
    ) async throws(GatewayFailure) -> Authorization {
        for _ in 0..<GatewayLimits.attemptsMax {
            if try await book.find(name) != nil { return try await cancelKnown(name) }
            let record = AuthorizationRecord(cancelled: name)
            let step = AuthorizationStep(.cancelled, at: now())
            if try await book.commit(.init(record: record, revision: 0), step) {
                return Authorization(record)
            }
        }
        throw .busy
    }

    private func cancelKnown(
        _ name: AuthorizationName
    ) async throws(GatewayFailure) -> Authorization {
        let trace = try await traces.next()
        let moment = now()
        let record = try await book.change(name) { record throws(GatewayFailure) in
            guard let terms = record.terms, let next = record.next(after: .notCredited) else {
                return nil
            }
            if let reversal = record.forwarded {
                // It is on its way because no answer came. Where one came that was no approval of
                // what was asked, that is the network's word and stays so.
                guard record.outcome == .unknown else { return nil }
                record.state = next
                return AuthorizationStep(.cancelling, at: moment, reversal[.traceNumber] ?? [])
            }
            guard next.isForwarded else {
                record.state = next
                return AuthorizationStep(.cancelled, at: moment)
            }
            let message = self.messages.reversal(
                terms,
                record.outcome,
                trace,
                at: moment,
                because: .cancelled
            )
            return try self.begin(message, next, .cancelling, &record, at: moment)
        }
        noteUnsent(record, trace)
        return Authorization(record)
    }
}
