// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Records
import SecurityModule
import Synchronization
import Wire

/// One purchase under way, with its card in the pseudo reader.
struct Purchase {
    private let page: OrderPage
    private let card: CardIdentifier
    private let link: any Link
    private let purchases: Purchases
    private let reader: PseudoReader
    private let client: ClientCode

    init(_ page: OrderPage, _ card: CardIdentifier, _ link: any Link, _ purchases: Purchases) {
        self.page = page
        self.card = card
        self.link = link
        self.purchases = purchases
        reader = PseudoReader(card, emulator: purchases.emulator, now: purchases.now)
        client = ClientCode(reader)
    }

    func run() async throws(Refusal) -> PurchaseOutcome {
        switch try await debited() {
        case .ended(let outcome): return outcome
        case .debited(let stored, let session):
            // Where one trip is all, the payment server is told with the next round.
            if page.terms.policy.isOneTrip { return stored.outcome }
            return await purchases.settle(stored, link, session: session)
        }
    }

    /// Whether the card would pay, before anything is sent or debited.
    ///
    /// - Returns: the limit that refuses, or nil.
    func wouldRefuse() async throws(Refusal) -> SpendingRefusal? {
        _ = try await begun()
        return try await limitRefusal()
    }

    /// What came of the steps up to the debit.
    enum Step {
        /// Debited just now: the payment server is to be told.
        case debited(Purchases.Stored, any DrawSession)
        /// Not debited by this call, or nobody knows.
        case ended(PurchaseOutcome)
    }

    private func begun() async throws(Refusal) -> CardDraw {
        let memberships = try await purchases.memberships(of: card, for: page.terms)
        return try await refusing { () async throws(ClientFailure) in
            try await client.draw(
                page.terms.type,
                page.terms,
                at: purchases.now(),
                memberships: memberships
            )
        }
    }

    func debited() async throws(Refusal) -> Step {
        let terms = page.terms
        let session = await purchases.keys.session(page.sessionKey, terms.transaction)
        let draw = try await begun()
        if let refusal = try await limitRefusal() { return .ended(.refusedByLimit(refusal)) }
        let earning = try await purchases.points?.notices.earning(terms, of: reader.memberships)
        let (command, expectation) = try await command(draw, session)
        let made = MadeDraw(earning ?? [])
        await reader.prepare(
            note: page.description,
            attachment: attachment(draw, command, expectation, session, made)
        )
        let answer: DebitAnswer
        do throws(ClientFailure) {
            answer = try await client.debit(command, terms)
        } catch {
            return .ended(try await undebited(error, session, made))
        }
        guard answer.completion == .done else {
            let response = ResponseAPDU(data: answer.bytes, status: .done)
            await tell(response, session)
            if let refusal = await reader.refusal { return .ended(.refusedByLimit(refusal)) }
            throw Refusal(declined: answer.completion)
        }
        guard let stored = made.draw else {
            preconditionFailure("The draw became durable with the debit.")
        }
        return .debited(stored, session)
    }

    // MARK: Steps

    /// Asks the card's limits before anything is sent, so that an order which they refuse can be
    /// paid later: when its time has come, or once it is allowed. The card itself asks them again
    /// at the debit.
    private func limitRefusal() async throws(Refusal) -> SpendingRefusal? {
        guard let spending = await reader.spending else { return nil }
        do throws(StoreFailure) {
            return try await purchases.emulator.refusal(
                of: page.terms,
                by: spending,
                at: purchases.now()
            )
        } catch {
            throw .storeUnavailable
        }
    }

    /// Sends the draw request and opens DEBIT IEP (FIG. 15, steps 810–816).
    ///
    /// - Returns: the command, and what is expected of the card where one trip is all.
    private func command(
        _ draw: CardDraw,
        _ session: any DrawSession
    ) async throws(Refusal) -> (DebitIEP, expectation: [UInt8]) {
        let sealed: [UInt8]
        do throws(ModuleFailure) {
            sealed = try await session.sealDraw(draw.bytes)
        } catch {
            throw .storeUnavailable
        }
        let request = DrawRequest(terms: page.terms, proof: page.proof, sealedDraw: sealed)
        let message = try await purchases.ask(link, .drawRequest(request))
        let (sealedCommand, expectation): ([UInt8], [UInt8])
        switch (message, page.terms.policy.isOneTrip) {
        case (.debitCommand(page.terms.transaction, let sealed), false):
            (sealedCommand, expectation) = (sealed, [])
        case (.debitOffer(page.terms.transaction, let sealed, let expected), true):
            (sealedCommand, expectation) = (sealed, expected)
        default: throw .malformed
        }
        guard let bytes = try? await session.openCommand(sealedCommand),
            let command = try? DebitIEP(bytes)
        else { throw .malformed }
        return (command, expectation)
    }

    /// What becomes durable with the debit: the draw, with the Debit Response that will be sent,
    /// and the notices to the programmes of the holder.
    private func attachment(
        _ cardDraw: CardDraw,
        _ command: DebitIEP,
        _ expectation: [UInt8],
        _ session: any DrawSession,
        _ made: MadeDraw
    ) -> Attachment {
        let (page, card, purchases) = (page, card, purchases)
        let original = command.restoring(page.terms)
        return Attachment { response async throws(ModuleFailure) in
            guard let answer = try? DebitAnswer(response.data), answer.follows(from: cardDraw)
            else {
                throw .unavailable("the card's answer to DEBIT IEP is none")
            }
            let draw = DrawRecord(
                card: card,
                debitedAt: purchases.now(),
                page: page,
                command: original,
                answer: answer,
                forMerchant: try await made.compare(answer, expectation, page.terms, session)
            )
            let sealed = try await session.sealResponse(response.bytes)
            let reply = PartyMessage.debitResponse(page.terms.transaction, sealed: sealed).bytes
            let write = try await purchases.write(draw, expectedRevision: 0, reply: reply)
            made.draw = Purchases.Stored(draw: draw, revision: 1, reply: reply)
            let notices = try await purchases.points?.notices.writes(
                page.terms.transaction,
                for: made.earning
            )
            return [write] + (notices ?? [])
        }
    }

