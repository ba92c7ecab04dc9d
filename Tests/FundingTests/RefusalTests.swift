// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// What is refused, in the order in which the reasons are looked for. Nothing is charged, whatever
/// the reason.
@Suite struct RefusalTests {
    @Test func `A transaction of another load is refused`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let bert = try await world.person("bert")
        let emma = try await world.child(of: anna)
        let first = world.request(2_500, by: anna)
        for isBegun in [false, true] {
            if isBegun { _ = await world.server.loads.begin(first) }
            for other in [
                world.request(2_600, by: anna), world.request(2_500, by: bert),
                world.request(2_500, by: anna, onto: emma.card),
                world.request(2_500, by: anna, .gift),
            ] {
                let forged = Self.forged(first.transaction, first.proof, other)
                #expect(await world.server.loads.begin(forged).refusal == .transactionForged)
            }
        }
        #expect(world.gateway.charged == 2_500)
        try await world.expectSound()
    }

    @Test func `A transaction that this server has not made is refused, and nothing is kept of it`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let asked = world.gateway.asked
        let proposal = world.request(by: anna)
        for transaction in [
            TransactionIdentifier(high: 0, low: 0), TransactionIdentifier(high: .max, low: .max),
            TransactionIdentifier(at: world.now, random: world.random.pair()),
        ] {
            for proof in [proposal.proof, [], [UInt8](repeating: 0, count: 32)] {
                let forged = Self.forged(transaction, proof, proposal)
                #expect(await world.server.loads.begin(forged).refusal == .transactionForged)
            }
        }
        #expect(world.gateway.asked == asked)
        #expect(try await world.store.count(AccountLoadRecord.kind) == 0)
        // It counts as no load that came to nothing either.
        #expect(await world.server.loads.begin(proposal).receipt != nil)
        try await world.expectSound()
    }

    /// What somebody sends who has chosen the transaction.
    private static func forged(
        _ transaction: TransactionIdentifier,
        _ proof: [UInt8],
        _ request: AccountLoadRequest
    ) -> AccountLoadRequest {
        AccountLoadRequest(
            transaction: transaction,
            proof: proof,
            payer: request.payer,
            card: request.card,
            amount: request.amount,
            purpose: request.purpose
        )
    }

    @Test func `A child has no account to load from`() async throws {
        let world = try await FundingWorld()
        let emma = try await world.child(of: try await world.person())
        try await expect(.noFundingAccount, world, world.request(2_500, by: emma))
    }

    @Test func `An account that has expired is refused`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        // The account ends with December 2027, the card with June 2028.
        world.clock.advance(by: .seconds(600 * 86_400))
        try await expect(.accountExpired, world, world.request(2_500, by: anna))
        await #expect(throws: AccountLoadRefusal.accountExpired) {
            try await world.server.loads.offer(for: anna.card, by: anna.key)
        }
    }

    @Test func `Nobody loads a stranger's card`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let bert = try await world.person("bert")
        let emma = try await world.child(of: anna)
        for purpose in AccountLoadPurpose.allCases {
            for card in [anna.card, emma.card] {
                let request = world.request(2_500, by: bert, onto: card, purpose)
                try await expect(.notAllowed, world, request)
            }
        }
    }

    @Test func `A gift is for a child, and what is for oneself is not`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let emma = try await world.child(of: anna)
        for purpose in AccountLoadPurpose.allCases {
            let card = purpose.isForChild ? anna.card : emma.card
            try await expect(
                .notAllowed,
                world,
                world.request(2_500, by: anna, onto: card, purpose)
            )
        }
    }

    @Test func `A card whose record was changed is refused`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let key = RecordKey(RecordKind("card", keyBytes: 8...8), anna.card.bytes)
        let record = try #require(try await world.store.read(key))
        let change = RecordWrite.put(
            key,
            expectedRevision: record.revision,
            body: record.body.map { $0 ^ 1 }
        )
        #expect(try await world.store.commit(Transition(writes: [change])) == .committed)
        let outcome = await world.server.loads.begin(world.request(2_500, by: anna))
        #expect(outcome.refusal == .cardDamaged)
        #expect(world.gateway.asked == 1, "the sign-up alone")
    }

    @Test func `A blocked card is refused`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        #expect(try await world.server.desk.setBlocked(true, anna.card))
        try await expect(.cardBlocked, world, world.request(2_500, by: anna))
    }

    @Test func `A card that has expired is refused`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.replaceAccount(of: anna, expiry: (2040, 1))
        world.clock.advance(by: .seconds(800 * 86_400))
        try await expect(.cardExpired, world, world.request(2_500, by: anna))
    }

    @Test func `Another currency is refused, and another exponent`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        for amount in [
            Money(minorUnits: 2_500, currency: .dollar, exponent: .cents),
            Money(minorUnits: 2_500, currency: .euro, exponent: .micros),
        ] {
            let request = world.server.loads.proposal(
                by: anna.key,
                onto: anna.card,
                of: amount,
                purpose: .own
            )
            try await expect(.currencyNotHeld, world, request)
        }
    }

    @Test(arguments: [(499, false), (500, true), (0, false)] as [(UInt64, Bool)])
    func `Less than the minimum is refused`(_ amount: UInt64, _ isTaken: Bool) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(amount, by: anna)
        if isTaken {
            #expect(await world.server.loads.begin(request).receipt != nil)
        } else {
            try await expect(.belowMinimum, world, request)
        }
    }

    @Test(arguments: [(49_000, true), (49_001, false), (.max, false)] as [(UInt64, Bool)])
    func `More than the card still holds is refused`(
        _ amount: UInt64,
        _ isTaken: Bool
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(amount, by: anna)
        if isTaken {
            #expect(await world.server.loads.begin(request).receipt?.balance == 50_000)
            try await world.expectSound()
        } else {
            try await expect(.aboveMaximum, world, request)
        }
    }

    @Test(arguments: FundingDecline.allCases)
    func `What the network declines is told with its reason`(
        _ decline: FundingDecline
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(.declines(decline))
        let request = world.request(2_500, by: anna)
        try await expect(AccountLoadRefusal(decline), world, request, isAsked: true)
        #expect(
            try await world.server.loads.load(request.transaction, by: anna.key)?.state == .declined
        )
    }

    @Test func `Another billing address is refused`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(.findsAnotherAddress)
        try await expect(.addressMismatch, world, world.request(2_500, by: anna), isAsked: true)
    }

    @Test func `Another verification value is refused`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(.findsAnotherVerificationValue)
        try await expect(
            .verificationValueMismatch,
            world,
            world.request(2_500, by: anna),
            isAsked: true
        )
    }

    @Test func `Who tries one verification value after the other is slowed down`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(always: .findsAnotherVerificationValue)
        for _ in 0..<4 { _ = await world.server.loads.begin(world.request(by: anna)) }
        #expect(world.gateway.asked == 5)
        _ = await world.server.loads.begin(world.request(by: anna))
        let next = await world.server.loads.begin(world.request(by: anna))
        #expect(next == .throttled(until: world.now.adding(.seconds(1))))
        #expect(world.gateway.asked == 6)
    }

    @Test func `A busy gateway is told, and the load is taken back there`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(.isBusy)
        let request = world.request(2_500, by: anna)
        try await expect(.busy, world, request, isAsked: true)
        #expect(world.gateway.state(request.transaction) == .cancelled)
    }

    @Test func `A gateway that cannot be reached is told at once`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.refuse(.notSent), forNext: 2)
        let request = world.request(2_500, by: anna)
        #expect(await world.server.loads.begin(request).refusal == .gatewaySilent)
        #expect(world.gateway.state(request.transaction) == nil)
        try await world.expectSound()
        #expect(world.gateway.state(request.transaction) == .cancelled)
        #expect(try await world.balance(anna) == 1_000)
    }

    @Test func `A load that is not durable is not asked for`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        // The count of loads is first.
        world.store.commits.script(.refuse(.diskFull), at: 2)
        let request = world.request(2_500, by: anna)
        #expect(await world.server.loads.begin(request).refusal == .storeUnavailable)
        #expect(world.gateway.state(request.transaction) == nil)
        try await world.expectSound()
    }

    private func expect(
        _ refusal: AccountLoadRefusal,
        _ world: FundingWorld,
        _ request: AccountLoadRequest,
        isAsked: Bool = false,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        let (asked, balance) = (world.gateway.asked, try await world.balance(request.card))
        let outcome = await world.server.loads.begin(request)
        #expect(outcome == .refused(refusal), sourceLocation: place)
        if !isAsked { #expect(world.gateway.asked == asked, sourceLocation: place) }
        #expect(try await world.balance(request.card) == balance, sourceLocation: place)
        #expect(world.gateway.charged == 0, sourceLocation: place)
        // Asked again, the answer is the same.
        if isAsked {
            #expect(await world.server.loads.begin(request) == outcome, sourceLocation: place)
        }
        try await world.expectSound(place)
    }
}
