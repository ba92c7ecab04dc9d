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
        /// Requests whose answer somebody awaits.
        var asked: Set<TransactionIdentifier> = []
        /// Advices and reversals that are under way, so that each is under way once.
        var sending: Set<TransactionIdentifier> = []
        /// Advices and reversals that have never left: their first copy is not marked as a repeat.
        var unsent: Set<TransactionIdentifier> = []
        /// By what a late acknowledgement is recognised.
        var forwarded: [ISOExchange: TransactionIdentifier] = [:]
        /// How long open authorisations have waited.
        var waits = Waits<TransactionIdentifier>()
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
    /// transaction, it tells what became of the first request.
    ///
    /// A card may be credited only where the outcome is `.approved` and the state is *approved*;
    /// then ``complete(_:)`` or ``cancel(_:)`` must follow. Every other outcome is settled already.
    ///
    /// - Throws: `.transactionMismatch`, `.amountNotSupported`, `.notEncodable`; `.inProgress`
    ///   while the first request waits; `.damaged`, `.busy`, `.store`, `.module`.
    package func authorize(
        _ request: FundingRequest
    ) async throws(GatewayFailure) -> Authorization {
        if let known = try await book.find(request.transaction) {
            return try repeated(known.record, request)
        }
        _ = try profile.amountText(request.amount)
        let record = AuthorizationRecord(request, try await traces.next(), at: now())
        let message = try messages.authorization(record, request)
        let bytes = try encoded(message)
        guard let exchange = ISOExchange(message) else { throw .answerUnreadable }
        let step = AuthorizationStep(.asked, at: record.askedAt, FundingGateway.terms(record))
        guard try await book.commit(.init(record: record, revision: 0), step) else {
            return try repeated(try await book.read(request.transaction).record, request)
        }
        memory.withLock { _ = $0.asked.insert(request.transaction) }
        defer { memory.withLock { _ = $0.asked.remove(request.transaction) } }
        let decision: AuthorizationDecision
        do throws(LinkFailure) {
            let answer = try await link.request(bytes, exchange)
            decision = AuthorizationDecision(answer, to: message, profile)
        } catch {
            decision = AuthorizationDecision(error)
        }
        if decision.outcome == .declined(.notPermitted) { noteSignedOff() }
        return Authorization(try await settle(request.transaction, decision))
    }

    /// What became of an authorisation.
    package func authorization(
        of transaction: TransactionIdentifier
    ) async throws(GatewayFailure) -> Authorization {
        Authorization(try await book.read(transaction).record)
    }

    /// The card was credited: has the funds captured. The advice is durable when this returns, and
    /// leaves with ``forward(_:)`` or ``forwardOpen()``.
    ///
    /// - Throws: `.unknownTransaction`; `.inProgress` while the answer is awaited; `.notApproved`
    ///   where the funds are not held; `.damaged`, `.busy`, `.store`, `.module`.
    @discardableResult
    package func complete(
        _ transaction: TransactionIdentifier
    ) async throws(GatewayFailure) -> Authorization {
        let trace = try await traces.next()
        let moment = now()
        return try await change(transaction, trace) { record throws(GatewayFailure) in
            switch record.state {
            case .asked: throw .inProgress
            case .completing, .completed: return nil
            case .declined, .reversing, .reversed: throw .notApproved(record.state)
            case .approved: break
            }
            let message = try self.messages.advice(record, trace, at: moment)
            return try self.begin(message, after: .credited, .completing, &record, at: moment)
        }
    }

    /// The card was not credited: has the funds released. The reversal is durable when this
    /// returns; where nothing is held, nothing changes.
    ///
    /// - Throws: `.unknownTransaction`; `.inProgress` while the answer is awaited;
    ///   `.alreadyCompleted` after ``complete(_:)``; `.damaged`, `.busy`, `.store`, `.module`.
    @discardableResult
    package func cancel(
        _ transaction: TransactionIdentifier
    ) async throws(GatewayFailure) -> Authorization {
        let trace = try await traces.next()
        let moment = now()
        return try await change(transaction, trace) { record throws(GatewayFailure) in
            switch record.state {
            case .asked: throw .inProgress
            case .completing, .completed: throw .alreadyCompleted
            case .declined, .reversing, .reversed: return nil
            case .approved: break
            }
            let message = try self.messages.reversal(
                record,
                trace,
                at: moment,
                because: .cancelled
            )
            return try self.begin(message, after: .notCredited, .reversing, &record, at: moment)
        }
    }

    /// Asks the network whether an account, its address and its CVV2 belong together: an
    /// authorisation over nothing, of which nothing is kept.
    package func check(
        _ account: FundingAccountNumber,
        _ expiry: ExpiryMonth,
        currency: Currency,
        address: AddressVerification? = nil,
        code: VerificationCode? = nil
    ) async throws(GatewayFailure) -> AuthorizationOutcome {
        let trace = try await traces.next()
        var message = messages.check(account, expiry, currency, trace, at: now())
        message[.privateData] = GatewayMessages.verification(address, code)
        let bytes = try encoded(message)
        guard let exchange = ISOExchange(message) else { throw .answerUnreadable }
        do throws(LinkFailure) {
            let answer = try await link.request(bytes, exchange)
            return AuthorizationDecision(answer, to: message, profile).outcome
        } catch {
            return AuthorizationDecision(error).outcome
        }
    }
}

