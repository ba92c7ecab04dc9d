// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Testing
import Wire

@testable import Simulation

/// The table of `docs/messages/gateway.md`, cell by cell, each once as it is and once after a
/// restart of the gateway: row by row as there, in each row authorize, complete, cancel, question.
@Suite(.timeLimit(.minutes(15))) struct TableTests {
    static let restarts = [false, true]

    // MARK: Nothing

    @Test(arguments: restarts)
    func `an authorize of nothing asks the network and waits`(_ restarts: Bool) async throws {
        try await Cell(.nothing, .authorize, .approved).holds(restarts, .approved, .held)
    }

    @Test(arguments: restarts)
    func `a complete of nothing is not known`(_ restarts: Bool) async throws {
        try await Cell(.nothing, .complete, .notKnown).holds(restarts, .notKnown, nil)
    }

    @Test(arguments: restarts)
    func `a cancel of nothing is kept`(_ restarts: Bool) async throws {
        try await Cell(.nothing, .cancel, .cancelled).holds(restarts, .cancelled, nil)
    }

    @Test(arguments: restarts)
    func `a question about nothing is not known`(_ restarts: Bool) async throws {
        try await Cell(.nothing, .question, .notKnown).holds(restarts, .notKnown, nil)
    }

    // MARK: Asking

    @Test func `an authorize of what is being asked waits for the same`() async throws {
        try await Cell(.asking, .authorize, .approved).holds(false, .approved, .held)
    }

    @Test func `an authorize of what was being asked before a restart is unknown, then reversed`()
        async throws
    {
        try await Cell(.asking, .authorize, .unknown).holds(true, .reversed, .released)
    }

    @Test(arguments: restarts)
    func `a complete of what is being asked changes nothing`(_ restarts: Bool) async throws {
        try await Cell(.asking, .complete, .unknown)
            .holds(restarts, restarts ? .reversed : .approved, restarts ? .released : .held)
    }

    @Test(arguments: restarts)
    func `a cancel of what is being asked reverses what comes of it`(
        _ restarts: Bool
    ) async throws {
        try await Cell(.asking, .cancel, .cancelled).holds(restarts, .cancelled, .released)
    }

    @Test(arguments: restarts)
    func `a question about what is being asked changes nothing`(_ restarts: Bool) async throws {
        try await Cell(.asking, .question, .unknown)
            .holds(restarts, restarts ? .reversed : .approved, restarts ? .released : .held)
    }

    // MARK: Approved

    @Test(arguments: restarts)
    func `an authorize of what is approved has the same code`(_ restarts: Bool) async throws {
        try await Cell(.approved, .authorize, .approved).holds(restarts, .approved, .held)
    }

    @Test(arguments: restarts)
    func `a complete of what is approved captures it`(_ restarts: Bool) async throws {
        try await Cell(.approved, .complete, .completed).holds(restarts, .completed, .captured)
    }

    @Test(arguments: restarts)
    func `a cancel of what is approved releases it`(_ restarts: Bool) async throws {
        try await Cell(.approved, .cancel, .cancelled).holds(restarts, .cancelled, .released)
    }

    @Test(arguments: restarts)
    func `a question about what is approved has the same code`(_ restarts: Bool) async throws {
        try await Cell(.approved, .question, .approved).holds(restarts, .approved, .held)
    }

    // MARK: Declined, or a mismatch

    /// Standing, word, and what the network has in the end.
    static let refusals: [(Standing, Word, FundsHoldState)] = [
        (.declined, .declined(.insufficientFunds), .declined),
        (.addressDiffers, .addressMismatch, .released),
        (.codeDiffers, .verificationValueMismatch, .declined),
    ]

    @Test(arguments: refusals, Request.allCases)
    func `whatever is said of what is declined, it is declined with the same word`(
        _ refusal: (Standing, Word, FundsHoldState),
        _ request: Request
    ) async throws {
        for restarts in Self.restarts {
            try await Cell(refusal.0, request, refusal.1).holds(restarts, refusal.1, refusal.2)
        }
    }

    // MARK: Reversing

    @Test(arguments: restarts)
    func `an authorize of what had no answer is unknown until it is reversed`(
        _ restarts: Bool
    ) async throws {
        try await Cell(.reversing, .authorize, .unknown).holds(restarts, .reversed, .released)
    }

    @Test(arguments: restarts)
    func `a complete of what had no answer changes nothing`(_ restarts: Bool) async throws {
        try await Cell(.reversing, .complete, .unknown).holds(restarts, .reversed, .released)
    }

    @Test(arguments: restarts)
    func `a cancel of what had no answer is cancelled for ever`(_ restarts: Bool) async throws {
        try await Cell(.reversing, .cancel, .cancelled).holds(restarts, .cancelled, .released)
    }

    @Test(arguments: restarts)
    func `a question about what had no answer is unknown until it is reversed`(
        _ restarts: Bool
    ) async throws {
        try await Cell(.reversing, .question, .unknown).holds(restarts, .reversed, .released)
    }

    // MARK: Where nothing moves any more

    @Test(arguments: restarts, Request.allCases)
    func `what is reversed stays reversed`(_ restarts: Bool, _ request: Request) async throws {
        try await Cell(.reversed, request, .reversed).holds(restarts, .reversed, .released)
    }

    @Test(arguments: [Standing.completing, .completed], Request.allCases)
    func `what is completed stays completed, acknowledged or not`(
        _ standing: Standing,
        _ request: Request
    ) async throws {
        for restarts in Self.restarts {
            try await Cell(standing, request, .completed).holds(restarts, .completed, .captured)
        }
    }

    @Test(arguments: [Standing.cancelling, .cancelled, .cancelledUnanswered], Request.allCases)
    func `what is cancelled stays cancelled, acknowledged or not`(
        _ standing: Standing,
        _ request: Request
    ) async throws {
        for restarts in Self.restarts {
            try await Cell(standing, request, .cancelled).holds(restarts, .cancelled, .released)
        }
    }

    @Test(arguments: restarts, Request.allCases)
    func `what was cancelled before it was heard of is never sent`(
        _ restarts: Bool,
        _ request: Request
    ) async throws {
        try await Cell(.cancelledUnheard, request, .cancelled).holds(restarts, .cancelled, nil)
    }

    // MARK: Over nothing

    @Test(arguments: restarts)
    func `an account that is good stays good, and nothing is owed for it`(
        _ restarts: Bool
    ) async throws {
        for request in [Request.authorize, .question] {
            try await Cell(.verified, request, .approved).holds(restarts, .approved, nil)
        }
        try await Cell(.verified, .complete, .completed).holds(restarts, .completed, nil)
        try await Cell(.verified, .cancel, .cancelled).holds(restarts, .cancelled, nil)
    }
}

