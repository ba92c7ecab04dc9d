// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// Who knows the TSK of an order can seal messages under it: the merchant, and the person at the
/// browser. They reach the payment server as a merchant, and as a client terminal with a card.
@Suite struct SessionKeyTests {
    private static let policies = ComparisonPolicy.allCases

    /// Debit responses as somebody would like them to be.
    private func lies(_ order: Purchased, _ world: World) async throws -> [[UInt8]] {
        let session = await world.drawKeys.session(order.page.sessionKey, order.transaction)
        let answers = [CompletionCode.done, .insufficientValue].map { completion in
            DebitAnswer(
                completion: completion,
                number: 2,
                balance: World.value - World.price,
                signature: Signature(bits: 0x1234_5678),
                issuerProof: Signature(bits: 0)
            )
        }
        var responses = answers.map { ResponseAPDU(data: $0.bytes, status: .done) }
        responses += [.signatureWrong, .memoryFailure, .conditionsNotSatisfied, .done].map {
            ResponseAPDU(status: $0)
        }
        var lies: [[UInt8]] = []
        for response in responses {
            let sealed = try await session.sealResponse(response.bytes)
            lies.append(PartyMessage.debitResponse(order.transaction, sealed: sealed).bytes)
        }
        return lies
    }

    @Test(arguments: policies)
    func `nobody but who drew a sale says what the card answered, before the debit and after it`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let lies =
            try await lies(order, world) + [
                PartyMessage.notDebited(order.transaction).bytes
            ]
        let entry = world.entryForClientTerminals
        let probe: @Sendable () async -> Void = {
            for peer in ["shop", World.otherPeer] {
                #expect(await world.firstTaken(lies, from: peer) == nil)
            }
            for lie in lies {
                let answer = await entry.answer(lie, from: "somebody")
                guard case .refusal = try? PartyMessage(answer) else {
                    Issue.record("taken")
                    continue
                }
            }
        }
        let attack = world.link.watchResponse { _ in await probe() }
        #expect(await world.pay(order.page).isPaid)
        #expect(attack.count == 1)
        await probe()
        try await world.buy(order)
        await probe()
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `another OPAL server is told of no sale that it did not draw`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        _ = try await world.firstReply(to: order)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        let question = PartyMessage.openSalesQuestion.bytes
        #expect(try await world.said(question, from: World.otherPeer) == .openSales([]))
        let mine = policy.isOneTrip ? [order.transaction] : []
        #expect(try await world.said(question) == .openSales(mine))
        try await world.buyAnew()
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// Somebody draws the person's order first, as a client terminal with a card that he makes up.
    /// That order is lost for a minute and then for good; nothing is taken.
    @Test(arguments: policies)
    func `a sale that is drawn with a made-up card takes nothing, and a new order is paid`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let seen = Seen<DrawRequest>()
        let lost = world.link.alterRequest { request in
            if case .drawRequest(let draw) = try PartyMessage(request) { seen.note(draw) }
            return []
        }
        #expect(await world.pay(order.page).isRefused)
        #expect(lost.count == 1)
        let draw = PartyMessage.drawRequest(try #require(seen.last)).bytes
        let answer = await world.entryForClientTerminals.answer(draw, from: "somebody")
        switch try PartyMessage(answer) {
        case .debitCommand: #expect(policy.suitsCardInReader)
        case let refusal:
            #expect(!policy.suitsCardInReader)
            #expect(refusal == .refusal(order.transaction, .policyNotSupported))
        }
        if policy.suitsCardInReader {
            #expect(await world.pay(order.page) == .refused(.orderInProgress))
            // And he says what he likes of his card: nothing he can make is sold.
            let entry = world.entryForClientTerminals
            var ended = 0
            for lie in try await lies(order, world) {
                let said = try PartyMessage(await entry.answer(lie, from: "somebody"))
                guard case .debitResult(_, let forCard, _) = said else { continue }
                let session = await world.drawKeys.session(
                    order.page.sessionKey,
                    order.transaction
                )
                #expect(try await session.openResult(forCard).outcome == .void)
                ended += 1
            }
            #expect(ended > 0, "no lie was heard")
            #expect(try await world.balance() == World.value)
            #expect(await world.pay(order.page) == .refused(.orderGivenUp))
            try await world.buyAnew()
        } else {
            try await world.buy(order)
        }
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// The person has his card in a reader, the TSKs of his orders, and an SV of a sale that he had
    /// given up without a debit: that puts nothing back of a sale that is sold.
    @Test(arguments: policies.filter(\.suitsCardInReader))
    func `the proof that one sale was given up puts nothing back of another`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let paid = try await world.offer()
        try await world.buy(paid)
        let sold = try #require(try await world.draw(of: paid))
        let (proof, command) = try await givenUp(world)
        let reader = await world.reader()
        for (number, securityCard, securityCardNumber, transaction) in [
            (
                sold.answer.number, sold.command.securityCard, sold.command.securityCardNumber,
                paid.transaction
            ),
            (
                sold.answer.number, command.securityCard, command.securityCardNumber,
                command.transaction
            ),
            (
                sold.answer.number + 1, command.securityCard, command.securityCardNumber,
                command.transaction
            ),
        ] {
            let recovery = RecoverValue(
                number: number,
                securityCard: securityCard,
                securityCardNumber: securityCardNumber,
                transaction: transaction,
                minorUnits: World.price,
                voidProof: proof
            )
            await #expect(throws: ClientFailure.self) {
                _ = try await ClientCode(reader).recover(recovery)
            }
        }
        #expect(try await world.balance() == World.value - World.price)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// SV of a sale that was drawn and never debited, with its DEBIT IEP.
    private func givenUp(_ world: World) async throws -> (Signature, DebitIEP) {
        let order = try await world.offer()
        let session = await world.drawKeys.session(order.page.sessionKey, order.transaction)
        let client = ClientCode(await world.reader())
        let draw = try await client.draw(.purchase, order.page.terms, at: world.now)
        let request = DrawRequest(
            terms: order.page.terms,
            proof: order.page.proof,
            sealedDraw: try await session.sealDraw(draw.bytes)
        )
        let entry = world.entryForClientTerminals
        let drawn = await entry.answer(PartyMessage.drawRequest(request).bytes, from: "me")
        guard case .debitCommand(_, let sealed) = try PartyMessage(drawn) else {
            throw Refusal.malformed
        }
        let command = try DebitIEP(try await session.openCommand(sealed))
        let response = ResponseAPDU(status: .signatureWrong)
        let told = PartyMessage.debitResponse(
            order.transaction,
            sealed: try await session.sealResponse(response.bytes)
        )
        guard
            case .debitResult(_, let forCard, _) =
                try PartyMessage(await entry.answer(told.bytes, from: "me"))
        else { throw Refusal.malformed }
        return (try await session.openResult(forCard).voidProof, command)
    }

    /// Where one trip is all, the OPAL server's word is trusted: see docs/THREATS.md.
    @Test(arguments: policies.filter(\.isOneTrip))
    func `an OPAL server that denies a debit after the delivery is believed, and it comes to light`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        try await world.buy(order)
        let said = try await world.said(PartyMessage.notDebited(order.transaction).bytes)
        guard case .debitResult = said else {
            Issue.record("not believed")
            return
        }
        let found = await Invariants.check(world)
        #expect(found.contains(.orderWithoutSale(order.transaction)))
        // The merchant has what the payment server promised, the payment server the word.
        #expect(try await world.saleAudit.state(of: order.transaction) == .void)
        #expect(try await world.orderAudit().hasOrder(order.transaction))
    }
}
