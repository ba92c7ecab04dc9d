// SPDX-License-Identifier: Apache-2.0

import ClientCode
import Kernel
import Merchant
import OPALServer
import SecurityModule
import SessionKeys
import Simulation
import Testing
import Wire

/// Somebody changes amount, currency, merchant or transaction, in the page and in each message,
/// with the keys of whoever could have made it.
@Suite struct ChangedOnTheWayTests {
    private func world() async throws -> World {
        var plan = WorldPlan()
        plan.merchants = 2
        return try await World(plan)
    }

    @Test(arguments: Change.allCases)
    func `a changed page is refused and nothing is taken`(_ change: Change) async throws {
        let world = try await world()
        let (ticket, page) = try await world.offer()
        let forged = page.with(terms: try change.applied(to: page.terms))
        let outcome = await world.pay(forged)
        let expected: Refusal =
            switch change {
            case .currency: .currencyNotHeld
            // The other merchant has a key with the same name and another value.
            case .amount, .merchant, .transaction: .orderForged
            }
        #expect(outcome == .refused(expected))
        #expect(await world.pay(page).isPaid, "the right page can still be paid")
        _ = try await world.merchant().ask(ticket.transaction, now: world.now)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: Change.allCases)
    func `a draw request changed in the clear is refused and nothing is taken`(
        _ change: Change
    ) async throws {
        let world = try await world()
        let (_, page) = try await world.offer()
        let terms = try change.applied(to: page.terms)
        world.link.plan.script(
            .alterRequest { bytes in
                guard case .drawRequest(let draw) = try? PartyMessage(bytes) else { return [] }
                let forged = DrawRequest(
                    terms: terms,
                    proof: draw.proof,
                    sealedDraw: draw.sealedDraw
                )
                return PartyMessage.drawRequest(forged).bytes
            }
        )
        #expect(await world.pay(page) == .refused(.orderForged))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: Change.allCases)
    func `a sealed draw that says something else than its order is refused`(
        _ change: Change
    ) async throws {
        let world = try await world()
        let (_, page) = try await world.offer()
        let saleKeys = world.saleKeys
        let thief = DrawSealer().session(page.sessionKey, page.terms.transaction)
        world.link.plan.script(
            .alterRequest { bytes in
                guard case .drawRequest(let request) = try? PartyMessage(bytes),
                    let sale = try? await saleKeys.session(for: request.terms, request.proof),
                    let draw = try? CardDraw(try await sale.openDraw(request.sealedDraw)),
                    let (amount, merchant, transaction) = try? change.applied(
                        draw.amount,
                        draw.merchant,
                        draw.transaction
                    ),
                    let sealed = try? await thief.sealDraw(
                        CardDraw(
                            answerToReset: draw.answerToReset,
                            initializeAnswer: draw.initializeAnswer,
                            type: draw.type,
                            amount: amount,
                            transaction: transaction,
                            merchant: merchant
                        ).bytes
                    )
                else { return [] }
                let forged = DrawRequest(
                    terms: request.terms,
                    proof: request.proof,
                    sealedDraw: sealed
                )
                return PartyMessage.drawRequest(forged).bytes
            }
        )
        #expect(await world.pay(page) == .refused(.orderForged))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: Change.allCases)
    func `a changed debit command debits nothing but the original order`(
        _ change: Change
    ) async throws {
        let world = try await world()
        let (ticket, page) = try await world.offer()
        let sale = try await world.saleKeys.session(for: page.terms, page.proof)
        let thief = DrawSealer().session(page.sessionKey, page.terms.transaction)
        world.link.plan.script(
            .alterResponse { bytes in
                guard case .debitCommand(let transaction, let sealed) = try? PartyMessage(bytes),
                    let command = try? DebitIEP(try await thief.openCommand(sealed)),
                    let (amount, merchant, other) = try? change.applied(
                        command.amount,
                        command.merchant,
                        command.transaction
                    ),
                    let forged = try? await sale.sealCommand(
                        DebitIEP(
                            securityCard: command.securityCard,
                            securityCardNumber: command.securityCardNumber,
                            transaction: other,
                            merchant: merchant,
                            time: command.time,
                            amount: amount,
                            signature: command.signature
                        ).bytes
                    )
                else { return [] }
                return PartyMessage.debitCommand(transaction, sealed: forged).bytes
            }
        )
        // The merchant's original terms are put back before the card sees the command.
        let receipt = try #require(await world.pay(page).receipt)
        #expect(receipt.terms == page.terms)
        _ = try await world.fetch(receipt.resultForMerchant, ticket)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a changed S2, security card, number or time is refused by the card`() async throws {
        for field in 0..<4 {
            let world = try await world()
            let (_, page) = try await world.offer()
            let sale = try await world.saleKeys.session(for: page.terms, page.proof)
            let thief = DrawSealer().session(page.sessionKey, page.terms.transaction)
            world.link.plan.script(
                .alterResponse { bytes in
                    guard case .debitCommand(let trx, let sealed) = try? PartyMessage(bytes),
                        let command = try? DebitIEP(try await thief.openCommand(sealed))
                    else { return [] }
                    let later = CardTime(command.time.instant.adding(.seconds(1)))
                    let forged = DebitIEP(
                        securityCard: SecurityCardIdentifier(
                            bits: command.securityCard.bits ^ (field == 0 ? 1 : 0)
                        ),
                        securityCardNumber: command.securityCardNumber ^ (field == 1 ? 1 : 0),
                        transaction: command.transaction,
                        merchant: command.merchant,
                        time: field == 2 ? later : command.time,
                        amount: command.amount,
                        signature: Signature(
                            bits: command.signature.bits ^ (field == 3 ? 1 : 0)
                        )
                    )
                    guard let sealed = try? await sale.sealCommand(forged.bytes) else { return [] }
                    return PartyMessage.debitCommand(trx, sealed: sealed).bytes
                }
            )
            #expect(await world.pay(page) == .refused(.securityCardSignatureWrong))
            try await world.expectSound(balance: 10_000, sold: 0)
        }
    }

    @Test func `a wrong S3, number, balance or completion code does not count`() async throws {
        for field in 0..<4 {
            let world = try await world()
            let (ticket, page) = try await world.offer()
            let sale = try await world.saleKeys.session(for: page.terms, page.proof)
            let thief = DrawSealer().session(page.sessionKey, page.terms.transaction)
            world.link.plan.script(
                .alterRequest { bytes in
                    guard case .debitResponse(let trx, let sealed) = try? PartyMessage(bytes),
                        let response = try? ResponseAPDU(try await sale.openResponse(sealed)),
                        let answer = try? DebitAnswer(response.data)
                    else { return [] }
                    let forged = DebitAnswer(
                        completion: field == 3 ? .insufficientValue : answer.completion,
                        number: answer.number ^ (field == 1 ? 1 : 0),
                        balance: answer.balance ^ (field == 2 ? 1 : 0),
                        signature: Signature(bits: answer.signature.bits ^ (field == 0 ? 1 : 0)),
                        issuerProof: answer.issuerProof
                    )
                    let apdu = ResponseAPDU(data: forged.bytes, status: .done)
                    guard let sealed = try? await thief.sealResponse(apdu.bytes) else { return [] }
                    return PartyMessage.debitResponse(trx, sealed: sealed).bytes
                },
                at: 2
            )
            #expect(await world.pay(page).isPending)
            let view = try await world.merchant().ask(ticket.transaction, now: world.now)
            #expect(view.state == .open, "nothing is counted")
            // The right bytes come again: the sale is counted after all.
            #expect(await world.outcome(of: page).isPaid)
            try await world.expectSound(balance: 9850, sold: 1)
        }
    }

    @Test func `a debit response for another transaction does not count there`() async throws {
        let world = try await world()
        let (_, other) = try await world.offer(1)
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(other, with: 1).isPending)
        let (_, page) = try await world.offer()
        world.link.plan.script(
            .alterRequest { bytes in
                guard case .debitResponse(_, let sealed) = try? PartyMessage(bytes) else {
                    return []
                }
                return PartyMessage.debitResponse(other.terms.transaction, sealed: sealed).bytes
            },
            at: 2
        )
        #expect(await world.pay(page).isPending)
        #expect(await world.outcome(of: page).isPaid)
        #expect(await world.outcome(of: other, card: 1).isPaid)
        try await world.expectSound(balance: 9850, sold: 2)
    }

    @Test func `a changed debit result C leaves the purchase pending, then paid`() async throws {
        let world = try await world()
        let (_, page) = try await world.offer()
        world.link.plan.script(
            .alterResponse { bytes in
                guard
                    case .debitResult(let trx, var forCard, let forMerchant) =
                        try? PartyMessage(bytes)
                else { return [] }
                forCard[forCard.count - 1] ^= 1
                return PartyMessage.debitResult(
                    trx,
                    forCard: forCard,
                    forMerchant: forMerchant
                ).bytes
            },
            at: 2
        )
        #expect(await world.pay(page).isPending)
        #expect(await world.outcome(of: page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: Change.allCases)
    func `a result with another amount, currency, merchant or transaction delivers nothing`(
        _ change: Change
    ) async throws {
        let world = try await world()
        let (ticket, page) = try await world.offer()
        let receipt = try #require(await world.pay(page).receipt)
        // Even who has the payment server's keys cannot seal for another merchant or transaction.
        let terms = try change.applied(to: page.terms)
        let session = try await world.saleKeys.session(for: page.terms, page.proof)
        let result = MerchantDebitResult(
            transaction: terms.transaction,
            merchant: terms.merchant,
            amount: terms.amount,
            outcome: .sold,
            reason: nil,
            cardPseudonym: try await session.pseudonym(of: receipt.card),
            securityCard: SecurityCardIdentifier(acquirer: 7, serial: 1),
            securityCardNumber: 1,
            time: CardTime(world.now)
        )
        switch change {
        case .merchant, .transaction:
            await #expect(throws: ModuleFailure.sealBroken) {
                try await session.sealResult(result)
            }
        case .amount, .currency:
            let forged = try await session.sealResult(result)
            await #expect(throws: OrderFailure.resultMismatch) {
                try await world.fetch(forged, ticket)
            }
        }
        await #expect(throws: OrderFailure.notPaid(.open)) { try await world.deliver(ticket) }
        _ = try await world.fetch(receipt.resultForMerchant, ticket)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `any changed bit on the way to and fro loses nothing`() async throws {
        for position in UInt64(0)..<24 {
            for number in 1...2 {
                let world = try await world()
                let (_, page) = try await world.offer()
                let bit = position &* 7919 + 3
                let fault: FaultyLink.Fault =
                    position.isMultiple(of: 2) ? .alterRequestBit(bit) : .alterResponseBit(bit)
                world.link.plan.script(fault, at: number)
                if case .paid(let receipt) = await world.pay(page) {
                    #expect(receipt.terms == page.terms)
                }
                try await world.expectSound()
            }
        }
    }
}