    /// The card gave no answer, or a status word instead of one.
    private func undebited(
        _ failure: ClientFailure,
        _ session: any DrawSession,
        _ made: MadeDraw
    ) async throws(Refusal) -> PurchaseOutcome {
        // What the card did is not known, or another tab was first: the database knows.
        let stored: Purchases.Stored?
        do throws(Refusal) {
            stored = try await purchases.read(page.terms.transaction)
        } catch {
            // Nobody knows: then it is pending and never told as a failure.
            if error != .orderGivenUp, case .channel = failure, let made = made.draw {
                return made.pending
            }
            throw error
        }
        if let stored {
            guard stored.draw.card == card else { throw .orderAlreadyPaid }
            guard stored.draw.terms == page.terms else { throw .orderForged }
            return await purchases.settle(stored, link)
        }
        if page.terms.policy.isOneTrip, case .channel = failure, let made = made.draw,
            (try? await purchases.refuse(page.terms.transaction)) != true
        {
            // The commit may have been made after all, and the goods would go out.
            return made.pending
        }
        if made.isUnexpected {
            await tell(ResponseAPDU(status: .signatureWrong), session)
            throw .securityCardSignatureWrong
        }
        switch failure {
        case .refused(.securityCardSignatureWrong):
            await tell(ResponseAPDU(status: .signatureWrong), session)
            throw .securityCardSignatureWrong
        case .refused(.cardChanged):
            await tell(ResponseAPDU(status: .conditionsNotSatisfied), session)
            throw .cardChanged
        case .refused, .channel, .status, .wire:
            await tell(ResponseAPDU(status: .memoryFailure), session)
            if await reader.failure == .setBack { throw .cardDamaged }
            // The sale is given up now, so that the same order cannot be paid any more.
            throw .notDebited
        }
    }

    /// Tells the payment server that the card did not debit, so that its terminal is free at once.
    /// Nothing depends on it: otherwise the sale is given up when its time is over or, where one
    /// trip is all, when the payment server's open sales are asked for.
    private func tell(_ response: ResponseAPDU, _ session: any DrawSession) async {
        guard let sealed = try? await session.sealResponse(response.bytes) else { return }
        let message = PartyMessage.debitResponse(page.terms.transaction, sealed: sealed)
        _ = try? await link.request(message.bytes)
    }

    private func refusing<Value>(
        _ step: () async throws(ClientFailure) -> Value
    ) async throws(Refusal) -> Value {
        do throws(ClientFailure) {
            return try await step()
        } catch {
            switch error {
            case .refused(.cardDamaged): throw await readerRefusal(or: .cardDamaged)
            case .refused(let refusal): throw refusal
            case .channel(.removed): throw .unknownCard
            case .channel(.broken): throw .storeUnavailable
            case .status(.memoryFailure): throw await readerRefusal(or: .storeUnavailable)
            case .status, .wire: throw .malformed
            }
        }
    }

    /// Why the card's memory failed: a record that does not open is another matter than a disk
    /// that is full, or than keys that have ended.
    private func readerRefusal(or usual: Refusal) async -> Refusal {
        switch await reader.failure {
        case .module(.sealBroken), .setBack: .cardDamaged
        case .module(.keyUnknown): .issuerNotAccepted
        case .module(.keyEnded): .keyVersionEnded
        default: usual
        }
    }
}

extension DebitAnswer {
    /// Whether number and balance are what INITIALIZE has announced. Else the value could not be
    /// put back by its number, and who compares S3 alone would take for paid what is void.
    fileprivate func follows(from draw: CardDraw) -> Bool {
        let (initialized, isDone) = (draw.initializeAnswer, completion == .done)
        let before = initialized.balance.minorUnits
        let (rest, isOverdrawn) = before.subtractingReportingOverflow(draw.amount.minorUnits)
        return number == initialized.number && !(isDone && isOverdrawn)
            && balance == (isDone ? rest : before)
    }
}

/// The draw that was given to the store together with the debit. It is known to be durable only
/// where the card has answered.
private final class MadeDraw: Sendable {
    private let value = Mutex<Purchases.Stored?>(nil)
    private let unexpected = Mutex(false)
    /// Which programmes are told of the debit.
    let earning: [Membership]

    init(_ earning: [Membership]) {
        self.earning = earning
    }

    var draw: Purchases.Stored? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }

    /// Whether S3 was compared and is not the expected one: then the card stays undebited.
    var isUnexpected: Bool { unexpected.withLock { $0 } }

    /// The comparison of the trusted agent 356 (FIG. 13, step 732), before anything is durable.
    ///
    /// - Returns: what the merchant gets; nothing where two trips are made.
    /// - Throws: what keeps the debit from becoming durable.
    func compare(
        _ answer: DebitAnswer,
        _ expectation: [UInt8],
        _ terms: OrderTerms,
        _ session: any DrawSession
    ) async throws(ModuleFailure) -> [UInt8] {
        guard terms.policy == .opalServer, answer.completion == .done else { return expectation }
        do throws(ModuleFailure) {
            if let result = try await session.compare(answer.signature, expectation) {
                return result
            }
        } catch {
            unexpected.withLock { $0 = true }
            throw error
        }
        unexpected.withLock { $0 = true }
        throw .unavailable("S3 is not the expected one")
    }
}
