// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import Records
import SecurityModule
import Testing
import Wire

/// What a card does between Initialize and Debit, and what ends it.
@Suite struct DialogueTests {
    private let euro = CardWorld.amount(100)

    @Test func `a wrong S2 changes nothing but its count and ends the dialogue`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let command = try world.command(for: await reader.initialize(euro), euro)
        #expect(try await reader.send(.debit(command.forged)).status == .signatureWrong)
        let after = try await world.describe()
        #expect(after.wrongSignatures == 1)
        #expect(after.lastNumber == 0)
        #expect(after.historyCount == 0)
        #expect(try await world.balance() == 1_000)
        // The right one comes too late.
        #expect(try await reader.send(.debit(command)).status == .conditionsNotSatisfied)
        #expect(try await world.balance() == 1_000)
    }

    @Test func `a shared card is read anew outside a dialogue, and debits only as it was`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let shared = world.reader(isShared: true)
        #expect(try await shared.reset() == AnswerToReset.opal)
        let command = try world.command(for: await shared.initialize(euro), euro)
        _ = try await world.pay(10, in: world.reader())
        #expect(try await shared.send(.debit(command)).status == .conditionsNotSatisfied)
        #expect(try await world.balance() == 990)
        #expect(try await shared.initialize(euro).balance == CardWorld.amount(990))
        _ = try await shared.send(.select(application: PurseCommand.application))
        try await world.set(.blocked(true))
        let request = InitializePurchase(type: .purchase, amount: euro)
        #expect(
            try await shared.send(.initializePurchase(request)).status == .conditionsNotSatisfied
        )
    }

    /// S2 covers all that is debited: a byte of any element makes it wrong.
    @Test func `a command with any byte changed is not debited`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        for position in 0..<DebitIEP.length {
            let reader = world.reader()
            var bytes = try world.command(for: await reader.initialize(euro), euro).bytes
            bytes[position] ^= 1
            let response = try ResponseAPDU(
                await reader.transmit(
                    CommandAPDU(cla: 0x80, ins: 0x54, p1: 1, p2: 0, data: bytes).bytes
                )
            )
            #expect(response.status == .signatureWrong || response.status == .wrongParameters)
            try await world.set(.blocked(false))
        }
        #expect(try await world.balance() == 1_000)
        #expect(try await world.describe().lastNumber == 0)
    }

    @Test func `the fifth wrong S2 in a row blocks the card`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        for count in UInt8(1)...5 {
            let command = try world.command(for: await reader.initialize(euro), euro)
            #expect(try await reader.send(.debit(command.forged)).status == .signatureWrong)
            #expect(try await world.describe().wrongSignatures == count)
            #expect(try await world.describe().isBlocked == (count == 5))
        }
        let request = InitializePurchase(type: .purchase, amount: euro)
        #expect(
            try await reader.send(.initializePurchase(request)).status == .conditionsNotSatisfied
        )
        #expect(try await world.balance() == 1_000)
    }

    @Test func `a right S2 forgives the wrong ones before it`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        for _ in 0..<2 {
            for _ in 0..<4 {
                let command = try world.command(for: await reader.initialize(euro), euro)
                #expect(try await reader.send(.debit(command.forged)).status == .signatureWrong)
            }
            try await world.pay(100, in: reader)
            #expect(try await world.describe().wrongSignatures == 0)
        }
        #expect(try await world.balance() == 800)
    }

    @Test func `a dialogue is used once`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let (_, command, _) = try await world.pay(100, in: reader)
        for _ in 0..<3 {
            #expect(try await reader.send(.debit(command)).status == .conditionsNotSatisfied)
        }
        #expect(try await world.balance() == 900)
        #expect(try await world.describe().lastNumber == 1)
    }

    @Test func `nothing is debited without an Initialize, nor by another reader's`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let command = try world.command(for: await reader.initialize(euro), euro)
        #expect(try await world.reader().send(.debit(command)).status == .conditionsNotSatisfied)
        #expect(try await reader.send(.debit(command)).status == .done)
        #expect(try await world.balance() == 900)
    }

    @Test func `a second Initialize ends the first`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let first = try world.command(for: await reader.initialize(euro), euro)
        let second = try await reader.initialize(euro)
        #expect(try await reader.send(.debit(first)).status == .signatureWrong)
        let late = try world.command(for: second, euro)
        #expect(try await reader.send(.debit(late)).status == .conditionsNotSatisfied)
        #expect(try await world.balance() == 1_000)
    }

    @Test func `a refused Initialize, a reset and an Initialize for a load end a dialogue`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let load = InitializeLoad(
            bank: BankIdentifier(bits: 1),
            transaction: TransactionIdentifier(high: 1, low: 1),
            time: CardTime(CardWorld.noon),
            amount: euro
        )
        let above = InitializePurchase(type: .purchase, amount: CardWorld.amount(1_001))
        for ending in 0..<3 {
            let reader = world.reader()
            let command = try world.command(for: await reader.initialize(euro), euro)
            switch ending {
            case 0: #expect(try await reader.send(.initializePurchase(above)).status.bits == 0x9401)
            case 1: _ = try await reader.reset()
            default: #expect(try await reader.send(.initializeLoad(load)).status == .done)
            }
            #expect(try await reader.send(.debit(command)).status == .conditionsNotSatisfied)
        }
        #expect(try await world.balance() == 1_000)
    }

    @Test func `asking for the balance leaves a dialogue open`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let command = try world.command(for: await reader.initialize(euro), euro)
        #expect(try await reader.send(.getBalance(purse: 0)).status == .done)
        #expect(try await reader.send(.getBalance(purse: 1)).status == .noSuchPurse)
        #expect(try await reader.send(.getData(tag: 0x7F21)).status == .notFound)
        #expect(try await reader.send(.debit(command)).status == .done)
    }

    @Test func `the amount of the debit is that of its Initialize`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let initialized = try await reader.initialize(euro)
        let command = try world.command(for: initialized, CardWorld.amount(200))
        #expect(try await reader.send(.debit(command)).status == .conditionsNotSatisfied)
        #expect(try await world.balance() == 1_000)
        #expect(try await world.describe().wrongSignatures == 0)
    }

    @Test func `each Initialize has a random number of its own and writes nothing`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let before = try await world.sealed()
        var seen: Set<UInt64> = []
        for _ in 0..<100 { seen.insert(try await reader.initialize(euro).random) }
        #expect(seen.count == 100)
        #expect(try await world.sealed() == before)
    }

    @Test func `an expired card answers, signed, that it is`() async throws {
        let world = try await CardWorld(CardWorld.euros(expiry: 0x26_1117))
        let reader = world.reader()
        let initialized = try await reader.initialize(euro)
        // The last second of the last day is before noon of the world, the next one is not.
        for (bcd, code) in [
            (UInt64(0x2026_1117_2359_59), CompletionCode.done), (0x2026_1118_0000_00, .cardExpired),
        ] {
            let time = try #require(CardTime(bcd: bcd))
            let fresh = try await reader.initialize(euro)
            let command = try world.command(for: fresh, euro, at: time)
            let response = try await reader.send(.debit(command))
            #expect(response.status == .done)
            let answer = try DebitAnswer(response.data)
            #expect(answer.completion == code)
            #expect(answer.number == fresh.number)
            #expect(answer.balance == 900)
            #expect((answer.issuerProof == .none) == (code != .done))
            let scope = world.scope(fresh, command)
            #expect(
                answer.signature
                    == world.session(fresh, command).cardSignature(
                        scope,
                        completion: code,
                        balance: 900
                    )
            )
        }
        #expect(initialized.number == 1)
        #expect(try await world.describe().lastNumber == 1)
        #expect(try await world.rows().count == 1)
    }

    @Test func `a blocked card begins nothing and keeps its value`() async throws {
        let world = try await CardWorld(CardWorld.euros(isBlocked: true))
        let reader = world.reader()
        #expect(try await reader.send("80500100 0C 02 0978 02 0000000000000001 00") == "6985")
        let load =
            "80500000 2B 01 0000000000000003 00000000000000060000000000000001 20261118120000 "
            + "0978 02"
            + "0000000000000001 00"
        #expect(try await reader.send(load) == "6985")
        #expect(try await world.balance() == 1_000)
    }

    @Test func `numbers that are used up are answered with 9402`() async throws {
        let world = try await CardWorld(CardWorld.euros(lastNumber: .max - 1))
        let reader = world.reader()
        let (_, _, answer) = try await world.pay(1, in: reader)
        #expect(answer.number == .max)
        #expect(try await reader.send("80500100 0C 02 0978 02 0000000000000001 00") == "9402")
        let load =
            "80500000 2B 01 0000000000000003 00000000000000060000000000000001 20261118120000 "
            + "0978 02"
            + "0000000000000001 00"
        #expect(try await reader.send(load) == "9402")
        #expect(try await world.balance() == 999)
    }

    @Test func `a proof of identity consumes a number and no value`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let nothing = Money(minorUnits: 0, currency: .nothing, exponent: .units)
        let initialized = try await reader.initialize(nothing, type: .authentication)
        #expect(initialized.balance == nothing)
        let command = try world.command(for: initialized, nothing, type: .authentication)
        let answer = try DebitAnswer(try await reader.send(.debit(command)).data)
        #expect(answer.completion == .done)
        #expect(answer.balance == 0)
        #expect(try await world.describe().lastNumber == 1)
        #expect(try await world.balance() == 1_000)
    }
}
