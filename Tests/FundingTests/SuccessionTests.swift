// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// A card that expires with value on it: the value is kept, and moves to its successor.
@Suite struct SuccessionTests {
    /// After the cards of the first day, which end with June 2028.
    private static let later = Duration.seconds(800 * 86_400)

    @Test(arguments: [false, true])
    func `The value of an expired card moves to its successor`(
        _ hasSecondModule: Bool
    ) async throws {
        let world = try await FundingWorld(hasSecondModule: hasSecondModule)
        let anna = try await world.person(value: 4_200)
        world.clock.advance(by: Self.later)
        try await world.forgetMails()
        let renewal = try await world.server.succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        #expect(renewal.moved == FundingWorld.euros(4_200))
        #expect(renewal.successor != anna.card)
        #expect(try await world.balance(anna.card) == 0)
        #expect(try await world.balance(renewal.successor) == 4_200)
        // A row on both, of the same transaction.
        let given = try #require(try await world.history(anna.card).last)
        let got = try #require(try await world.history(renewal.successor).last)
        guard case .moved(let move) = given.event else { throw Unexpected(given) }
        #expect(move.successor == renewal.successor)
        let (out, onto) = (try #require(given.movement), try #require(got.movement))
        #expect(out.transaction == onto.transaction && out.amount == onto.amount)
        // The holder has the new card and is told.
        let profile = try #require(try await world.server.users.profile(of: anna.key))
        #expect(profile.card == renewal.successor && profile.predecessor == anna.card)
        let mail = try #require(try await world.mails(to: anna.email).first)
        #expect(mail.body.contains("42.00") && mail.body.contains(renewal.successor.masked))
        try await world.expectSound()
    }

    @Test func `The successor pays and is loaded like any card`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 4_200)
        try await world.replaceAccount(of: anna, expiry: (2040, 1))
        world.clock.advance(by: Self.later)
        let renewal = try await world.server.succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        let old = await world.server.loads.begin(world.request(by: anna))
        #expect(old.refusal == .cardExpired)
        let new = world.request(by: anna, onto: renewal.successor)
        #expect(await world.server.loads.begin(new).receipt?.balance == 6_700)
        try await world.expectSound()
    }

    @Test func `A session goes on with the new card`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.clock.advance(by: Self.later)
        let logon = try await world.server.users.logOn(
            anna.identifier,
            Password(FundingWorld.password),
            from: FundingWorld.home,
            at: world.now
        )
        guard case .signedIn(let token) = logon else { throw Unexpected(logon) }
        #expect(try await world.server.users.session(token, at: world.now)?.card == anna.card)
        let renewal = try await world.server.succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        let user = try await world.server.users.session(token, at: world.now)
        #expect(user?.card == renewal.successor)
    }

    @Test func `Asked again, there is one successor and nothing moves twice`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 4_200)
        world.clock.advance(by: Self.later)
        let first = try await world.server.succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        let second = try await world.restart().succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        #expect(second.successor == first.successor)
        #expect(second.moved.minorUnits == 0)
        #expect(try await world.balance(first.successor) == 4_200)
        try await world.expectSound()
    }

    @Test func `Asked twice at the same moment, there is one successor`() async throws {
        for seed in UInt64(1)...10 {
            let world = try await FundingWorld(seed: seed)
            let anna = try await world.person(value: 4_200)
            world.clock.advance(by: Self.later)
            let (succession, now) = (world.server.succession, world.now)
            async let one = succession.renew(anna.card, by: "card holder", at: now)
            async let two = succession.renew(anna.card, by: "card holder", at: now)
            let renewals = try await [one, two]
            #expect(renewals[0].successor == renewals[1].successor)
            #expect(renewals.reduce(0) { $0 + $1.moved.minorUnits } == 4_200)
            try await world.expectSound()
        }
    }

    @Test(arguments: MortalProcess.Moment.allCases)
    func `The value is on one of both, wherever the process dies`(
        _ moment: MortalProcess.Moment
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 4_200)
        world.clock.advance(by: Self.later)
        let process = MortalProcess(dies: moment, 1)
        let mortal = world.start(on: process.store(world.store), world.link)
        await #expect(throws: SuccessionRefusal.unavailable) {
            try await mortal.succession.renew(anna.card, by: "card holder", at: world.now)
        }
        try await world.expectSound()
        let renewal = try await world.server.succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        #expect(try await world.balance(renewal.successor) == 4_200)
        try await world.expectSound()
    }

    @Test func `An empty card has a successor, too`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 0)
        world.clock.advance(by: Self.later)
        let renewal = try await world.server.succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        #expect(renewal.moved.minorUnits == 0)
        #expect(try await world.server.users.profile(of: anna.key)?.card == renewal.successor)
        try await world.expectSound()
    }

    @Test func `A successor that has expired has one of its own`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 4_200)
        world.clock.advance(by: Self.later)
        let first = try await world.server.succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        world.clock.advance(by: Self.later)
        let second = try await world.server.succession.renew(
            first.successor,
            by: "card holder",
            at: world.now
        )
        #expect(try await world.balance(second.successor) == 4_200)
        // The first one of all leads to the last.
        let again = try await world.server.succession.renew(
            anna.card,
            by: "card holder",
            at: world.now
        )
        #expect(again.successor == second.successor)
        try await world.expectSound()
    }

    @Test func `A child keeps its guardian and gets its allowance on the new card`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let emma = try await world.child(of: anna)
        try await world.replaceAccount(of: anna, expiry: (2040, 1))
        let gift = world.request(1_500, by: anna, onto: emma.card, .gift)
        #expect(await world.server.loads.begin(gift).receipt != nil)
        world.clock.advance(by: Self.later)
        let renewal = try await world.server.succession.renew(
            emma.card,
            by: "card holder",
            at: world.now
        )
        #expect(
            try await world.server.guardians.authorize(anna.key, for: emma.key)
                == renewal.successor
        )
        let next = world.request(1_500, by: anna, onto: renewal.successor, .gift)
        #expect(await world.server.loads.begin(next).receipt?.balance == 3_000)
        try await world.expectSound()
    }

    @Test func `A card that has not expired is not renewed`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        // The last millisecond of June 2028.
        world.clock.advance(
            by: Instant(milliseconds: 1_846_022_399_999).since(world.now)
        )
        await #expect(throws: SuccessionRefusal.notExpired) {
            try await world.server.succession.renew(anna.card, by: "card holder", at: world.now)
        }
        world.clock.advance(by: .milliseconds(1))
        _ = try await world.server.succession.renew(anna.card, by: "card holder", at: world.now)
    }

    @Test func `A blocked card keeps its value until it is unblocked`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 4_200)
        #expect(try await world.server.desk.setBlocked(true, anna.card))
        world.clock.advance(by: Self.later)
        await #expect(throws: SuccessionRefusal.cardBlocked) {
            try await world.server.succession.renew(anna.card, by: "card holder", at: world.now)
        }
        #expect(try await world.balance(anna) == 4_200)
        #expect(try await world.server.desk.setBlocked(false, anna.card))
        #expect(
            try await world.server.succession.renew(anna.card, by: "card holder", at: world.now)
                .moved.minorUnits
                == 4_200
        )
    }

    @Test func `There is no successor of no card`() async throws {
        let world = try await FundingWorld()
        let none = CardIdentifier(issuer: world.issuer.identifier, number: 1)
        await #expect(throws: SuccessionRefusal.unknownCard) {
            try await world.server.succession.renew(none, by: "card holder", at: world.now)
        }
    }
}

