// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
package import Records
package import SecurityModule
package import Wire

// From the debit to its outcome: sold, or recovered.
extension Purchases {
    /// A draw as stored.
    package struct Stored: Sendable {
        package var draw: DrawRecord
        package var revision: UInt64
        /// While open: the Debit Response to be sent. Once sold: the Debit Result M.
        package var reply: [UInt8]

        /// What the person is told.
        package var outcome: PurchaseOutcome {
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.pendingToldAsRefused), draw.state == .debited {
                    return .refused(.paymentServerSilent)
                }
            #endif
            return switch draw.state {
            case .sold: .paid(receipt(.result(reply)))
            case .debited:
                draw.handover.map { .paid(receipt($0)) } ?? .pending(receipt(nil))
            case .recovered: .refused(.orderGivenUp)
            }
        }

        /// Whether somebody may have been told that it is pending: only then an open draw has
        /// another revision than its first.
        var isMarkedAsPending: Bool { draw.state.isOpen && revision > 1 }

        /// What the person is told while nobody knows whether this is durable.
        var pending: PurchaseOutcome { .pending(receipt(nil)) }

        private func receipt(_ handover: Handover?) -> PurchaseReceipt {
            PurchaseReceipt(
                terms: draw.terms,
                card: draw.card,
                balance: draw.answer.balance,
                debitedAt: draw.debitedAt,
                handover: handover
            )
        }
    }

    /// - Throws: `.orderGivenUp` where this transaction will never be debited.
    func read(_ transaction: TransactionIdentifier) async throws(Refusal) -> Stored? {
        let bytes: [UInt8]
        let record: Record
        do throws(StoreFailure) {
            guard let found = try await store.read(DrawRecord.key(transaction)) else {
                return nil
            }
            record = found
            bytes = try await content(of: record)
        } catch {
            throw .storeUnavailable
        }
        if bytes == DrawRecord.neverDebited { throw .orderGivenUp }
        do throws(WireFailure) {
            return try stored(bytes, record)
        } catch {
            throw .storeUnavailable
        }
    }

    /// Opens a draw's record.
    ///
    /// - Throws: `.damaged` where it was changed by somebody else.
    package func open(_ record: Record) async throws(StoreFailure) -> Stored {
        let bytes = try await content(of: record)
        do throws(WireFailure) {
            return try stored(bytes, record)
        } catch {
            throw .damaged("the draw \(Hex.text(record.key.bytes)) does not open")
        }
    }

    /// As ``open(_:)``, of any record; nil where no card was debited and none ever will be.
    package func debited(_ record: Record) async throws(StoreFailure) -> Stored? {
        try await content(of: record) == DrawRecord.neverDebited ? nil : try await open(record)
    }

    private func content(of record: Record) async throws(StoreFailure) -> [UInt8] {
        do throws(ModuleFailure) {
            return try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch {
            throw .damaged("the draw \(Hex.text(record.key.bytes)) does not open")
        }
    }

    private func stored(_ bytes: [UInt8], _ record: Record) throws(WireFailure) -> Stored {
        Stored(draw: try DrawRecord(bytes), revision: record.revision, reply: record.reply)
    }

    /// The write that makes a draw's next state durable.
    func write(
        _ draw: DrawRecord,
        expectedRevision: UInt64,
        reply: [UInt8]
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = DrawRecord.key(draw.terms.transaction)
        let body = try await seals.seal(
            draw.bytes,
            name: key.sealName(isOpen: draw.state.isOpen, reply: reply),
            revision: expectedRevision + 1
        )
        return .put(
            key,
            expectedRevision: expectedRevision,
            body: body,
            reply: reply,
            isOpen: draw.state.isOpen
        )
    }

    /// Sends the Debit Response and acts on the result. Where no result comes, the draw stays open
    /// and is settled later.
    ///
    /// `session`: the keys of the purchase, where they are at hand.
    /// `wasPending`: whether the person may have been told so; then the outcome comes by mail, too.
    package func settle(
        _ stored: Stored,
        _ link: any Link,
        session: (any DrawSession)? = nil,
        wasPending: Bool = false
    ) async -> PurchaseOutcome {
        guard stored.draw.state.isOpen else { return stored.outcome }
        var next = stored
        if let reply = try? await link.request(stored.reply) {
            next = await settled(stored, answered: reply, session: session, wasPending: wasPending)
        }
        return await markedAsPending(next).outcome
    }

    /// Before the person is told that a payment is pending, its draw gets another revision: who
    /// ends it at the same time for a second click, and knows of nobody who waits, finds it
    /// changed, and ends it with the mail.
    ///
    /// - Returns: the draw as it is afterwards; perhaps it has ended meanwhile.
    func markedAsPending(_ stored: Stored) async -> Stored {
        guard mails != nil, !stored.draw.terms.policy.isOneTrip else { return stored }
        var found = stored
        for _ in 0..<Purchases.attempts where found.draw.state.isOpen && !found.isMarkedAsPending {
            guard
                let write = try? await write(
                    found.draw,
                    expectedRevision: found.revision,
                    reply: found.reply
                )
            else { return found }
            _ = try? await store.commit(Transition(writes: [write]))
            // Stored, or somebody was first, or nobody knows.
            found = await reread(found)
        }
        return found
    }

    /// How often something is tried that should not fail, before the person is told that nothing is
    /// sure.
    private static let attempts = 3

    /// Acts on what the payment server answered to the Debit Response.
    ///
    /// - Returns: the draw as it is afterwards.
    func settled(
        _ stored: Stored,
        answered reply: [UInt8],
        session: (any DrawSession)? = nil,
        wasPending: Bool
    ) async -> Stored {
        guard
            case .debitResult(stored.draw.terms.transaction, let forCard, let forMerchant) =
                try? PartyMessage(reply)
        else { return stored }
        let opening: any DrawSession
        if let session {
            opening = session
        } else {
            opening = await keys.session(
                stored.draw.sessionKey,
                stored.draw.terms.transaction
            )
        }
        // What does not open did not come from the payment server: the draw stays open.
        guard let result = try? await opening.openResult(forCard) else { return stored }
        switch result.outcome {
        case .sold:
            return await sell(stored, forMerchant, wasPending || stored.isMarkedAsPending)
        case .void:
            return await recover(stored, result, wasPending || stored.isMarkedAsPending)
        case .refused: return stored
        }
    }

    private func sell(
        _ stored: Stored,
        _ forMerchant: [UInt8],
        _ wasPending: Bool
    ) async -> Stored {
        var next = stored
        next.draw.state = .sold
        next.draw.endedAt = now()
        next.reply = forMerchant
        guard
            let write = try? await write(
                next.draw,
                expectedRevision: stored.revision,
                reply: forMerchant
            ),
            let mails = try? await self.mails(of: next.draw, wasPending)
        else { return stored }
        var transition = Transition(writes: [write] + mails)
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.mailBeforeOutcome) {
                _ = try? await store.commit(Transition(writes: mails))
                transition.writes = [write]
            }
            if PlantedBug.isPlanted(.mailAfterOutcome) { transition.writes = [write] }
        #endif
        guard let outcome = try? await store.commit(transition) else {
            // Perhaps it was stored after all.
            return await reread(stored)
        }
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.mailAfterOutcome) {
                _ = try? await store.commit(Transition(writes: mails))
            }
        #endif
        if outcome == .committed { return next }
        // A conflict: somebody else settled it at the same time, with the same result, or was told
        // that it is pending.
        let found = await reread(stored)
        guard found.isMarkedAsPending, found.revision != stored.revision else { return found }
        return await sell(found, forMerchant, true)
    }

    /// Puts the debited value back, once, with the security card's proof (RECOVER VALUE).
    private func recover(
        _ stored: Stored,
        _ result: CardDebitResult,
        _ wasPending: Bool
    ) async -> Stored {
        let draw = stored.draw
        let reader = PseudoReader(draw.card, emulator: emulator, now: now)
        let (purchases, moment) = (self, now())
        let attachment = Attachment { _ async throws(ModuleFailure) in
            var next = draw
            next.state = .recovered
            next.endedAt = moment
            let write = try await purchases.write(
                next,
                expectedRevision: stored.revision,
                reply: []
            )
            return [write] + (try await purchases.mails(of: next, wasPending))
        }
        await reader.prepare(note: draw.description, attachment: attachment)
        let command = RecoverValue(
            number: draw.answer.number,
            securityCard: draw.command.securityCard,
            securityCardNumber: draw.command.securityCardNumber,
            transaction: draw.terms.transaction,
            minorUnits: draw.terms.amount.minorUnits,
            voidProof: result.voidProof
        )
        _ = try? await ClientCode(reader).recover(command)
        return await reread(stored)
    }

    /// What becomes durable with the outcome of a draw that was pending, so that its mail is
    /// neither lost nor doubled.
    private func mails(
        of draw: DrawRecord,
        _ wasPending: Bool
    ) async throws(ModuleFailure) -> [RecordWrite] {
        // Where one trip is all, the person was told at once that it is paid, or saw a client
        // terminal that could not open the result: it is put back, or known already.
        let isDue = draw.terms.policy.isOneTrip ? draw.state == .recovered : wasPending
        guard isDue, let mails else { return [] }
        return try await mails.writes(for: draw, at: now())
    }

    private func reread(_ stored: Stored) async -> Stored {
        for _ in 0..<Purchases.attempts {
            if let found = try? await read(stored.draw.terms.transaction) { return found }
        }
        return stored
    }
}
