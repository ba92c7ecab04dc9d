// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Records
import SecurityModule
import Synchronization
import Wire

/// One load under way, with its card in the pseudo reader.
struct CardLoading {
    private let page: LoadPage
    private let card: CardIdentifier
    private let link: any Link
    private let loads: Loads
    private let reader: PseudoReader
    private let client: ClientCode

    init(_ page: LoadPage, _ card: CardIdentifier, _ link: any Link, _ loads: Loads) {
        self.page = page
        self.card = card
        self.link = link
        self.loads = loads
        reader = PseudoReader(card, emulator: loads.emulator, now: loads.now)
        client = ClientCode(reader)
    }

    /// - Throws: where the load server has not been asked.
    func run() async throws(LoadRefusal) -> CardLoadOutcome {
        let session = await loads.keys.session(page.sessionKey, page.terms.transaction)
        let load = try await refusing { () async throws(LoadFailure) in
            try await client.load(page.terms.request, at: loads.now())
        }
        let request = try await request(load, session)
        let begun = try await begin(load)
        let replied = await loads.answer(of: link, to: .loadRequest(request))
        let command: CreditIEP
        do throws(LoadRefusal) {
            command = try await self.command(replied.reply.get(), session)
        } catch {
            if error.isOfUnknownPage, !replied.isRepeated {
                return await loads.dismiss(begun, error).outcome
            }
            return await end(begun, error)
        }
        let made = MadeCredit()
        await reader.prepare(
            note: page.bankName,
            attachment: attachment(command, begun, session, made)
        )
        let answer: CreditAnswer
        do throws(LoadFailure) {
            answer = try await client.credit(command, load)
        } catch {
            return await uncredited(error, command, begun)
        }
        guard answer.completion == .done else {
            return await end(begun, LoadRefusal(declined: answer.completion), command, answer)
        }
        guard let stored = made.load else {
            preconditionFailure("The load record became durable with the credit.")
        }
        return await loads.settle(stored, link, session: session).outcome
    }

    // MARK: Steps

    /// Packs what the card said into the load request (FIG. 18A, step 876).
    private func request(
        _ load: CardLoad,
        _ session: any CreditSession
    ) async throws(LoadRefusal) -> LoadRequest {
        do throws(ModuleFailure) {
            return LoadRequest(
                terms: page.terms,
                proof: page.proof,
                sealed: try await session.sealLoad(load.bytes)
            )
        } catch {
            throw .storeUnavailable
        }
    }

    /// Remembers the load before anybody is asked.
    private func begin(_ load: CardLoad) async throws(LoadRefusal) -> Loads.Stored {
        let record = LoadRecord(
            card: card,
            requestedAt: loads.now(),
            page: page,
            load: load
        )
        let outcome: CommitOutcome
        do {
            let write = try await loads.write(record, expectedRevision: 0, reply: [])
            outcome = try await loads.store.commit(Transition(writes: [write]))
        } catch {
            throw .storeUnavailable
        }
        guard outcome == .committed else { throw .loadInProgress }
        return Loads.Stored(load: record, revision: 1, reply: [])
    }

    /// Opens CREDIT IEP (FIG. 18B, step 880).
    private func command(
        _ reply: LoadMessage,
        _ session: any CreditSession
    ) async throws(LoadRefusal) -> CreditIEP {
        guard case .loadCommand(page.terms.transaction, let sealed) = reply,
            let bytes = try? await session.openCommand(sealed),
            let command = try? CreditIEP(bytes)
        else { throw .malformed }
        return command
    }

    /// What becomes durable with the credit: the load, with the load response that will be sent.
    private func attachment(
        _ command: CreditIEP,
        _ begun: Loads.Stored,
        _ session: any CreditSession,
        _ made: MadeCredit
    ) -> Attachment {
        let loads = loads
        return Attachment { response async throws(ModuleFailure) in
            guard let answer = try? CreditAnswer(response.data),
                let state = begun.load.state.next(after: .credited)
            else { throw .unavailable("the card's answer to CREDIT IEP is none") }
            var next = begun
            next.load.state = state
            next.load.credit = command
            next.load.answer = answer
            let sealed = try await session.sealResponse(response.bytes)
            let transaction = next.load.terms.transaction
            next.reply = LoadMessage.loadResponse(transaction, sealed: sealed).bytes
            let write = try await loads.write(
                next.load,
                expectedRevision: begun.revision,
                reply: next.reply
            )
            next.revision += 1
            made.load = next
            return [write]
        }
    }

    /// The card gave no answer, or a status word instead of one.
    private func uncredited(
        _ failure: LoadFailure,
        _ command: CreditIEP,
        _ begun: Loads.Stored
    ) async -> CardLoadOutcome {
        switch failure {
        case .refused(let refusal): return await end(begun, refusal, command)
        case .channel, .status, .wire:
            // What the card did is not known: the database knows. Where it does not answer either,
            // nobody knows, and the load is pending.
            guard let stored = try? await loads.read(page.terms.transaction) else {
                return begun.outcome
            }
            if stored.load.state == .requested {
                return await end(stored, .notCredited, command)
            }
            return await loads.settle(stored, link).outcome
        }
    }

    /// Ends a load whose card was not credited.
    private func end(
        _ begun: Loads.Stored,
        _ reason: LoadRefusal,
        _ command: CreditIEP? = nil,
        _ answer: CreditAnswer? = nil
    ) async -> CardLoadOutcome {
        var begun = begun
        begun.load.credit = command
        begun.load.answer = answer
        let ended = await loads.giveUp(begun, reason, client)
        return await loads.settle(ended, link).outcome
    }

    private func refusing<Value>(
        _ step: () async throws(LoadFailure) -> Value
    ) async throws(LoadRefusal) -> Value {
        do throws(LoadFailure) {
            return try await step()
        } catch {
            throw await loads.refusal(of: error, reader)
        }
    }
}

extension Loads {
    /// Why a card that was not yet asked to be credited does not go on.
    func refusal(of failure: LoadFailure, _ reader: PseudoReader) async -> LoadRefusal {
        switch failure {
        case .refused(let refusal): return refusal
        case .channel(.removed): return .unknownCard
        case .channel(.broken): return .storeUnavailable
        case .status(.memoryFailure): break
        case .status, .wire: return .malformed
        }
        // A record that does not open is another matter than a disk that is full.
        return switch await reader.failure {
        case .module(.sealBroken), .setBack: .cardDamaged
        case .module(.keyUnknown): .issuerNotAccepted
        default: .storeUnavailable
        }
    }
}

/// The load that was given to the store together with the credit. It is known to be durable only
/// where the card has answered.
private final class MadeCredit: Sendable {
    private let value = Mutex<Loads.Stored?>(nil)

    var load: Loads.Stored? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
