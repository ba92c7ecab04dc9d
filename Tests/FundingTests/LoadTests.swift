// SPDX-License-Identifier: Apache-2.0

import HSM
import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// Loads that go well, with one HSM and with two.
@Suite struct LoadTests {
    @Test(arguments: [false, true])
    func `A load is on the card, in its history, and charged`(_ hasSecondModule: Bool) async throws
    {
        let world = try await FundingWorld(hasSecondModule: hasSecondModule)
        let anna = try await world.person()
        let request = world.request(2_500, by: anna)
        let receipt = try #require(await world.server.loads.begin(request).receipt)
        #expect(receipt.balance == 3_500)
        #expect(receipt.account?.lastFour == "1111")
        #expect(receipt.account?.expiry.text == "12/27")
        #expect(try await world.balance(anna) == 3_500)
        let row = try #require(try await world.history(anna.card).last)
        #expect(row.movement?.amount == FundingWorld.euros(2_500))
        #expect(row.movement?.transaction == request.transaction)
        #expect(row.note == "From account •••• 1111")
        #expect(world.gateway.state(request.transaction) == .completed)
        #expect(world.gateway.charged == 2_500)
        try await world.expectSound()
    }

    @Test func `The gateway is asked for account, address and the value typed this one time`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(2_500, by: anna)
        _ = await world.server.loads.begin(request)
        let asked = try #require(world.gateway.entries[request.transaction]?.authorization)
        #expect(asked.account.number == "4111111111111111")
        #expect(asked.address.postalCode == "12345")
        #expect(asked.verificationValue?.digits == "739")
        #expect(asked.acceptor == FundingWorld.acceptor)
        #expect(asked.initiation == .person)
    }

    @Test func `A second click tells the same and loads nothing`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(2_500, by: anna)
        let first = await world.server.loads.begin(request)
        #expect(await world.server.loads.begin(request) == first)
        #expect(await world.restart().loads.begin(request) == first)
        #expect(try await world.balance(anna) == 3_500)
        #expect(world.gateway.charged == 2_500)
    }

    @Test func `Two clicks at the same moment load once`() async throws {
        for seed in UInt64(1)...10 {
            let world = try await FundingWorld(seed: seed)
            let anna = try await world.person()
            let (request, loads) = (world.request(2_500, by: anna), world.server.loads)
            async let one = loads.begin(request)
            async let two = loads.begin(request)
            let outcomes = await [one, two]
            #expect(outcomes.contains { $0.receipt != nil })
            #expect(outcomes.allSatisfy { $0.refusal == nil })
            try await world.expectSound()
            #expect(try await world.balance(anna) == 3_500)
        }
    }

    @Test func `A receipt comes by mail, without the number of account or card`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.forgetMails()
        _ = await world.server.loads.begin(world.request(2_500, by: anna))
        let mails = try await world.mails(to: anna.email)
        let mail = try #require(mails.first)
        #expect(mails.count == 1)
        #expect(mail.body.contains("25.00"))
        #expect(mail.body.contains("ends in 1111, valid until 12/27"))
        #expect(mail.body.contains(anna.card.masked))
        #expect(mail.body.contains("35.00"))
        #expect(!mail.body.contains("4111") && !mail.body.contains(anna.card.digits))
    }

    @Test func `The page offers what the card still holds, and the account by its last digits`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 46_000)
        let offer = try await world.server.loads.offer(for: anna.card, by: anna.key)
        #expect(offer.maximum == 4_000)
        #expect(offer.minimum == FundingWorld.minimum)
        #expect(offer.menu == [1_000, 2_500])
        #expect(offer.account.lastFour == "1111")
        #expect(offer.canLoad)
    }

    @Test func `What is stored holds no account number but in the sealed user`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        _ = await world.server.loads.begin(world.request(2_500, by: anna))
        let secret = Array("4111111111111111".utf8)
        for kind in OPALServerRecords.schema.kinds {
            let records = try await world.store.list(
                kind,
                after: nil,
                limit: 1_000,
                order: .ascending
            )
            for record in records { #expect(!record.body.contains(secret)) }
        }
        for row in try await world.store.history(anna.card.bytes, after: 0, limit: 100) {
            #expect(!row.body.contains(secret))
        }
    }

    @Test func `A module without the issuer's keys credits nothing and charges nothing`()
        async throws
    {
        let world = try await FundingWorld(hasSecondModule: true)
        let anna = try await world.person()
        // Other keys than those of the cards.
        _ = try world.loadModule.makeKeys(
            .init(issuer: world.issuer.identifier, version: 1)
        )
        let outcome = await world.server.loads.begin(world.request(2_500, by: anna))
        #expect(outcome.refusal == .cardSignatureWrong)
        #expect(try await world.balance(anna) == 1_000)
        #expect(world.gateway.charged == 0)
        try await world.expectSound()
    }
}
