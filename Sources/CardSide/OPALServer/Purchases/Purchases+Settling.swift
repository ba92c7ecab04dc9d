// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
package import Records
import SecurityModule
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
            let receipt = PurchaseReceipt(
                terms: draw.terms,
                card: draw.card,
                balance: draw.answer.balance,
                debitedAt: draw.debitedAt,
                resultForMerchant: draw.state == .sold ? reply : []
            )
            switch draw.state {
            case .sold: return .paid(receipt)
            case .debited:
                #if PLANTED_BUGS
                    if PlantedBug.isPlanted(.pendingToldAsRefused) {
                        return .refused(.paymentServerSilent)
                    }
                #endif
                return .pending(receipt)
            case .recovered: return .refused(.orderGivenUp)
            }
        }
    }

    func read(_ transaction: TransactionIdentifier) async throws(Refusal) -> Stored? {
        do throws(StoreFailure) {
            guard let record = try await store.read(DrawRecord.key(transaction)) else {
                return nil
            }
            return try await open(record)
        } catch {
            throw .storeUnavailable
        }
    }

    /// Opens a draw's record.
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
                draw: try DrawRecord(bytes),
                revision: record.revision,
                reply: record.reply
            )
        } catch {
            throw .damaged("the draw \(Hex.text(record.key.bytes)) does not open")
        }
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
    package func settle(_ stored: Stored, _ link: any Link) async -> PurchaseOutcome {
        guard stored.draw.state.isOpen else { return stored.outcome }
        guard let reply = try? await link.request(stored.reply),
            case .debitResult(stored.draw.terms.transaction, let forCard, let forMerchant) =
                try? PartyMessage(reply)
        else { return stored.outcome }
        let session = await keys.session(
            stored.draw.sessionKey,
            stored.draw.terms.transaction
        )
        // What does not open did not come from the payment server: the draw stays open.
        guard let result = try? await session.openResult(forCard) else { return stored.outcome }
        switch result.outcome {
        case .sold: return await sell(stored, forMerchant)
        case .void: return await recover(stored, result)
        case .refused: return stored.outcome
        }
    }

    /// Asks again about every draw that is open. To be called at start-up and then every few
    /// seconds.
    ///
    /// - Parameter age: how long ago the debit must be, so that purchases under way are left alone.
    /// - Returns: how many reached their outcome.
    @discardableResult
    package func settleOpenDraws(olderThan age: Duration) async -> Int {
        let deadline = now().subtracting(age)
        var (count, cursor): (Int, [UInt8]?) = (0, nil)
        while true {
            guard
                let page = try? await store.listOpen(
                    DrawRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            else { return count }
            for record in page {
                guard let stored = try? await open(record), stored.draw.debitedAt <= deadline,
                    let link = directory.link(to: stored.draw.paymentServer)
                else { continue }
                if case .pending = await settle(stored, link) { continue }
                count += 1
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return count }
            cursor = last.key.bytes
        }
    }

    private func sell(_ stored: Stored, _ forMerchant: [UInt8]) async -> PurchaseOutcome {
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
            let outcome = try? await store.commit(Transition(writes: [write]))
        else { return stored.outcome }
        // A conflict: somebody else settled it at the same time, with the same result.
        return outcome == .committed ? next.outcome : await reread(stored)
    }

    /// Puts the debited value back, once, with the security card's proof (RECOVER VALUE).
    private func recover(_ stored: Stored, _ result: CardDebitResult) async -> PurchaseOutcome {
        let draw = stored.draw
        let reader = PseudoReader(draw.card, emulator: emulator, now: now)
        let (purchases, moment) = (self, now())
        let attachment = Attachment { _ async throws(ModuleFailure) in
            var next = draw
            next.state = .recovered
            next.endedAt = moment
            return [
                try await purchases.write(next, expectedRevision: stored.revision, reply: [])
            ]
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

    private func reread(_ stored: Stored) async -> PurchaseOutcome {
        let transaction = stored.draw.terms.transaction
        return (try? await read(transaction))?.outcome ?? stored.outcome
    }
}
