// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Testing

@testable import OPALServer

/// A guardian opens a card for a child.
@Suite struct ChildTests {
    private let start = UserWorld.start

    @Test func `The child gets a password by mail, chooses another and has a card of its own`()
        async throws
    {
        let (world, anna) = try await guardian()
        #expect(try await open(world, anna, email: "emma@example.org") == .checkMail)
        let token = try await arrive(world, "emma", "emma@example.org", card: 2)
        let emma = try #require(try await world.directory.session(token, at: start))
        #expect(emma.card == (try UserWorld.card(2)))
        let profile = try #require(try await world.directory.profile(of: emma.key))
        #expect(profile.account == nil)
        #expect(try await world.logOn("emma").token != nil)
    }

    @Test func `Without an address of the child the mail goes to the guardian`() async throws {
        let (world, anna) = try await guardian()
        // A moment after the mail of her own sign-up.
        _ = try await open(world, anna, email: "  ", at: start + .seconds(1))
        _ = try await arrive(world, "emma", "anna@example.org", card: 2)
        #expect(try await world.logOn("emma").token != nil)
    }

    @Test func `The guardian is told once the card is made`() async throws {
        let (world, anna) = try await guardian()
        _ = try await open(world, anna)
        #expect(try await told(world, "Your child's card is ready") == 0)
        _ = try await arrive(world, "emma", "emma@example.org", card: 2)
        #expect(try await told(world, "Your child's card is ready") == 1)
    }

    @Test func `Without the mailed password nobody signs in`() async throws {
        let (world, anna) = try await guardian()
        _ = try await open(world, anna)
        #expect(try await world.logOn("emma", "").isRefused)
        #expect(try await world.logOn("emma", "first chosen password").isRefused)
    }

    @Test func `What is wrong with the form is told, field by field`() async throws {
        let (world, anna) = try await guardian()
        var form = ChildForm()
        form.name = ""
        form.userIdentifier = "e"
        form.email = "nowhere"
        let opening = try await world.directory.openChild(
            form,
            by: anna,
            from: UserWorld.home,
            at: start
        )
        let expected: [ChildFieldError] = [
            .init(.name, .missing), .init(.userIdentifier, .tooShort), .init(.email, .malformed),
        ]
        #expect(opening == .invalid(expected))
    }

    @Test func `A child opens no card for another child`() async throws {
        let (world, anna) = try await guardian()
        _ = try await open(world, anna)
        let token = try await arrive(world, "emma", "emma@example.org", card: 2)
        let emma = try #require(try await world.directory.session(token, at: start)).key
        #expect(try await open(world, emma, "otto") == .notGuardian)
        #expect(try await open(world, UserKey(plainHash([1])), "otto") == .notGuardian)
    }

    @Test func `Who has not come for the first time opens no card`() async throws {
        let world = UserWorld()
        _ = try await world.directory.signUp(UserWorld.form(), from: UserWorld.home, at: start)
        let key = try await key(world, "anna")
        #expect(try await open(world, key) == .notGuardian)
    }

    @Test func `A guardian has so many children and no more`() async throws {
        let (world, anna) = try await guardian()
        for number in 1...FundingLimits.childrenMax {
            // From somewhere else each time, so that nobody is slowed down.
            #expect(try await open(world, anna, "child\(number)", from: "a\(number)") == .checkMail)
        }
        #expect(try await open(world, anna, "oneMore", from: "b") == .tooManyChildren)
        // Who never came makes room.
        let later = start + UserLimits.oneTimeTime
        #expect(try await open(world, anna, "oneMore", from: "b", at: later) == .checkMail)
        #expect(try await world.directory.guardianship(of: anna).0.entries.count == 1)
    }

    @Test func `Two openings at the same moment do not pass the limit`() async throws {
        for seed in UInt64(1)...10 {
            let (world, anna) = try await guardian(seed: seed)
            for number in 2...FundingLimits.childrenMax {
                _ = try await open(world, anna, "child\(number)", from: "a\(number)")
            }
            async let one = open(world, anna, "first", from: "b")
            async let two = open(world, anna, "second", from: "c")
            let openings = try await [one, two]
            #expect(openings.count { $0 == .checkMail } == 1)
            #expect(openings.count { $0 == .tooManyChildren } == 1)
        }
    }

