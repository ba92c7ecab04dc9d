// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Records
import SecurityModule
import Synchronization
import Wire

/// One credit under way, with its card in the pseudo reader: the OPAL server is the load server,
/// too, and passes the signatures of HSM 268 to HSM 864 and back.
struct AccountCredit {
    enum Result {
        case credited(AccountLoads.Stored)
        /// The card was not credited and will not be.
        case refused(AccountLoadRefusal)
        /// Somebody else changed the card or the load: nothing has happened.
        case changed
        /// Whether it happened is not known, or it cannot be tried now.
        case failed
    }

    private let stored: AccountLoads.Stored
    private let approvalCode: String
    private let loads: AccountLoads
    private let reader: PseudoReader
    private let client: ClientCode

    init(_ stored: AccountLoads.Stored, _ approvalCode: String, _ loads: AccountLoads) {
        self.stored = stored
        self.approvalCode = approvalCode
        self.loads = loads
        reader = PseudoReader(stored.load.card, emulator: loads.emulator, now: loads.now)
        client = ClientCode(reader)
    }

    func run() async -> Result {
        let load = stored.load
        let request = InitializeLoad(
            bank: .account(of: load.card.issuer),
            transaction: load.transaction,
            time: CardTime(loads.now()),
            amount: load.amount
        )
        let answer: InitializeLoadAnswer
        do throws(ClientFailure) {
            answer = try await client.initialize(accountLoad: request)
        } catch {
            return await result(of: error)
        }
        let command: CreditIEP
        let mails: AccountLoads.Mails
        do throws(ModuleFailure) {
            command = try await loads.module.authorize(request, answer, completion: .done)
            mails = try await loads.mails(for: load)
        } catch {
            return Self.result(of: error)
        }
        let made = MadeCredit()
        await reader.prepare(
            note: load.note,
            attachment: attachment(command, request, answer, mails, made)
        )
        do throws(ClientFailure) {
            let credited = try await client.credit(accountLoad: command)
            guard credited.completion == .done else {
                return .refused(AccountLoadRefusal(declined: credited.completion))
            }
        } catch {
            if made.isUnproven { return .refused(.cardSignatureWrong) }
            return await result(of: error)
        }
        guard let next = made.stored else {
            preconditionFailure("The load became durable with the credit.")
        }
        return .credited(next)
    }

    /// What becomes durable with the credit: the load as credited, and the mails that tell of it.
    /// S3 is verified before.
    private func attachment(
        _ command: CreditIEP,
        _ request: InitializeLoad,
        _ initialized: InitializeLoadAnswer,
        _ mails: AccountLoads.Mails,
        _ made: MadeCredit
    ) -> Attachment {
        let (stored, approvalCode, loads) = (stored, approvalCode, loads)
        return Attachment { response async throws(ModuleFailure) in
            guard let answer = try? CreditAnswer(response.data),
                let state = stored.load.state.next(after: .credited)
            else { throw .unavailable("the card's answer to CREDIT IEP is none") }
            do throws(ModuleFailure) {
                try await loads.module.verify(answer, to: command, of: request, initialized)
            } catch {
                if error == .sealBroken { made.isUnproven = true }
                throw error
            }
            var next = stored
            next.revision += 1
            next.load.state = state
            next.load.approvalCode = approvalCode
            next.load.number = answer.number
            next.load.balance = answer.balance
            next.load.decidedAt = loads.now()
            do throws(UserFailure) {
                let write = try await loads.write(next.load, expectedRevision: stored.revision)
                let told = try await mails.writes(ofCredited: next.load)
                made.stored = next
                return [write] + told
            } catch {
                throw .unavailable("the load cannot be sealed")
            }
        }
    }

    // MARK: What keeps the card from being credited

    private func result(of failure: ClientFailure) async -> Result {
        switch failure {
        case .channel(.removed): return .refused(.unknownCard)
        case .channel(.broken), .wire, .refused: return .failed
        case .status(.notFound): return .refused(.currencyNotHeld)
        case .status(.numbersUsedUp): return .refused(.numbersUsedUp)
        case .status(.signatureWrong): return .refused(.loadModuleSignatureWrong)
        case .status(.conditionsNotSatisfied):
            return await isBlocked() ? .refused(.cardBlocked) : .changed
        case .status(.memoryFailure):
            switch await reader.failure {
            case .setBack, .module(.sealBroken): return .refused(.cardDamaged)
            default: return .failed
            }
        case .status: return .refused(.cardDamaged)
        }
    }

    private static func result(of failure: ModuleFailure) -> Result {
        switch failure {
        // S1 is wrong, or the second module lacks the issuer's keys.
        case .sealBroken, .keyUnknown, .keyEnded: .refused(.cardSignatureWrong)
        case .unavailable: .failed
        }
    }

    /// A blocked card does not begin; neither does one that was changed in between.
    private func isBlocked() async -> Bool {
        (try? await loads.desk.describe(stored.load.card))?.isBlocked ?? false
    }
}

/// The load that was given to the store together with the credit. It is known to be durable only
/// where the card has answered.
private final class MadeCredit: Sendable {
    private let value = Mutex<AccountLoads.Stored?>(nil)
    private let unproven = Mutex(false)

    var stored: AccountLoads.Stored? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }

    /// Whether S3 was verified and is wrong: then the card stays as it was.
    var isUnproven: Bool {
        get { unproven.withLock { $0 } }
        set { unproven.withLock { $0 = newValue } }
    }
}
