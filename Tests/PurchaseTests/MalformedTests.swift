// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// Truncated and oversized messages and APDUs. Frames are the matter of the link.
@Suite struct MalformedTests {
    @Test func `a truncated or lengthened message is malformed and changes nothing`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        let before = try await world.paymentStore.inner.count(SaleRecord.kind)
        for exchange in world.link.exchanges {
            let request = exchange.request
            var attempts = (0..<request.count).map { Array(request.prefix($0)) }
            attempts.append(request + [0])
            attempts.append(request + request)
            for bytes in attempts {
                let answer = try PartyMessage(await world.payments.answer(bytes, from: "x"))
                #expect(answer == .refusal(.unknown, .malformed))
            }
        }
        #expect(try await world.paymentStore.inner.count(SaleRecord.kind) == before)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a message above the limit is not sent`() async throws {
        let world = try await World()
        let bytes = [UInt8](repeating: 1, count: LinkLimits.messageBytesMax + 1)
        await #expect(throws: LinkFailure.tooLarge) { try await world.link.request(bytes) }
    }

    @Test func `an answer that is truncated or none takes nothing, or is settled`() async throws {
        for number in 1...2 {
            for count in [0, 1, 2, 18, 40] {
                let world = try await World()
                let (_, page) = try await world.offer()
                world.link.plan.script(.alterResponse { Array($0.prefix(count)) }, at: number)
                let outcome = await world.pay(page)
                #expect(number == 1 ? outcome == .refused(.malformed) : outcome.isPending)
                try await world.expectSound(
                    balance: number == 1 ? 10_000 : 9850,
                    sold: number == 1 ? 0 : 1
                )
            }
        }
    }

    @Test func `messages that are not for a payment server are refused`() async throws {
        let world = try await World()
        let transaction = TransactionIdentifier(high: 1, low: 2)
        let messages: [PartyMessage] = [
            .debitCommand(transaction, sealed: []),
            .debitResult(transaction, forCard: [], forMerchant: []),
            .saleAnswer(transaction, .sold, forMerchant: []), .refusal(transaction, .busy),
        ]
        for message in messages {
            let answer = try PartyMessage(
                await world.payments.answer(message.bytes, from: "opal-server")
            )
            #expect(answer == .refusal(transaction, .unknownMessage))
        }
        let response = PartyMessage.debitResponse(transaction, sealed: [1, 2])
        let answer = try PartyMessage(
            await world.payments.answer(response.bytes, from: "opal-server")
        )
        #expect(answer == .refusal(transaction, .orderUnknown))
    }

    @Test func `a merchant's link cannot draw or answer a debit`() async throws {
        let world = try await World()
        let transaction = TransactionIdentifier(high: 1, low: 2)
        let response = PartyMessage.debitResponse(transaction, sealed: [1, 2])
        let answer = try PartyMessage(
            await world.payments.answer(response.bytes, from: "shop")
        )
        #expect(answer == .refusal(transaction, .unknownMessage))
    }

    @Test func `a truncated or oversized APDU changes nothing on the card`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        let ledger = await Ledger(world)
        let draw = try #require(ledger.draws[page.terms.transaction])
        let emulator = Emulator(
            module: world.cardModule,
            store: world.opalStore,
            random: world.random
        )
        let clock = world.clock
        let reader = PseudoReader(world.cards[0], emulator: emulator, now: { clock.now })
        let debit = PurseCommand.debit(draw.command).apdu.bytes
        var commands = (0..<debit.count - 1).map { Array(debit.prefix($0)) }
        commands.append(debit + [0, 0, 0])
        commands.append(
            CommandAPDU(
                cla: 0x80,
                ins: 0x54,
                p1: 1,
                p2: 0,
                data: Array(repeating: 0, count: 60_000)
            ).bytes
        )
        for command in commands {
            _ = try await ClientCode(reader).draw(.purchase, page.terms, at: world.now)
            let response = try ResponseAPDU(try await reader.transmit(command))
            #expect(response.status != .done && response.data.isEmpty)
        }
        #expect(try await world.desk.describe(world.cards[0])?.historyCount == 2)
        try await world.expectSound(balance: 9850, sold: 1)
    }
}
