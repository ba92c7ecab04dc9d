// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// Load server 862: takes load requests and what cards answered from OPAL servers, questions from
/// banks, and has its module 864 check S1 and S3 and issue S2 (FIG. 18).
///
/// A step is journaled in the same commit that makes it durable; only then its reply leaves. A load
/// whose S2 was issued ends by what the card says, and never by a time-out.
package final class LoadDesk: LinkService {
    let store: any RecordStore
    let seals: any RecordSealing
    let keys: any LoadSealing
    let module: any LoadModule
    let now: @Sendable () -> Instant
    private let banks: Set<BankIdentifier>
    /// The OPAL servers, by the names of their links: only they ask for loads and answer them.
    private let cardSidePeers: Set<String>

    /// A step that met another one is decided again so often.
    private static let attemptsMax = 4

    /// - Parameters:
    ///   - store: opened with ``LoadServerRecords/schema``.
    ///   - seals: of this party's records.
    ///   - keys: the keys shared with banks.
    ///   - module: HSM 864.
    ///   - banks: who may have cards loaded.
    ///   - cardSidePeers: the names of the OPAL servers' links.
    ///   - now: asked once for each message.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        keys: any LoadSealing,
        module: any LoadModule,
        banks: Set<BankIdentifier>,
        cardSidePeers: Set<String>,
        now: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        self.seals = seals
        self.keys = keys
        self.module = module
        self.banks = banks
        self.cardSidePeers = cardSidePeers
        self.now = now
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        let message: LoadMessage
        do throws(WireFailure) {
            message = try LoadMessage(request)
        } catch {
            return LoadMessage.refusal(.unknown, .malformed).bytes
        }
        do throws(LoadRefusal) {
            switch message {
            case .loadQuestion: break
            default:
                // A bank may ask what became of a load, and no more.
                guard cardSidePeers.contains(peer) else { throw .unknownMessage }
            }
            for _ in 0..<LoadDesk.attemptsMax {
                if let reply = try await reply(to: message, from: peer) { return reply }
            }
            throw .busy
        } catch {
            return LoadMessage.refusal(message.transaction, error).bytes
        }
    }

    /// - Returns: nil where somebody else changed the load at the same time.
    private func reply(
        to message: LoadMessage,
        from peer: String
    ) async throws(LoadRefusal) -> [UInt8]? {
        switch message {
        case .loadRequest(let request): try await loadRequest(request, from: peer)
        case .loadResponse(let transaction, let sealed):
            try await loadResponse(transaction, sealed, from: peer)
        case .negativeResponse(let request): try await negativeResponse(request, from: peer)
        case .loadQuestion(let question): try await loadQuestion(question, from: peer)
        case .cardQuestion(let question): try await cardQuestion(question)
        default: throw .unknownMessage
        }
    }

    // MARK: Load request (FIG. 18D, steps 895–899)

    private func loadRequest(
        _ request: LoadRequest,
        from peer: String
    ) async throws(LoadRefusal) -> [UInt8]? {
        let earlier = try await read(request.terms.transaction)
        if let earlier, earlier.record.request == request, earlier.record.state.isOpen {
            return earlier.reply
        }
        guard banks.contains(request.terms.bank) else { throw .unknownBank }
        let session = try await session(request.terms, request.proof)
        if request.terms.isStale(at: now()) { throw .loadTooOld }
        #if PLANTED_BUGS
            let isAgain = PlantedBug.isPlanted(.authorizedAgain)
            let known = isAgain ? nil : earlier
        #else
            let known = earlier
        #endif
        switch known?.record.state {
        case .loaded: throw .alreadyLoaded
        case .notLoaded: throw .loadGivenUp
        case .authorized: throw .loadInProgress
        case nil: break
        }
        let load = try await openLoad(request, session)
        try await check(load, request.terms)
        let moment = now()
        let credit = try await ask { () async throws(ModuleFailure) in
            try await module.authorize(load.request, load.answer, completion: .done)
        }
        var record = AuthorizationRecord(
            peer: peer,
            begunAt: moment,
            request: request,
            load: load,
            credit: credit
        )
        #if PLANTED_BUGS
            if let earlier {
                record.rowCount = earlier.record.rowCount
                record.rowHash = earlier.record.rowHash
            }
        #endif
        let reply: [UInt8]
        do throws(ModuleFailure) {
            let sealed = try await session.sealCommand(credit.bytes)
            reply = LoadMessage.loadCommand(record.transaction, sealed: sealed).bytes
        } catch {
            throw .storeUnavailable
        }
        return try await commit(
            &record,
            revision: earlier?.revision ?? 0,
            reply: reply,
            steps: [
                AuthorizationStep(.requested, at: moment),
                AuthorizationStep(.authorized, at: moment, credit.bytes),
            ]
        ) ? reply : nil
    }

    /// Who asks, and for what: key of the bank, load token. Loads end also where the bank's
    /// agreement has ended.
    func session(
        _ terms: LoadTerms,
        _ proof: LoadProof
    ) async throws(LoadRefusal) -> any LoadSession {
        do throws(ModuleFailure) {
            return try await keys.session(for: terms, proof)
        } catch {
            throw error == .keyUnknown ? .unknownBank : .loadForged
        }
    }

    private func openLoad(
        _ request: LoadRequest,
        _ session: any LoadSession
    ) async throws(LoadRefusal) -> CardLoad {
        let bytes: [UInt8]
        do throws(ModuleFailure) {
            bytes = try await session.openLoad(request.sealed)
        } catch {
            throw .loadForged
        }
        guard let load = try? CardLoad(bytes) else { throw .malformed }
        // What the card was asked is what the bank wants.
        guard load.request == request.terms.request else { throw .loadForged }
        return load
    }

    /// What module 864 does not see: the elements of the request against the terms, the day and the
    /// maximum (FIG. 18D, step 895).
    private func check(_ load: CardLoad, _ terms: LoadTerms) async throws(LoadRefusal) {
        let (answer, amount) = (load.answer, terms.amount)
        if amount.minorUnits == 0 { throw .belowMinimum }
        if answer.expiry.isPast(at: CardTime(now())) { throw .cardExpired }
        guard answer.balance.isComparable(to: amount) else { throw .currencyNotHeld }
        let (sum, isTooLarge) = answer.balance.minorUnits.addingReportingOverflow(
            amount.minorUnits
        )
        if isTooLarge || sum > answer.balanceMax { throw .aboveMaximum }
        guard answer.algorithm == .aes else { throw .issuerNotAccepted }
        guard try await pseudonym(of: answer.card, at: terms.bank) == terms.card else {
            throw .cardMismatch
        }
    }

    func pseudonym(
        of card: CardIdentifier,
        at bank: BankIdentifier
    ) async throws(LoadRefusal) -> CardPseudonym {
        do throws(ModuleFailure) {
            return try await keys.pseudonym(of: card, at: bank)
        } catch {
            throw .storeUnavailable
        }
    }

    // MARK: A card's information (FIG. 18A, step 872)

    /// Has the bank told what the card says of itself, proved by the S1 of a request for no value.
    /// Nothing is written.
    private func cardQuestion(_ question: CardQuestion) async throws(LoadRefusal) -> [UInt8] {
        let inquiry = question.inquiry
        guard banks.contains(inquiry.bank) else { throw .unknownBank }
        let session: any InquirySession
        do throws(ModuleFailure) {
            session = try await keys.session(for: inquiry, question.proof)
        } catch {
            throw error == .keyUnknown ? .unknownBank : .loadForged
        }
        let moment = now()
        if inquiry.isStale(at: moment) { throw .loadTooOld }
        guard let bytes = try? await session.openCard(question.sealed) else { throw .loadForged }
        guard let load = try? CardLoad(bytes) else { throw .malformed }
        let (request, answer) = (load.request, load.answer)
        guard request.bank == inquiry.bank, request.transaction == inquiry.transaction,
            request.time == inquiry.time, request.amount.minorUnits == 0
        else { throw .loadForged }
        if answer.expiry.isPast(at: CardTime(moment)) { throw .cardExpired }
        try await ask { () async throws(ModuleFailure) in
            try await module.confirm(request, answer)
        }
        let information = CardInformation(
            transaction: inquiry.transaction,
            bank: inquiry.bank,
            card: try await pseudonym(of: answer.card, at: inquiry.bank),
            issuer: answer.card.issuer,
            lastDigits: BCD.digits(answer.card.bcd, count: 4),
            expiry: answer.expiry,
            balance: answer.balance,
            balanceMax: answer.balanceMax,
            time: CardTime(moment)
        )
        guard let sealed = try? await session.sealInformation(information) else {
            throw .storeUnavailable
        }
        return LoadMessage.cardInformation(inquiry.transaction, forBank: sealed).bytes
    }

    /// Asks module 864 and lifts what failed.
    func ask<Value>(
        _ question: () async throws(ModuleFailure) -> Value
    ) async throws(LoadRefusal) -> Value {
        do throws(ModuleFailure) {
            return try await question()
        } catch .keyUnknown {
            throw .issuerNotAccepted
        } catch .sealBroken {
            throw .cardSignatureWrong
        } catch {
            throw .storeUnavailable
        }
    }
}
