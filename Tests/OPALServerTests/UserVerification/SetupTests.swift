// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Testing

@Suite struct SetupTests {
    private let start = UserWorld.start

    @Test func `The setup changes the password, gives the card and signs in`() async throws {
        let world = UserWorld()
        let token = try await world.setUp()
        #expect(try await world.directory.session(token, at: start)?.card == UserWorld.card(1))
        #expect(try await world.logOn("anna", "first chosen password").isRefused)
        #expect(try await world.logOn().token != nil)
        #expect(try await world.store.count(UserWorld.cardKind) == 1)
    }

    @Test func `A user without a card is told that one is needed`() async throws {
        let world = UserWorld()
        let ticket = try await newTicket(world)
        let outcome = try await world.directory.changePassword(
            ticket,
            to: Password(UserWorld.password),
            at: start
        )
        guard case .needsCard = outcome else { throw UnexpectedOutcome(outcome) }
        // The ticket is still good for the setup.
        let card = try UserWorld.card(1)
        let setup = try await complete(world, ticket, card, at: start)
        guard case .completed = setup else { throw UnexpectedOutcome(setup) }
    }

    @Test func `Two completions at the same moment give one card`() async throws {
        for seed in UInt64(1)...20 {
            let world = UserWorld(seed: seed)
            let ticket = try await newTicket(world)
            async let one = complete(world, ticket, UserWorld.card(1), at: start)
            async let two = complete(world, ticket, UserWorld.card(2), at: start)
            let outcomes = try await [one, two]
            #expect(outcomes.count { if case .completed = $0 { true } else { false } } == 1)
            #expect(outcomes.count { if case .ended = $0 { true } else { false } } == 1)
            #expect(try await world.store.count(UserWorld.cardKind) == 1)
        }
    }

    @Test func `A card that exists already changes nothing and can be replaced by another`()
        async throws
    {
        let world = UserWorld()
        let ticket = try await newTicket(world)
        let taken = UserWorld.cardWrite(try UserWorld.card(1))
        #expect(try await world.store.commit(Transition(writes: [taken])) == .committed)
        let first = try await complete(world, ticket, UserWorld.card(1), at: start)
        guard case .cardTaken = first else { throw UnexpectedOutcome(first) }
        let second = try await complete(world, ticket, UserWorld.card(2), at: start)
        guard case .completed(let token) = second else { throw UnexpectedOutcome(second) }
        #expect(try await world.directory.session(token, at: start)?.card == UserWorld.card(2))
    }

    @Test func `A ticket works once and for half an hour`() async throws {
        for (offset, works) in [(-1, true), (0, false)] {
            let world = UserWorld()
            let ticket = try await newTicket(world)
            let now = start + UserLimits.ticketTime + .milliseconds(offset)
            let first = try await complete(world, ticket, UserWorld.card(1), at: now)
            if case .completed = first { #expect(works) } else { #expect(!works) }
            let second = try await complete(world, ticket, UserWorld.card(2), at: now)
            guard case .ended = second else { throw UnexpectedOutcome(second) }
        }
    }

    @Test func `A ticket is no session and a session is no ticket`() async throws {
        let world = UserWorld()
        let ticket = try await newTicket(world)
        let asToken = try #require(SessionToken(ticket.text))
        #expect(try await world.directory.session(asToken, at: start) == nil)
        let outcome = try await complete(world, ticket, UserWorld.card(1), at: start)
        guard case .completed(let token) = outcome else { throw UnexpectedOutcome(outcome) }
        let asTicket = try #require(PasswordTicket(token.text))
        let change = try await world.directory.changePassword(
            asTicket,
            to: Password("another password"),
            at: start
        )
        guard case .ended = change else { throw UnexpectedOutcome(change) }
    }

    @Test func `A weak new password is named and the ticket stays`() async throws {
        let world = UserWorld()
        let ticket = try await newTicket(world)
        let card = try UserWorld.card(1)
        let weak = try await world.directory.completeSetup(
            ticket,
            newPassword: Password("password123"),
            card: card,
            extraWrites: [UserWorld.cardWrite(card)],
            at: start
        )
        guard case .unsuitable(.tooCommon) = weak else { throw UnexpectedOutcome(weak) }
        let good = try await complete(world, ticket, card, at: start)
        guard case .completed = good else { throw UnexpectedOutcome(good) }
    }

    private func newTicket(_ world: UserWorld) async throws -> PasswordTicket {
        _ = try await world.directory.signUp(UserWorld.form(), from: UserWorld.home, at: start)
        return try await world.ticket()
    }

    private func complete(
        _ world: UserWorld,
        _ ticket: PasswordTicket,
        _ card: CardIdentifier,
        at now: Instant
    ) async throws -> SetupOutcome {
        try await world.directory.completeSetup(
            ticket,
            newPassword: Password(UserWorld.password),
            card: card,
            extraWrites: [UserWorld.cardWrite(card)],
            at: now
        )
    }
}