/// The limits of an expired card, on its successor.
@Suite struct SuccessionPolicyTests {
    private static let later = Duration.seconds(800 * 86_400)

    private func limits(_ most: UInt64) -> SpendingLimits {
        var limits = SpendingLimits(currency: .euro, exponent: .cents)
        limits.day.minorUnitsMax = most
        return limits
    }

    @Test func `Limits and a freeze go along to the successor`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let desk = world.server.desk
        _ = try await desk.setLimits(limits(1_200), of: anna.card, by: "card holder").get()
        _ = try await desk.freeze(true, anna.card, by: "card holder").get()
        let old = try await desk.policy(of: anna.card).get()?.policy
        world.clock.advance(by: Self.later)
        let succession = world.server.succession
        for _ in 0..<2 {
            let renewal = try await succession.renew(anna.card, by: "card holder", at: world.now)
            #expect(renewal.keepsPolicy)
        }
        let card = try #require(try await world.server.users.profile(of: anna.key)?.card)
        #expect(card != anna.card)
        #expect(try await desk.policy(of: card).get()?.policy == old)
        try await world.expectSound()
    }

    @Test(arguments: MortalProcess.Moment.allCases)
    func `There is no moment at which the successor has no limits, wherever the process dies`(
        _ moment: MortalProcess.Moment
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 4_200)
        let desk = world.server.desk
        _ = try await desk.setLimits(limits(1_200), of: anna.card, by: "guardian").get()
        let old = try await desk.policy(of: anna.card).get()?.policy
        world.clock.advance(by: Self.later)
        let process = MortalProcess(dies: moment, 1)
        let mortal = world.start(on: process.store(world.store), world.link)
        await #expect(throws: SuccessionRefusal.unavailable) {
            try await mortal.succession.renew(anna.card, by: "guardian", at: world.now)
        }
        let card = try #require(try await world.server.users.profile(of: anna.key)?.card)
        #expect(try await desk.policy(of: card).get()?.policy == old, "Whichever it holds now.")
        let renewal = try await world.server.succession.renew(
            anna.card,
            by: "guardian",
            at: world.now
        )
        #expect(try await desk.policy(of: renewal.successor).get()?.policy == old)
        #expect(try await world.balance(renewal.successor) == 4_200)
        try await world.expectSound()
    }

    @Test func `An empty card's successor has its limits, too`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let desk = world.server.desk
        _ = try await desk.setLimits(limits(1_200), of: anna.card, by: "guardian").get()
        let old = try await desk.policy(of: anna.card).get()?.policy
        world.clock.advance(by: Self.later)
        let renewal = try await world.server.succession.renew(
            anna.card,
            by: "guardian",
            at: world.now
        )
        #expect(try await desk.policy(of: renewal.successor).get()?.policy == old)
        try await world.expectSound()
    }

    @Test func `What was set on the successor since then stays`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let desk = world.server.desk
        _ = try await desk.setLimits(limits(1_200), of: anna.card, by: "card holder").get()
        world.clock.advance(by: Self.later)
        let succession = world.server.succession
        _ = try await succession.renew(anna.card, by: "card holder", at: world.now)
        let card = try #require(try await world.server.users.profile(of: anna.key)?.card)
        _ = try await desk.setLimits(nil, of: card, by: "card holder").get()
        _ = try await succession.renew(anna.card, by: "card holder", at: world.now)
        #expect(try await desk.policy(of: card).get() == nil)
    }
}