    @Test func `A taken identifier looks like a free one, in answer and list`() async throws {
        let (world, anna) = try await guardian()
        try await world.setUp("Bert", email: "bert@example.org", number: 9)
        #expect(try await open(world, anna, "emma") == .checkMail)
        #expect(try await open(world, anna, "bert") == .checkMail)
        let guardians = guardians(world)
        let children = try await guardians.children(of: anna, at: start)
        #expect(children.count == 2)
        #expect(children.allSatisfy { $0.card == nil })
        // Bert is told, and stays who he is; Anna is told by mail alone.
        #expect(try await told(world, "Somebody tried to sign up with your user identifier") == 1)
        #expect(try await told(world, "Your sign-up was not completed") == 1)
        let bert = try await key(world, "bert")
        await #expect(throws: GuardianRefusal.notYourChild) {
            try await guardians.authorize(anna, for: bert)
        }
        #expect(try await world.logOn("bert").token != nil)
        // Both disappear when nobody came.
        let later = start + UserLimits.oneTimeTime
        #expect(try await guardians.children(of: anna, at: later).isEmpty)
    }

    @Test func `A guardian acts on the card of its child and on no other`() async throws {
        let (world, anna) = try await guardian()
        try await world.setUp("Bert", email: "bert@example.org", number: 9)
        _ = try await open(world, anna)
        let (emma, bert) = try await (key(world, "emma"), key(world, "bert"))
        let guardians = guardians(world)
        await #expect(throws: GuardianRefusal.noCardYet) {
            try await guardians.authorize(anna, for: emma)
        }
        _ = try await arrive(world, "emma", "emma@example.org", card: 2)
        #expect(try await guardians.authorize(anna, for: emma) == UserWorld.card(2))
        // The guardian of another child.
        await #expect(throws: GuardianRefusal.notYourChild) {
            try await guardians.authorize(bert, for: emma)
        }
        // A child that wants to raise its own limits.
        await #expect(throws: GuardianRefusal.notYourChild) {
            try await guardians.authorize(emma, for: emma)
        }
        // A child is no guardian of its guardian, and nobody is of oneself.
        for (guardian, child) in [(emma, anna), (anna, anna), (bert, anna)] {
            await #expect(throws: GuardianRefusal.notYourChild) {
                try await guardians.authorize(guardian, for: child)
            }
        }
        await #expect(throws: GuardianRefusal.notYourChild) {
            try await guardians.history(of: emma, by: bert, after: 0, limit: 10)
        }
    }

    @Test func `Who takes the identifier of a child that never came is nobody's child`()
        async throws
    {
        let (world, anna) = try await guardian()
        _ = try await open(world, anna)
        let later = start + UserLimits.oneTimeTime
        try await world.setUp("Emma", email: "other@example.org", number: 5, at: later)
        let emma = try await key(world, "emma")
        await #expect(throws: GuardianRefusal.notYourChild) {
            try await guardians(world).authorize(anna, for: emma)
        }
        #expect(try await world.directory.profile(of: emma)?.account != nil)
        #expect(try await guardians(world).children(of: anna, at: later).isEmpty)
    }

    @Test func `Whoever opens many cards is slowed down`() async throws {
        let (world, anna) = try await guardian()
        var openings: [ChildOpening] = []
        for number in 1...12 { openings.append(try await open(world, anna, "child\(number % 9)")) }
        #expect(openings.contains { if case .throttled = $0 { true } else { false } })
    }

    // MARK: Helpers

    private func guardian(seed: UInt64 = 1) async throws -> (UserWorld, UserKey) {
        let world = UserWorld(seed: seed)
        let token = try await world.setUp()
        return (world, try #require(try await world.directory.session(token, at: start)).key)
    }

    private func open(
        _ world: UserWorld,
        _ guardian: UserKey,
        _ identifier: String = "emma",
        email: String = "emma@example.org",
        from address: String = UserWorld.home,
        at now: Instant = UserWorld.start
    ) async throws -> ChildOpening {
        var form = ChildForm()
        form.name = "Emma"
        form.userIdentifier = identifier
        form.email = email
        return try await world.directory.openChild(form, by: guardian, from: address, at: now)
    }

    private func arrive(
        _ world: UserWorld,
        _ identifier: String,
        _ email: String,
        card number: UInt64
    ) async throws -> SessionToken {
        let card = try UserWorld.card(number)
        let outcome = try await world.directory.completeSetup(
            try await world.ticket(identifier, email: email),
            newPassword: Password(UserWorld.password),
            card: card,
            extraWrites: [UserWorld.cardWrite(card)],
            at: start
        )
        guard case .completed(let token) = outcome else { throw UnexpectedOutcome(outcome) }
        return token
    }

    private func key(_ world: UserWorld, _ identifier: String) async throws -> UserKey {
        try #require(try await world.directory.profile(ofIdentifier: identifier)).key
    }

    private func told(_ world: UserWorld, _ subject: String) async throws -> Int {
        try await world.mails().count { $0.subject == subject }
    }

    private func guardians(_ world: UserWorld) -> Guardians {
        Guardians(
            users: world.directory,
            desk: CardDesk(
                store: world.store,
                module: NoModule(),
                loads: NoModule(),
                seals: PlainHashSealing(),
                random: SeededRandom(seed: 3),
                now: { UserWorld.start }
            )
        )
    }
}
