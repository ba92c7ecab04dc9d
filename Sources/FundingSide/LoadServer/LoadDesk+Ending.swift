// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

// How a load ends: by the card's S3, or by its proof that it was not loaded.
extension LoadDesk {
    // MARK: Load response (FIG. 18C, steps 884–890)

    func loadResponse(
        _ transaction: TransactionIdentifier,
        _ sealed: [UInt8],
        from peer: String
    ) async throws(LoadRefusal) -> [UInt8]? {
        // The TSK is known to the person, too: only who asked says what the card answered.
        guard let stored = try await read(transaction), stored.record.peer == peer,
            let request = stored.record.request
        else { throw .loadUnknown }
        if !stored.record.state.isOpen { return stored.reply }
        let session = try await session(request.terms, request.proof)
        guard let bytes = try? await session.openResponse(sealed),
            let response = try? ResponseAPDU(bytes)
        else { throw .malformed }
        // A card that was not loaded says so with a negative response, and proves it.
        guard response.status == .done, let answer = try? CreditAnswer(response.data),
            answer.completion == .done
        else { throw .notProved }
        try await verify(answer, stored.record)
        return try await end(stored, after: .cardCredited, session) { $0.answer = answer }
    }

    private func verify(
        _ answer: CreditAnswer,
        _ record: AuthorizationRecord
    ) async throws(LoadRefusal) {
        guard let load = record.load, let credit = record.credit else {
            preconditionFailure("An authorized load has a request of a card, and S2.")
        }
        try await ask { () async throws(ModuleFailure) in
            try await module.verify(answer, to: credit, of: load.request, load.answer)
        }
    }

    // MARK: Negative result (steps 882 and following)

    func negativeResponse(
        _ request: LoadRequest,
        from peer: String
    ) async throws(LoadRefusal) -> [UInt8]? {
        let session = try await session(request.terms, request.proof)
        guard let bytes = try? await session.openNegative(request.sealed) else {
            throw .loadForged
        }
        guard let negative = try? NegativeResponse(bytes) else { throw .malformed }
        guard let stored = try await read(request.terms.transaction) else {
            // No S2 was issued, and with this record none ever will be: nothing needs a proof.
            return try await endWithoutSignature(
                request.terms,
                request.proof.keyName,
                negative.reason,
                .declined,
                from: peer
            ) { forBank, result async throws(ModuleFailure) in
                LoadMessage.loadResult(
                    request.terms.transaction,
                    forCard: try await session.sealResult(result),
                    forBank: forBank
                ).bytes
            }
        }
        guard stored.record.terms == request.terms else { throw .loadForged }
        guard stored.record.state.isOpen else { return try await repeated(stored, session) }
        guard stored.record.peer == peer else { throw .loadUnknown }
        let event = try await judge(negative, stored.record)
        return try await end(stored, after: event, session) { record in
            record.negative = negative
            record.reason = event == .negativeProved ? negative.reason : nil
        }
    }

