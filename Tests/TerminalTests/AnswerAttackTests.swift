// SPDX-License-Identifier: Apache-2.0

import Kernel
import PaymentServer
import Simulation
import TerminalHost
import Testing
import Wire

/// Somebody between payment server and terminal plays with the answers, at each step and for each
/// place that compares S3.
@Suite struct AnswerAttackTests {
    @Test(arguments: StepCase.all)
    func `an answer with any byte changed or missing is none, and the sale goes on`(
        stepCase: StepCase
    ) async throws {
        let attacked = try await AttackedStep(stepCase)
        try await attacked.take(answered: { _ in [] }, "nothing")
        let length = try #require(attacked.tap.exchanges.last { $0.kind == stepCase.step.kind })
            .answer.count
        for position in 0..<length {
            try await attacked.take(
                answered: { exchange in
                    var changed = exchange.answer
                    changed[position] ^= position.isMultiple(of: 2) ? 0x01 : 0x80
                    return changed
                },
                "byte \(position)"
            )
            try await attacked.take(
                answered: { Array($0.answer.prefix(position)) },
                "cut to \(position)"
            )
        }
        try await attacked.expectEnd()
    }

    /// Whoever forges that a request was not delivered can say no more than that it was lost.
    @Test(arguments: StepCase.all)
    func `an answer that says undelivered is a terminal that dropped out`(
        stepCase: StepCase
    ) async throws {
        let attacked = try await AttackedStep(stepCase)
        for reason in [
            TerminalMessage.Reason.malformed, .unknownTerminal, .terminalAway, .sealBroken,
            .notReady,
        ] {
            let forged = TerminalMessage.undelivered(reason).bytes
            try await attacked.take(answered: { _ in forged }, "\(reason)")
        }
        try await attacked.expectEnd()
    }

    @Test(arguments: StepCase.all)
    func `a request that comes back as its answer is none, and the sale goes on`(
        stepCase: StepCase
    ) async throws {
        let attacked = try await AttackedStep(stepCase)
        try await attacked.take(answered: { $0.request }, "the request")
        try await attacked.take(
            answered: { exchange in
                guard case .request(let header, let sealed) = try? TerminalMessage(exchange.request)
                else { return [] }
                return TerminalMessage.answer(header, sealed: sealed).bytes
            },
            "the request's seal"
        )
        try await attacked.expectEnd()
    }

    @Test(arguments: StepCase.all)
    func `an answer of another exchange or terminal is none, and the sale goes on`(
        stepCase: StepCase
    ) async throws {
        let attacked = try await AttackedStep(stepCase)
        // Of the same step, too: asked again, it is another exchange.
        try await attacked.take(answered: { _ in [] }, "nothing")
        let host = attacked.host
        let header = TerminalHeader(terminal: host.name, securityCard: host.securityCard)
        for exchange in attacked.tap.exchanges {
            try await attacked.take(answered: { _ in exchange.answer }, "\(exchange.kind)")
        }
        for exchange in attacked.elsewhere {
            guard case .answer(_, let sealed) = try TerminalMessage(exchange.answer) else {
                throw Refusal.malformed
            }
            let readdressed = TerminalMessage.answer(header, sealed: sealed).bytes
            for forged in [exchange.answer, readdressed] {
                try await attacked.take(answered: { _ in forged }, "\(exchange.kind), elsewhere")
            }
        }
        try await attacked.expectEnd()
    }

    // MARK: Two answers that change places

    /// Steps that two terminals take at the same time.
    @Test(
        .timeLimit(.minutes(10)),
        arguments: StepCase.all.filter { [.status, .draw, .complete].contains($0.step) }
    )
    func `two answers that are swapped are none, and both sales go on`(
        stepCase: StepCase
    ) async throws {
        let world = try await World.remote(2, stepCase.policy)
        let taps = world.hosts.map(Tap.init)
        await world.payments.refreshTerminals()
        let pages = [
            try await world.page(try await world.order(0)),
            try await world.page(try await world.order(0)),
        ]
        let swap = Swap()
        for tap in taps {
            tap.playNext(stepCase.step.kind) { await swap.exchanged(for: $0.answer) }
        }
        if stepCase.step == .status {
            await world.payments.refreshTerminals()
        } else {
            async let first = world.pay(pages[0], with: 0)
            async let second = world.pay(pages[1], with: 1)
            for outcome in [await first, await second] {
                #expect(stepCase.step == .draw ? outcome.refusal == .busy : outcome.isPending)
            }
        }
        #expect(taps.map(\.playedCount) == [1, 1])
        for tap in taps { #expect(!(await world.isPresent(tap.host))) }
        #expect(await Invariants.check(world) == [])
        #expect(try await world.balance() == (stepCase.step == .complete ? 9850 : 10_000))
        await world.payments.refreshTerminals()
        for (card, page) in pages.enumerated() { #expect(await world.pay(page, with: card).isPaid) }
        try await world.expectSound(balance: 9850, sold: 2)
        #expect(try await world.balance(1) == 9850)
    }
}

/// Two that wait for each other and get what the other one brought.
private actor Swap {
    private var waiting: (answer: [UInt8], taker: CheckedContinuation<[UInt8], Never>)?

    func exchanged(for answer: [UInt8]) async -> [UInt8] {
        if let (other, taker) = waiting {
            waiting = nil
            taker.resume(returning: answer)
            return other
        }
        return await withCheckedContinuation { waiting = (answer, $0) }
    }
}
