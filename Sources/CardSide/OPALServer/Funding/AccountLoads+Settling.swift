// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import Records
import SecurityModule
import Wire

// From the gateway's answer to the end of a load.
extension AccountLoads {
    /// Whether somebody waits for the outcome: else a mail tells it.
    enum Audience: Sendable {
        case inPerson
        case byMail
    }

    /// Acts on what the gateway says of a load that is not decided.
    func act(
        on answer: GatewayMessage,
        _ stored: Stored,
        _ audience: Audience
    ) async -> Stored {
        guard stored.load.state == .authorizing else { return stored }
        switch answer {
        case .approved(_, let code): return await credit(stored, code, audience)
        case .declined(_, let decline):
            return await advance(stored, after: .declined, AccountLoadRefusal(decline), audience)
        case .addressMismatch:
            return await advance(stored, after: .declined, .addressMismatch, audience)
        case .verificationValueMismatch:
            return await advance(stored, after: .declined, .verificationValueMismatch, audience)
        case .reversed, .cancelled:
            return await advance(stored, after: .reversed, .gatewaySilent, audience)
        case .busy: return await giveUp(stored, .busy, audience)
        case .refusal: return await giveUp(stored, .gatewayRefused, audience)
        case .notKnown: return await giveUp(stored, .gatewaySilent, audience)
        // Another server has credited it in between, and the gateway knows.
        case .completed: return await reread(stored)
        case .unknown, .authorize, .complete, .cancel, .question: return stored
        }
    }

    /// From here on the card will not be credited for this load.
    ///
    /// `tells`: whether to tell the gateway now; else it is told with the next round.
    func giveUp(
        _ stored: Stored,
        _ refusal: AccountLoadRefusal,
        _ audience: Audience,
        tells: Bool = true
    ) async -> Stored {
        let next = await advance(stored, after: .gaveUp, refusal, audience)
        guard tells, next.load.state == .cancelling else { return next }
        return await step(next).stored
    }

    /// Credits the card with what the network has approved.
    private func credit(
        _ stored: Stored,
        _ approvalCode: String,
        _ audience: Audience
    ) async -> Stored {
        var stored = stored
        for _ in 0..<FundingLimits.creditTriesMax {
            // An approval that comes too late is given back.
            if age(of: stored.load) >= FundingLimits.authorizationTime {
                return await giveUp(stored, .gatewaySilent, audience)
            }
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.completedBeforeCredit) {
                    _ = await ask(.complete(stored.load.transaction))
                }
            #endif
            switch await AccountCredit(stored, approvalCode, self).run() {
            case .credited(let next): return await step(next).stored
            case .refused(let refusal): return await giveUp(stored, refusal, audience)
            case .failed: return await reread(stored)
            case .changed:
                stored = await reread(stored)
                guard stored.load.state == .authorizing else { return stored }
            }
        }
        return stored
    }

    // MARK: Rounds

    /// Asks the gateway about every load that is open, and ends it. To be called at start-up and
    /// then every few seconds.
    ///
    /// - Parameter age: how long ago a load must have been begun to be looked at, so that those
    ///   under way are left alone.
    /// - Returns: how many have ended.
    @discardableResult
    package func settleOpen(olderThan age: Duration) async -> Int {
        var (count, cursor): (Int, [UInt8]?) = (0, nil)
        var seen: Set<TransactionIdentifier> = []
        var isSilent = false
        while true {
            guard
                let page = try? await users.records.store.listOpen(
                    AccountLoadRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            else { return count }
            var due: [Stored] = []
            for record in page {
                guard let stored = try? await open(record) else { continue }
                seen.insert(stored.load.transaction)
                if self.age(of: stored.load) >= age { due.append(stored) }
            }
            if !isSilent {
                let round = await settle(due)
                count += round.ended
                isSilent = round.isSilent
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { break }
            cursor = last.key.bytes
        }
        waits.keep(only: seen)
        return count
    }

    private func settle(_ due: [Stored]) async -> (ended: Int, isSilent: Bool) {
        var waiting = due[...]
        return await withTaskGroup(of: Step.self) { group in
            for _ in 0..<FundingLimits.loadsAtOnce {
                guard let next = waiting.popFirst() else { break }
                group.addTask { await step(next) }
            }
            var (ended, isSilent) = (0, false)
            for await step in group {
                if step.isSilent { isSilent = true }
                if !step.stored.load.state.isOpen { ended += 1 }
                // One that is not answered delays the others by one time-out at the most.
                guard !isSilent, let next = waiting.popFirst() else { continue }
                group.addTask { await self.step(next) }
            }
            return (ended, isSilent)
        }
    }

    struct Step: Sendable {
        var stored: Stored
        var isSilent = false
    }

    /// Takes one load as far as the gateway lets it go now.
    func step(_ stored: Stored) async -> Step {
        switch stored.load.state {
        case .completed, .declined, .cancelled: return Step(stored: stored)
        case .authorizing:
            if age(of: stored.load) >= FundingLimits.authorizationTime {
                return Step(stored: await giveUp(stored, .gatewaySilent, .byMail))
            }
            guard case .answer(let answer) = await ask(.question(stored.load.transaction)) else {
                return Step(stored: stored, isSilent: true)
            }
            // Too much to do for the gateway is no reason to give a load up.
            if case .busy = answer { return Step(stored: stored) }
            return Step(stored: await act(on: answer, stored, .byMail))
        case .credited:
            guard case .answer(let answer) = await ask(.complete(stored.load.transaction)) else {
                #if PLANTED_BUGS
                    if PlantedBug.isPlanted(.cancelledAfterCredit) {
                        _ = await ask(.cancel(stored.load.transaction))
                    }
                #endif
                return Step(stored: stored, isSilent: true)
            }
            guard case .completed = answer else { return Step(stored: stored) }
            return Step(stored: await advance(stored, after: .completed, nil, .inPerson))
        case .cancelling:
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.creditedAfterGivenUp),
                    case .answer(.approved(_, let code)) = await ask(
                        .question(stored.load.transaction)
                    )
                {
                    return Step(stored: await credit(stored, code, .byMail))
                }
            #endif
            guard case .answer(let answer) = await ask(.cancel(stored.load.transaction)) else {
                return Step(stored: stored, isSilent: true)
            }
            switch answer {
            case .cancelled, .reversed, .declined, .addressMismatch, .verificationValueMismatch:
                return Step(stored: await advance(stored, after: .reversed, nil, .inPerson))
            default: return Step(stored: stored)
            }
        }
    }

    /// How long ago a load was begun.
    func age(of load: AccountLoadRecord) -> Duration {
        waits.age(
            of: load.transaction,
            begunAt: load.begunAt,
            now: now(),
            uptime: uptime?()
        )
    }
}