    /// Whether a card that is said not to be loaded was not loaded.
    ///
    /// - Throws: `.notProved`, `.cardSignatureWrong`; the load stays open.
    private func judge(
        _ negative: NegativeResponse,
        _ record: AuthorizationRecord
    ) async throws(LoadRefusal) -> AuthorizationEvent {
        guard let load = record.load, negative.load == load else { throw .notProved }
        // The original S3 is held, and released to the module here: it must be the card's.
        if let answer = negative.answer {
            if answer.completion == .done { throw .notProved }
            try await verify(answer, record)
        }
        if let zeroAnswer = negative.zeroAnswer,
            try await isRight(zeroAnswer.expected(after: load.answer), after: load)
        {
            return .negativeProved
        }
        if let denial = negative.denial {
            try await ask { () async throws(ModuleFailure) in
                try await module.verify(denial: denial, of: load)
            }
            return .negativeProved
        }
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.negativeBelieved) { return .negativeProved }
        #endif
        // The counter has moved on, and the card does not deny: it was loaded.
        guard let zeroAnswer = negative.zeroAnswer else { throw .notProved }
        guard zeroAnswer.card == load.answer.card, zeroAnswer.number > load.answer.number,
            try await isRight(zeroAnswer, after: load)
        else { throw .cardSignatureWrong }
        return .negativeDisproved
    }

    /// Whether the new S1 of a zero-value request is right.
    private func isRight(
        _ zeroAnswer: InitializeLoadAnswer,
        after load: CardLoad
    ) async throws(LoadRefusal) -> Bool {
        do throws(ModuleFailure) {
            try await module.confirm(load.request.zeroRequest, zeroAnswer)
            return true
        } catch .sealBroken {
            return false
        } catch {
            throw error == .keyUnknown ? .issuerNotAccepted : .storeUnavailable
        }
    }

    // MARK: The bank's question

    func loadQuestion(
        _ question: LoadQuestion,
        from peer: String
    ) async throws(LoadRefusal) -> [UInt8]? {
        do throws(ModuleFailure) {
            try await keys.check(question)
        } catch {
            throw error == .keyUnknown ? .unknownBank : .loadForged
        }
        let transaction = question.terms.transaction
        guard let stored = try await read(transaction) else {
            // It may still come, until it is too old by the clock that would refuse it.
            guard question.terms.isStale(at: now()) else { throw .loadUnknown }
            return try await endWithoutSignature(
                question.terms,
                question.keyName,
                .loadTooOld,
                .overdue,
                from: peer
            ) { forBank, _ in
                LoadMessage.loadAnswer(transaction, .notLoaded, forBank: forBank).bytes
            }
        }
        guard stored.record.terms == question.terms else { throw .loadUnknown }
        return LoadMessage.loadAnswer(
            transaction,
            stored.record.state,
            forBank: stored.record.forBank
        ).bytes
    }

    // MARK: Results (FIG. 18C, steps 887–890)

    /// Ends an authorized load: makes both results, and everything durable at once.
    ///
    /// `change`: what else the load gets.
    /// Returns nil where somebody else changed it at the same time.
    private func end(
        _ stored: Stored,
        after event: AuthorizationEvent,
        _ session: any LoadSession,
        _ change: (inout AuthorizationRecord) -> Void
    ) async throws(LoadRefusal) -> [UInt8]? {
        guard let state = stored.record.state.next(after: event) else {
            preconditionFailure("An open load is authorized.")
        }
        let moment = now()
        var record = stored.record
        change(&record)
        record.state = state
        record.endedAt = moment
        let reply: [UInt8]
        do throws(ModuleFailure) {
            record.forBank = try await sealed(record)
            reply = try await result(record, session)
        } catch {
            throw .storeUnavailable
        }
        let step: AuthorizationStep =
            switch event {
            case .cardCredited:
                AuthorizationStep(.loaded, at: moment, record.answer?.bytes ?? [])
            case .negativeProved:
                AuthorizationStep(.notLoaded, at: moment, [record.reason?.rawValue ?? 0])
            case .negativeDisproved:
                AuthorizationStep(.disproved, at: moment, [record.negative?.reason.rawValue ?? 0])
            }
        return try await commit(&record, revision: stored.revision, reply: reply, steps: [step])
            ? reply : nil
    }

    /// Ends a load for which no S2 was issued.
    private func endWithoutSignature(
        _ terms: LoadTerms,
        _ keyName: String,
        _ reason: LoadRefusal,
        _ step: AuthorizationStep.Kind,
        from peer: String,
        _ reply: ([UInt8], CardLoadResult) async throws(ModuleFailure) -> [UInt8]
    ) async throws(LoadRefusal) -> [UInt8]? {
        let moment = now()
        var record = AuthorizationRecord(
            peer: peer,
            begunAt: moment,
            terms: terms,
            keyName: keyName
        )
        record.reason = reason
        record.endedAt = moment
        let bytes: [UInt8]
        do throws(ModuleFailure) {
            record.forBank = try await sealed(record)
            bytes = try await reply(record.forBank, record.resultForCard)
        } catch {
            throw .storeUnavailable
        }
        let steps = [AuthorizationStep(step, at: moment, [reason.rawValue])]
        return try await commit(&record, revision: 0, reply: bytes, steps: steps) ? bytes : nil
    }

    /// The answer to an OPAL server that comes again: the same bytes, also where the bank was the
    /// first to hear of the end.
    private func repeated(
        _ stored: Stored,
        _ session: any LoadSession
    ) async throws(LoadRefusal) -> [UInt8] {
        if case .loadResult = try? LoadMessage(stored.reply) { return stored.reply }
        do throws(ModuleFailure) {
            return try await result(stored.record, session)
        } catch {
            throw .storeUnavailable
        }
    }

    private func result(
        _ record: AuthorizationRecord,
        _ session: any LoadSession
    ) async throws(ModuleFailure) -> [UInt8] {
        LoadMessage.loadResult(
            record.transaction,
            forCard: try await session.sealResult(record.resultForCard),
            forBank: record.forBank
        ).bytes
    }

    /// The Load Result for the bank.
    private func sealed(_ record: AuthorizationRecord) async throws(ModuleFailure) -> [UInt8] {
        let (terms, result) = (record.terms, record.resultForCard)
        let isLoaded = result.outcome == .loaded
        return try await keys.sealResult(
            BankLoadResult(
                transaction: terms.transaction,
                bank: terms.bank,
                card: terms.card,
                amount: terms.amount,
                outcome: result.outcome,
                reason: result.reason,
                issuer: isLoaded ? record.load?.answer.card.issuer : nil,
                time: result.time
            ),
            of: terms,
            keyName: record.keyName
        )
    }
}

extension AuthorizationRecord {
    /// The Load Result for the OPAL server.
    fileprivate var resultForCard: CardLoadResult {
        guard let outcome = state.outcome, let endedAt else {
            preconditionFailure("A load that has a result has ended.")
        }
        return CardLoadResult(outcome: outcome, reason: reason, time: CardTime(endedAt))
    }
}

extension InitializeLoadAnswer {
    /// What the answer to a zero-value request is if the load before it did not take place: card,
    /// expiry, algorithm, key version and counter are those of the load; balance and random are
    /// the card's present ones.
    fileprivate func expected(after load: InitializeLoadAnswer) -> InitializeLoadAnswer {
        InitializeLoadAnswer(
            card: load.card,
            expiry: load.expiry,
            algorithm: load.algorithm,
            loadKeyVersion: load.loadKeyVersion,
            balance: balance,
            balanceMax: balanceMax,
            number: load.number,
            random: random,
            signature: signature
        )
    }
}
