// SPDX-License-Identifier: Apache-2.0

import Batches
package import Kernel
package import Records
package import SecurityModule
import Synchronization
import Wire

/// Payment module 228: takes draw requests and debit responses from OPAL servers and questions from
/// merchants, controls terminals and keeps database 223.
///
/// A step is journaled in the same commit that makes it durable; only then its reply leaves. What
/// is open after a crash is found by its state and given up, or completed when the card's answer
/// comes again.
package final class PaymentModule: LinkService {
    /// A merchant that the acquirer has an agreement with.
    package struct Agreement: Equatable, Sendable {
        package let merchant: MerchantIdentifier
        package let policy: ComparisonPolicy

        package init(merchant: MerchantIdentifier, policy: ComparisonPolicy) {
            self.merchant = merchant
            self.policy = policy
        }
    }

    /// A sale under way. Its terminal is held where the security card compares.
    struct Held {
        /// Nil where it was released with S2.
        var terminal: Terminal?
        let session: any SaleSession
        var sale: SaleRecord
        var revision: UInt64
        /// Whether an answer to the OPAL server has brought the result already.
        let isResultOut: Bool
    }

    let store: any RecordStore
    let seals: any RecordSealing
    let keys: any SaleSealing
    let terminals: TerminalInterface
    let now: @Sendable () -> Instant
    /// A clock that only goes forward, for time-outs.
    let uptime: @Sendable () -> Uptime
    /// How long drawn sales have waited for the card's answer.
    let waits = Mutex(Waits<TransactionIdentifier>())
    /// How long a sale waits for a terminal when all are busy.
    let terminalWait: Duration
    private let agreements: [MerchantIdentifier: Agreement]
    /// The OPAL servers, by the names of their links: only they draw and answer debits.
    private let cardSidePeers: Set<String>
    let held = Mutex<[TransactionIdentifier: Held]>([:])
    let countWaits = Mutex(CountWaits())
    /// Security cards that perhaps have given a place in a batch twice.
    let doubtfulPlaces = Mutex<Set<SecurityCardIdentifier>>([])
    /// Told once of each sale that its security card does not count in time.
    let alarm: @Sendable (UncountedSale) -> Void
    let uses = Mutex<[ComparisonPolicy: PolicyUse]>([:])
    private let updates: SchemeUpdates?

    package static let schema = RecordSchema(
        party: "payment_server",
        version: 4,
        kinds: [
            SaleRecord.kind, Terminal.memoryKind, AcquirerRecords.agreement,
            AcquirerRecords.merchantKey, AcquirerRecords.issuerKey,
            AcquirerRecords.remoteTerminal, BatchKeyRecord.kind, CollectedRecord.kind,
            BatchRecord.kind, BatchOrder.kind, SchemeUpdates.update, SchemeUpdates.revision,
            RefundRecords.kind,
        ]
    )

    /// `terminalWait`: how long a sale waits for a terminal when all are busy; much less than the
    ///     OPAL server waits for an answer.
    /// `updates`: what the clearing house has told, loaded; nil where there is none.
    /// `now`: asked once for each message.
    /// `uptime`: a clock that only goes forward; nil where nobody sets the other one.
    /// `alarm`: told once of each sale that its security card does not count in time.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        keys: any SaleSealing,
        terminals: TerminalInterface,
        terminalWait: Duration = .zero,
        agreements: [Agreement],
        cardSidePeers: Set<String>,
        updates: SchemeUpdates? = nil,
        now: @escaping @Sendable () -> Instant,
        uptime: (@Sendable () -> Uptime)? = nil,
        alarm: @escaping @Sendable (UncountedSale) -> Void = { _ in }
    ) {
        self.store = store
        self.seals = seals
        self.keys = keys
        self.terminals = terminals
        self.terminalWait = terminalWait
        self.now = now
        self.uptime = uptime ?? { Uptime(now()) }
        self.alarm = alarm
        self.cardSidePeers = cardSidePeers
        self.updates = updates
        self.agreements = Dictionary(agreements.map { ($0.merchant, $0) }) { first, _ in first }
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        let message: PartyMessage
        do throws(WireFailure) {
            message = try PartyMessage(request)
        } catch {
            return PartyMessage.refusal(.unknown, .malformed).bytes
        }
        do throws(Refusal) {
            switch message {
            case .drawRequest, .debitResponse, .openSalesQuestion, .notDebited,
                .otherHalfRefused:
                // A merchant may ask what became of a sale, and no more.
                guard cardSidePeers.contains(peer) else { throw .unknownMessage }
            default: break
            }
            switch message {
            case .drawRequest(let draw): return try await drawRequest(draw, from: peer)
            case .debitResponse(let transaction, let sealed):
                return try await debitResponse(transaction, sealed, from: peer)
            case .openSalesQuestion: return try await openSales(of: peer)
            case .notDebited(let transaction): return try await notDebited(transaction, by: peer)
            case .otherHalfRefused(let transaction):
                return try await otherHalfRefused(transaction, by: peer)
            case .saleQuestion(let question): return try await saleQuestion(question)
            case .refundQuestion(let question): return try await refundQuestion(question)
            default: throw .unknownMessage
            }
        } catch {
            return PartyMessage.refusal(message.transaction, error).bytes
        }
    }

    // MARK: Draw request (FIG. 11D, steps 680–694)

    private func drawRequest(
        _ request: DrawRequest,
        from peer: String
    ) async throws(Refusal) -> [UInt8] {
        let transaction = request.terms.transaction
        let earlier = try await read(transaction)
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.drawnAgain), let earlier, earlier.sale.request == request,
                earlier.sale.state == .drawn, request.terms.policy.releasesTerminalEarly
            {
                return try await drawAgain(request, over: earlier, from: peer)
            }
        #endif
        if let earlier, earlier.sale.request == request, earlier.sale.state == .drawn {
            noteDrawRequest(request)
            return earlier.reply
        }
        guard request.terms.isSound else { throw .malformed }
        let session = try await session(request)
        if request.terms.isStale(at: now()) { throw .orderTooOld }
        switch earlier?.sale.state {
        case .sold: throw .orderAlreadyPaid
        case .refused, .void: throw .orderGivenUp
        case .drawn: throw .orderInProgress
        case nil: break
        }
        try await checkOtherHalf(of: request.terms)
        let draw = try await openDraw(request, session, from: peer)
        if let refusal = updates?.refusal(draw, at: now()) { throw refusal }
        do throws(Refusal) {
            let policy = request.terms.policy
            let (terminal, drawn) = try await drawn(for: policy) { terminal throws(Refusal) in
                try await sign(request, draw, session, terminal, peer)
            }
            let (sale, reply) = drawn
            let isReleased = policy.releasesTerminalEarly
            if isReleased { release(terminal, of: policy) }
            note(policy) { $0.draw() }
            noteDrawRequest(request)
            // Its answer comes later, among many: then it is taken from the database.
            if policy.isOneTrip { return reply }
            held.withLock {
                $0[transaction] = Held(
                    terminal: isReleased ? nil : terminal,
                    session: session,
                    sale: sale,
                    revision: 1,
                    isResultOut: false
                )
            }
            return reply
        } catch {
            return try await repeated(request, after: error)
        }
    }

    /// A draw that was not made durable, as far as is known. The same request may have been first
    /// (it came twice), or its commit may have been made all the same: then it gets the same
    /// bytes.
    private func repeated(
        _ request: DrawRequest,
        after refusal: Refusal
    ) async throws(Refusal) -> [UInt8] {
        guard refusal == .orderInProgress || refusal == .storeUnavailable else { throw refusal }
        guard let stored = try await read(request.terms.transaction) else {
            // Not this sale was changed by somebody else, but the security card's memory.
            throw refusal == .orderInProgress ? .busy : refusal
        }
        guard stored.sale.request == request, stored.sale.state == .drawn else { throw refusal }
        noteDrawRequest(request)
        return stored.reply
    }

    /// A draw request of a sale was answered. It asks for the result, also where it comes again
    /// because an answer that had brought it was lost.
    private func noteDrawRequest(_ request: DrawRequest) {
        note(request.terms.policy) { $0.message(isResultOut: false) }
    }

    /// Who asks, and for what: merchant, order token, agreement.
    func session(_ request: DrawRequest) async throws(Refusal) -> any SaleSession {
        guard let agreement = agreements[request.terms.merchant] else { throw .unknownMerchant }
        let session: any SaleSession
        do throws(ModuleFailure) {
            session = try await keys.session(for: request.terms, request.proof)
        } catch {
            throw error == .keyUnknown ? .unknownMerchant : .orderForged
        }
        // The payment server alone can sell both halves or neither, whoever compares else.
        let isHalf = request.terms.otherHalf != nil
        guard isHalf || request.terms.policy == agreement.policy else {
            throw .policyNotSupported
        }
        return session
    }

    func openDraw(
        _ request: DrawRequest,
        _ session: any SaleSession,
        from peer: String
    ) async throws(Refusal) -> CardDraw {
        let bytes: [UInt8]
        do throws(ModuleFailure) {
            bytes = try await session.openDraw(request.sealedDraw)
        } catch {
            throw .orderForged
        }
        guard let draw = try? CardDraw(bytes), draw.answerToReset == AnswerToReset.opal else {
            throw .malformed
        }
        let terms = request.terms
        guard draw.transaction == terms.transaction, draw.merchant == terms.merchant,
            draw.amount == terms.amount, draw.type == terms.type
        else { throw .orderForged }
        // Member numbers are the word of an OPAL server; a card in a reader knows none.
        guard
            draw.memberships.isEmpty
                || draw.type == .authentication && peer != ClientTerminalEntry.peer
        else { throw .orderForged }
        return draw
    }

    /// Has the security card issue S2, and makes sale, memory and journal durable.
    private func sign(
        _ request: DrawRequest,
        _ draw: CardDraw,
        _ session: any SaleSession,
        _ terminal: Terminal,
        _ peer: String
    ) async throws(Refusal) -> (SaleRecord, reply: [UInt8]) {
        let moment = now()
        let drawn = try await ask { () async throws(ModuleFailure) in
            try await terminal.draw(draw, at: CardTime(moment))
        }
        var sale = SaleRecord(
            peer: peer,
            terminal: terminal.name,
            drawnAt: moment,
            request: request,
            draw: draw,
            command: drawn.command,
            expectedSignature: drawn.expectedSignature
        )
        let reply = try await offer(sale, session)
        try await commit(
            &sale,
            revision: 0,
            reply: reply,
            steps: [
                SaleStep(.requested, at: moment),
                SaleStep(.drawn, at: moment, drawn.command.bytes),
            ],
            (terminal, drawn.memory)
        )
        return (sale, reply)
    }

    /// The answer to a draw request: DEBIT IEP, and where one trip is all, what is expected of the
    /// card.
    func offer(
        _ sale: SaleRecord,
        _ session: any SaleSession
    ) async throws(Refusal) -> [UInt8] {
        do throws(ModuleFailure) {
            let sealed = try await session.sealCommand(sale.command.bytes)
            guard sale.request.terms.policy.isOneTrip else {
                return PartyMessage.debitCommand(sale.transaction, sealed: sealed).bytes
            }
            let result = try await merchantResult(sale, .sold, nil, sale.drawnAt, session)
            let expected = ExpectedResult(result: result, signature: sale.expectedSignature)
            return PartyMessage.debitOffer(
                sale.transaction,
                sealed: sealed,
                expectation: try await session.sealExpectation(expected)
            ).bytes
        } catch {
            throw .storeUnavailable
        }
    }

    // MARK: Debit response (FIG. 11C, steps 624–634)

    private func debitResponse(
        _ transaction: TransactionIdentifier,
        _ sealed: [UInt8],
        from peer: String
    ) async throws(Refusal) -> [UInt8] {
        // The TSK is known to the person, too: only who drew says what the card answered.
        try await noteAnswer(of: transaction, from: peer)
        guard var held = try await take(transaction) else {
            guard let ended = try await read(transaction) else { throw .orderUnknown }
            if ended.sale.state.isOpen { throw .busy }
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.resendNotRepeated) { throw .orderGivenUp }
                if PlantedBug.isPlanted(.soldAfterVoid), ended.sale.state == .void,
                    var held = try? await held(ended, nil)
                {
                    return try await compare(sealed, &held)
                }
            #endif
            return ended.reply
        }
        do throws(Refusal) {
            let reply = try await compare(sealed, &held)
            release(held)
            return reply
        } catch {
            return try await keep(held, after: error)
        }
    }

    /// Counts a message that says what became of a debit.
    ///
    /// - Throws: `.orderUnknown` where it does not come from who drew.
    func noteAnswer(
        of transaction: TransactionIdentifier,
        from peer: String
    ) async throws(Refusal) {
        if let (sale, isResultOut) = held.withLock({ held in
            held[transaction].map { ($0.sale, $0.isResultOut) }
        }) {
            guard sale.peer == peer else { throw .orderUnknown }
            return note(sale.request.terms.policy) { $0.message(isResultOut: isResultOut) }
        }
        guard let stored = try await read(transaction), stored.sale.peer == peer else {
            throw .orderUnknown
        }
        let isResultOut = stored.isResultOut
        note(stored.sale.request.terms.policy) { $0.message(isResultOut: isResultOut) }
    }

    /// Keeps a sale that still waits after a step that failed: the right answer may come, or the
    /// sale is given up when its time is over. Whether it waits, only the database knows: the step
    /// may have become durable though the store did not say so, or somebody else was first.
    func keep(_ held: Held, after refusal: Refusal) async throws(Refusal) -> [UInt8] {
        let transaction = held.sale.transaction
        let stored: Stored?
        do throws(Refusal) {
            stored = try await read(transaction)
        } catch {
            // The next message takes the sale from the database.
            release(held)
            throw error
        }
        guard let stored, !stored.sale.state.isOpen else {
            await held.terminal?.reload(from: store)
            if held.sale.request.terms.policy.releasesTerminalEarly {
                // The next message takes it from the database.
                release(held)
            } else {
                self.held.withLock { $0[transaction] = held }
            }
            throw refusal
        }
        release(held)
        return stored.reply
    }

    private func compare(_ sealed: [UInt8], _ held: inout Held) async throws(Refusal) -> [UInt8] {
        let response: ResponseAPDU
        do {
            response = try ResponseAPDU(try await held.session.openResponse(sealed))
        } catch {
            throw .malformed
        }
        // A card that answers no data has not debited, but proves nothing: SV settles it.
        guard response.status == .done else { return try await giveUp(&held) }
        guard let answer = try? DebitAnswer(response.data) else { throw .malformed }
        let policy = held.sale.request.terms.policy
        if policy.releasesTerminalEarly, !held.sale.isLeftToSecurityCard,
            held.sale.isExpected(answer)
        {
            // The comparison of FIG. 12, step 710, which FIGS. 13 and 14 made elsewhere before; the
            // security card counts it later.
            if held.sale.request.terms.otherHalf != nil {
                #if PLANTED_BUGS
                    if !PlantedBug.isPlanted(.halfSoldAlone) {
                        return try await sellHalf(answer, &held)
                    }
                #else
                    return try await sellHalf(answer, &held)
                #endif
            }
            return try await end(&held, after: .cardDebited, data: answer.bytes) {
                $0.answer = answer
            }
        }
        // A security card that counted a half would sell it without the other one.
        if held.sale.isLeftToSecurityCard, held.sale.request.terms.otherHalf != nil {
            return try await giveUp(&held)
        }
        // Nobody surely comes again with this answer: then the sale is given up when its time is
        // over or, where one trip is all, asked about.
        let (terminal, sale) = (try await terminal(of: &held, keepsIt: false), held.sale)
        let completed: SecurityCardCompletion
        do throws(Refusal) {
            completed = try await ask { () async throws(ModuleFailure) in
                try await terminal.complete(sale.draw, sale.command, answer)
            }
        } catch {
            // No time-out comes to give it up; nobody who compared has let the goods out.
            // A terminal on another host may have given it up already.
            guard error == .cardSignatureWrong || error == .orderGivenUp, policy.isOneTrip else {
                throw error
            }
            return try await giveUp(&held)
        }
        return try await end(
            &held,
            after: completed.isCounted ? .cardDebited : .cardRefused,
            reason: completed.isCounted ? nil : Refusal(declined: answer.completion),
            data: answer.bytes,
            memory: completed.memory,
            place: completed.place
        ) { $0.answer = answer }
    }

    /// Gives a held sale up: SV is made, and the sale can never be counted.
    ///
    /// `keepsTerminal`: whether a busy terminal is kept for the next round.
    func giveUp(
        _ held: inout Held,
        keepsTerminal: Bool = false
    ) async throws(Refusal) -> [UInt8] {
        let terminal = try await terminal(of: &held, keepsIt: keepsTerminal)
        if let remote = terminal.remote { return try await giveUp(&held, terminal, at: remote) }
        let sale = held.sale
        let given = try await ask { () async throws(ModuleFailure) in
            try await terminal.giveUp(sale.draw, sale.command)
        }
        return try await end(
            &held,
            after: .givenUp,
            reason: .orderGivenUp,
            data: given.voidProof.bytes,
            memory: given.memory
        ) { $0.voidProof = given.voidProof }
    }
}