// Steps.
extension FundingGateway {
    func encoded(_ message: ISOMessage) throws(GatewayFailure) -> [UInt8] {
        do throws(WireFailure) {
            return try profile.dialect.encode(message)
        } catch { throw .notEncodable(error) }
    }

    /// The answer to a request that is known.
    private func repeated(
        _ record: AuthorizationRecord,
        _ request: FundingRequest
    ) throws(GatewayFailure) -> Authorization {
        guard record.amount == request.amount, record.account == request.account else {
            throw .transactionMismatch
        }
        if record.state == .asked { throw .inProgress }
        return Authorization(record)
    }

    /// Makes durable what follows from the network's answer. Whoever settled it before, a round
    /// that gave it up for instance, was right: an approval that comes after that changes nothing.
    func settle(
        _ transaction: TransactionIdentifier,
        _ decision: AuthorizationDecision
    ) async throws(GatewayFailure) -> AuthorizationRecord {
        let isReversed = FundsAuthorizationState.asked.next(after: decision.event) == .reversing
        let trace = isReversed ? try await traces.next() : nil
        let moment = now()
        let record = try await book.change(transaction) { record throws(GatewayFailure) in
            guard let next = record.state.next(after: decision.event) else { return nil }
            record.outcome = decision.outcome
            if let trace {
                let isUnknown = decision.event == .unanswered
                let message = try self.messages.reversal(
                    record,
                    trace,
                    at: moment,
                    because: isUnknown ? .tooLate : .cancelled
                )
                return try self.begin(
                    message,
                    after: decision.event,
                    .reversing,
                    &record,
                    at: moment
                )
            }
            record.state = next
            switch decision.outcome {
            case .approved(let code):
                return AuthorizationStep(.approved, at: moment, Array(code.utf8))
            case .declined(let response):
                return AuthorizationStep(.declined, at: moment, Array(response.code.utf8))
            default: return AuthorizationStep(.declined, at: moment)
            }
        }
        noteUnsent(record, trace)
        return record
    }

    /// Puts an advice or a reversal into the record.
    private func begin(
        _ message: ISOMessage,
        after event: FundsAuthorizationEvent,
        _ step: AuthorizationStep.Kind,
        _ record: inout AuthorizationRecord,
        at moment: Instant
    ) throws(GatewayFailure) -> AuthorizationStep {
        guard let next = record.state.next(after: event) else { throw .notApproved(record.state) }
        // What the network's dialect cannot say is found now, and not when nobody listens.
        _ = try encoded(message)
        record.state = next
        record.forwarded = message
        return AuthorizationStep(step, at: moment, message[.traceNumber] ?? [])
    }

    private func change(
        _ transaction: TransactionIdentifier,
        _ trace: TraceNumber,
        _ decide: (inout AuthorizationRecord) throws(GatewayFailure) -> AuthorizationStep?
    ) async throws(GatewayFailure) -> Authorization {
        let record = try await book.change(transaction, decide)
        noteUnsent(record, trace)
        return Authorization(record)
    }

    /// Remembers that an advice or a reversal which was begun with this number has never left.
    private func noteUnsent(_ record: AuthorizationRecord, _ trace: TraceNumber?) {
        guard let trace, record.forwarded?[text: .traceNumber] == trace.number else { return }
        memory.withLock { _ = $0.unsent.insert(record.transaction) }
    }

    private static func terms(_ record: AuthorizationRecord) -> [UInt8] {
        var writer = ByteWriter(capacity: 24)
        writer.money(record.amount)
        writer.append(record.trace.retrievalReference.utf8)
        return writer.bytes
    }
}
