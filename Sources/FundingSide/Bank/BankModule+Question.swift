// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

// Loads whose result never came.
extension BankModule {
    /// Asks the load server what became of an open load, because the browser was closed in between.
    /// A load that has ended is not asked for.
    ///
    /// The answer either ends the load, by the same way that a result takes, or leaves it open: the
    /// card has not answered yet, or the load has not come and still may. No time-out here ends it.
    ///
    /// - Throws: `.loadServerSilent`, `.loadServerRefused`, `.answerUnreadable` and what
    ///   ``receive(result:of:now:)`` throws; the load then stays as it is.
    @discardableResult
    package func ask(
        about transaction: TransactionIdentifier,
        now: Instant
    ) async throws(BankFailure) -> HoldView {
        let hold = try await book.hold(transaction).value
        if !hold.state.isOpen { return HoldView(hold) }
        switch try await answer(to: hold) {
        case .loadAnswer(transaction, let state, let sealed):
            if state.isOpen { return HoldView(hold) }
            return try await receive(result: sealed, of: transaction, now: now)
        case .refusal(transaction, .loadUnknown): return HoldView(hold)
        case .refusal(transaction, let refusal): throw .loadServerRefused(refusal)
        default: throw .answerUnreadable
        }
    }

    private func answer(to hold: LoadHold) async throws(BankFailure) -> LoadMessage {
        let question: LoadQuestion
        do throws(ModuleFailure) {
            question = try await sealing.question(hold.terms, keyName: hold.proof.keyName)
        } catch { throw .module(error) }
        let bytes: [UInt8]
        do throws(LinkFailure) {
            bytes = try await link.request(LoadMessage.loadQuestion(question).bytes)
        } catch { throw .loadServerSilent(error) }
        do throws(WireFailure) {
            return try LoadMessage(bytes)
        } catch { throw .answerUnreadable }
    }
}

/// What one round over the open loads did.
package struct HoldRound: Equatable, Sendable {
    /// Loads that ended.
    package var ended: [HoldView] = []
    /// Questions that left a load open.
    package var stillOpen = 0
    /// Loads that could not be settled, with the reason; they stay as they are.
    package var failed: [TransactionIdentifier: BankFailure] = [:]
    /// Where the next round begins; nil after the last open load.
    package var next: TransactionIdentifier?
}

extension BankModule {
    /// Asks for all open loads older than ``BankLimits/askAfter``, oldest first: after a restart
    /// and from time to time.
    ///
    /// A round looks at ``BankLimits/settleRoundMax`` loads at the most and ends early where the
    /// load server is silent; where it ended is where the next one begins.
    ///
    /// - Parameters:
    ///   - now: the time of the round.
    ///   - cursor: ``HoldRound/next`` of the round before; nil to begin with the oldest.
    /// - Returns: what the round did, and where the next begins.
    /// - Throws: `.store` where the open loads cannot be listed.
    package func settleOpen(
        now: Instant,
        after cursor: TransactionIdentifier? = nil
    ) async throws(BankFailure) -> HoldRound {
        var round = HoldRound(next: cursor)
        var silences = 0
        var looked = 0
        while looked < BankLimits.settleRoundMax {
            let page = try await openRecords(after: round.next)
            for record in page {
                guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
                    preconditionFailure("The key of a load is its TRX.")
                }
                round.next = transaction
                if let isSilent = await settle(record, transaction, now: now, in: &round) {
                    silences = isSilent ? silences + 1 : 0
                }
                if silences == BankLimits.silencesMax { return round }
            }
            looked += page.count
            if page.count < BankLimits.settlePage {
                round.next = nil
                break
            }
        }
        return round
    }

    /// - Returns: whether the load server was silent; nil where it was not asked.
    private func settle(
        _ record: Record,
        _ transaction: TransactionIdentifier,
        now: Instant,
        in round: inout HoldRound
    ) async -> Bool? {
        do throws(BankFailure) {
            let hold = try await book.openHold(record).value
            if now < hold.begunAt.adding(BankLimits.askAfter) { return nil }
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.holdReleasedByTime),
                    hold.begunAt.adding(BankLimits.askAfter * 3) < now
                {
                    let end = LoadHold.End(reason: .loadTooOld, time: CardTime(now))
                    let row = HoldEntry(.released, at: now)
                    round.ended.append(try await self.end(hold, .notLoaded, end, row))
                    return false
                }
            #endif
            let view = try await ask(about: transaction, now: now)
            if view.state.isOpen { round.stillOpen += 1 } else { round.ended.append(view) }
            return false
        } catch {
            round.failed[transaction] = error
            switch error {
            case .loadServerSilent: return true
            case .damaged, .store, .module: return nil
            default: return false
            }
        }
    }

    private func openRecords(
        after cursor: TransactionIdentifier?
    ) async throws(BankFailure) -> [Record] {
        do throws(StoreFailure) {
            return try await book.store.listOpen(
                BankRecords.hold,
                after: cursor?.bytes,
                limit: BankLimits.settlePage
            )
        } catch { throw .store(error) }
    }
}
