// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
package import Records
import SecurityModule
import Wire

// From the card's answer to the load server's word.
extension Loads {
    /// A load as stored.
    package struct Stored: Sendable {
        package var load: LoadRecord
        package var revision: UInt64
        /// While credited or given up: the response to be sent. Once ended: the Load Result for the
        /// bank.
        package var reply: [UInt8]

        /// What the person is told.
        package var outcome: CardLoadOutcome {
            let reason = load.reason ?? .notCredited
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.loadPendingToldAsRefused), load.state == .requested {
                    return .refused(reason, receipt([]))
                }
            #endif
            return switch load.state {
            case .requested: .pending(receipt([]))
            case .credited: .loaded(receipt([]))
            case .loaded: .loaded(receipt(reply))
            case .givenUp: .refused(reason, receipt([]))
            case .notLoaded: .refused(reason, receipt(reply))
            }
        }

        private func receipt(_ forBank: [UInt8]) -> LoadReceipt {
            let isCredited = load.state == .credited || load.state == .loaded
            return LoadReceipt(
                terms: load.terms,
                card: load.card,
                bankName: load.page.bankName,
                balance: isCredited ? load.answer?.balance : nil,
                forBank: forBank
            )
        }
    }

    func read(_ transaction: TransactionIdentifier) async throws(LoadRefusal) -> Stored? {
        do throws(StoreFailure) {
            guard let record = try await store.read(LoadRecord.key(transaction)) else {
                return nil
            }
            return try await open(record)
        } catch {
            throw .storeUnavailable
        }
    }

    /// Opens a load's record.
    ///
    /// - Throws: `.damaged` where it was changed by somebody else.
    package func open(_ record: Record) async throws(StoreFailure) -> Stored {
        do {
            let bytes = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            return Stored(
                load: try LoadRecord(bytes),
                revision: record.revision,
                reply: record.reply
            )
        } catch {
            throw .damaged("the load \(Hex.text(record.key.bytes)) does not open")
        }
    }

    /// The write that makes a load's next state durable.
    func write(
        _ load: LoadRecord,
        expectedRevision: UInt64,
        reply: [UInt8]
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = LoadRecord.key(load.terms.transaction)
        let isOpen = load.state.isOpen
        let body = try await seals.seal(
            load.bytes,
            name: key.sealName(isOpen: isOpen, reply: reply),
            revision: expectedRevision + 1
        )
        return .put(
            key,
            expectedRevision: expectedRevision,
            body: body,
            reply: reply,
            isOpen: isOpen
        )
    }

    // MARK: Negative result (steps 882 and following)

    /// Ends a load whose card was not credited: that it never will be, and the card's proof of it,
    /// become durable together. A credit that is still under way finds the record changed, and does
    /// not happen.
    ///
    /// `stored`: the load as it was begun, with CREDIT IEP and the card's answer where there are.
    /// Returns the load as it is afterwards; as it was, where the card cannot prove it now.
    func giveUp(
        _ stored: Stored,
        _ reason: LoadRefusal,
        _ client: ClientCode
    ) async -> Stored {
        guard let state = stored.load.state.next(after: .gaveUp),
            let negative = await negative(stored.load, reason, client)
        else { return stored }
        var next = stored
        next.load.state = state
        next.load.reason = reason
        let page = stored.load.page
        let session = await keys.session(page.sessionKey, page.terms.transaction)
        do {
            let request = LoadRequest(
                terms: page.terms,
                proof: page.proof,
                sealed: try await session.sealNegative(negative.bytes)
            )
            next.reply = LoadMessage.negativeResponse(request).bytes
            let write = try await write(
                next.load,
                expectedRevision: stored.revision,
                reply: next.reply
            )
            next.revision += 1
            if try await store.commit(Transition(writes: [write])) == .committed { return next }
        } catch {
            // Whether it was stored is known only by looking.
        }
        return await reread(stored)
    }

    /// What proves that the card was not loaded: the zero-value request with an unchanged counter
    /// or, where something else has consumed the number or the card is blocked, its signed denial.
    ///
    /// - Returns: nil where the card proves nothing now.
    private func negative(
        _ record: LoadRecord,
        _ reason: LoadRefusal,
        _ client: ClientCode
    ) async -> NegativeResponse? {
        let (load, answer) = (record.load, record.answer)
        let zeroAnswer = try? await client.zeroLoad(after: load.request)
        if let zeroAnswer, zeroAnswer.number == load.answer.number {
            return NegativeResponse(
                reason: reason,
                load: load,
                answer: answer,
                zeroAnswer: zeroAnswer
            )
        }
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.givenUpAfterCredit), record.state == .credited {
                return NegativeResponse(
                    reason: reason,
                    load: load,
                    answer: nil,
                    zeroAnswer: zeroAnswer
                )
            }
        #endif
        guard let denial = try? await emulator.deny(load) else { return nil }
        return NegativeResponse(
            reason: reason,
            load: load,
            answer: answer,
            zeroAnswer: zeroAnswer,
            denial: denial
        )
    }

    /// How long a load stays open that its load server does not recognise.
    private static let unknownPageTime = Duration.seconds(24 * 60 * 60)

    /// Ends a load whose request the load server did not recognise: it has issued no S2, and would
    /// not recognise a negative response either.
    ///
    /// `reason`: what it answered to the load request.
    func dismiss(_ stored: Stored, _ reason: LoadRefusal) async -> Stored {
        guard let state = stored.load.state.next(after: .gaveUp) else { return stored }
        var next = stored
        next.load.state = state
        next.load.reason = reason
        return await end(next, .notLoaded, forBank: [])
    }

    // MARK: Load Result (FIG. 18C, step 890)

    /// Sends what the card answered, and acts on the result. Where no result comes, the load stays
    /// open and is settled later.
    ///
    /// `session`: the keys of the load, where they are at hand.
    /// Returns the load as it is afterwards.
    func settle(
        _ stored: Stored,
        _ link: any Link,
        session: (any CreditSession)? = nil
    ) async -> Stored {
        guard stored.load.isDue, let reply = try? await link.request(stored.reply) else {
            return stored
        }
        return await settled(stored, answered: reply, session: session)
    }

    /// Acts on what the load server answered to the response.
    func settled(
        _ stored: Stored,
        answered reply: [UInt8],
        session: (any CreditSession)? = nil
    ) async -> Stored {
        let page = stored.load.page
        let (forCard, forBank): ([UInt8], [UInt8])
        switch try? LoadMessage(reply) {
        case .loadResult(page.terms.transaction, let card, let bank):
            (forCard, forBank) = (card, bank)
        case .refusal(page.terms.transaction, let refusal) where refusal.isOfUnknownPage:
            // Left behind by a crash. A message that was damaged on its way is refused like this,
            // too, but not for a whole day.
            guard stored.load.credit == nil,
                waits.age(of: stored.load, self) >= Loads.unknownPageTime
            else { return stored }
            return await end(stored, .notLoaded, forBank: [])
        default: return stored
        }
        let opening: any CreditSession
        if let session {
            opening = session
        } else {
            opening = await keys.session(page.sessionKey, page.terms.transaction)
        }
        // What does not open did not come from the load server, and what contradicts the card is
        // for the operator: the load stays open.
        guard let result = try? await opening.openResult(forCard) else { return stored }
        return await end(stored, result.outcome, forBank: forBank)
    }

    private func end(
        _ stored: Stored,
        _ outcome: LoadOutcome,
        forBank: [UInt8]
    ) async -> Stored {
        guard let state = stored.load.state.next(after: .told(outcome)) else { return stored }
        var next = stored
        next.load.state = state
        next.load.endedAt = now()
        next.reply = forBank
        guard
            let write = try? await write(
                next.load,
                expectedRevision: stored.revision,
                reply: forBank
            ),
            let receipts = try? await receipts(of: next.load),
            let outcome = try? await commit(write, receipts)
        else { return stored }
        next.revision += 1
        // A conflict: somebody else settled it at the same time, with the same result.
        return outcome == .committed ? next : await reread(stored)
    }

    private func commit(
        _ write: RecordWrite,
        _ receipts: [RecordWrite]
    ) async throws(StoreFailure) -> CommitOutcome {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.receiptBeforeEnd), !receipts.isEmpty {
                _ = try await store.commit(Transition(writes: receipts))
                return try await store.commit(Transition(writes: [write]))
            }
        #endif
        return try await store.commit(Transition(writes: [write] + receipts))
    }

    /// The mail with the receipt of a load, to be made durable with its end.
    private func receipts(of load: LoadRecord) async throws(ModuleFailure) -> [RecordWrite] {
        guard load.state == .loaded, let mails else { return [] }
        return try await mails.writes(for: load, at: now())
    }

    private func reread(_ stored: Stored) async -> Stored {
        (try? await read(stored.load.terms.transaction)) ?? stored
    }
}

extension LoadRefusal {
    /// Whether the load server does not recognise the page as one of a bank that it knows.
    var isOfUnknownPage: Bool { self == .unknownBank || self == .loadForged }
}

extension LoadRecord {
    /// Whether there is something to tell the load server.
    var isDue: Bool { state == .credited || state == .givenUp }
}