/// What a transaction is when a request comes.
enum Standing: CaseIterable, Sendable {
    case nothing
    case asking
    case approved
    case declined
    case addressDiffers
    case codeDiffers
    case reversing
    case reversed
    case completing
    case completed
    case cancelling
    case cancelled
    /// After its time-out.
    case cancelledUnanswered
    case cancelledUnheard
    case verified
}

enum Request: CaseIterable, Sendable {
    case authorize
    case complete
    case cancel
    case question
}

/// One cell of the table.
private struct Cell {
    let standing: Standing
    let request: Request
    let word: Word

    init(_ standing: Standing, _ request: Request, _ word: Word) {
        self.standing = standing
        self.request = request
        self.word = word
    }

    /// `end`: what a question is told when everything was forwarded; `hold`: what the network has
    /// then.
    func holds(
        _ restarts: Bool,
        _ end: Word,
        _ hold: FundsHoldState?,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        try await GatewayWorld.run { world in
            let authorization = try authorization(in: world)
            let transaction = authorization.transaction
            let first = try await bring(authorization, in: world)
            if restarts { try await world.restartAndSignOn() }
            let message = message(authorization)
            let answer = try await world.ask(message)
            #expect(Word(answer) == word, sourceLocation: place)
            // The same code, too.
            if let first, case .approved = answer {
                #expect(answer == first, sourceLocation: place)
            }
            // Again, the same bytes.
            #expect(try await world.ask(message) == answer, sourceLocation: place)
            if restarts { try await world.restartAndSignOn() }
            #expect(
                try await world.ask(message) == answer
                    || (restarts && standing == .asking && request == .authorize),
                sourceLocation: place
            )
            await world.pass(.seconds(60))
            try await world.forwardAll()
            #expect(
                try await world.word(.question(transaction)) == end,
                sourceLocation: place
            )
            #expect(try await world.hold(transaction) == hold, sourceLocation: place)
            let isSent = standing != .cancelledUnheard && hold != nil || standing == .verified
            #expect(
                world.wire.sent(.authorizationRequest).count == (isSent ? 1 : 0),
                sourceLocation: place
            )
            // Of what is released the network is told once, as it hears everything.
            let reversals = world.wire.sent(.reversalAdvice, .reversalAdviceRepeat).count
            #expect(reversals == (hold == .released ? 1 : 0), sourceLocation: place)
        }
    }

    private func authorization(in world: GatewayWorld) throws -> GatewayAuthorization {
        switch standing {
        case .declined: try world.authorization(ending: "0051")
        case .addressDiffers: try world.authorization(ending: "9001")
        case .codeDiffers: try world.authorization(code: "000")
        case .verified: try world.authorization(0)
        default: try world.authorization()
        }
    }

    private func message(_ authorization: GatewayAuthorization) -> GatewayMessage {
        switch request {
        case .authorize: .authorize(authorization)
        case .complete: .complete(authorization.transaction)
        case .cancel: .cancel(authorization.transaction)
        case .question: .question(authorization.transaction)
        }
    }

    /// - Returns: the answer to the first authorize, where one was waited for.
    private func bring(
        _ authorization: GatewayAuthorization,
        in world: GatewayWorld
    ) async throws -> GatewayMessage? {
        let transaction = authorization.transaction
        var first: GatewayMessage?
        switch standing {
        case .nothing: return nil
        case .asking:
            world.wire.willMeet(.delayAnswer(.seconds(10)))
            let desk = world.desk
            world.executor.start {
                _ = await desk.answer(
                    GatewayMessage.authorize(authorization).bytes,
                    from: GatewayWorld.opalServer
                )
            }
            await world.pass(.seconds(5))
            return nil
        case .cancelledUnheard:
            #expect(try await world.word(.cancel(transaction)) == .cancelled)
            return nil
        case .reversing, .reversed, .cancelledUnanswered: world.wire.willMeet(.loseAnswer)
        default: break
        }
        first = try await world.ask(.authorize(authorization))
        switch standing {
        case .completing, .completed: _ = try await world.ask(.complete(transaction))
        case .cancelling, .cancelled, .cancelledUnanswered:
            _ = try await world.ask(.cancel(transaction))
        default: break
        }
        switch standing {
        case .reversed, .completed, .cancelled: try await world.forwardAll()
        default: break
        }
        return first
    }
}
