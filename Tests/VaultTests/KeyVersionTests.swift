// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import SecurityModule
import Testing
import Wire

extension CardWorld {
    /// Ends the key version of the world's card.
    func end(_ lastDay: CardDate) {
        let name = SoftwareModule.KeyName(issuer: card.issuer, version: Self.version)
        module.end(name, after: lastDay)
    }
}

/// What the HSM does with cards whose key version ends; noon is on 18 November 2026.
@Suite struct KeyVersionTests {
    @Test(arguments: [TransactionType.purchase, .authentication])
    func `behind the last day of its key version a card begins nothing`(
        type: TransactionType
    ) async throws {
        let world = try await CardWorld(CardWorld.euros())
        world.end(try #require(CardDate(bcd: 0x26_1117)))
        let reader = world.reader()
        let amount = type == .authentication ? Money.proof : CardWorld.amount(1)
        let command = InitializePurchase(type: type, amount: amount)
        #expect(try await reader.send(.initializePurchase(command)).status == .memoryFailure)
        #expect(await reader.failure == .module(.keyEnded))
    }

    @Test func `on the last day, and where another version ends, a card pays`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        world.end(try #require(CardDate(bcd: 0x26_1118)))
        let other = SoftwareModule.KeyName(issuer: world.card.issuer, version: 2)
        world.module.end(other, after: try #require(CardDate(bcd: 0x26_0101)))
        try await world.pay(1, in: world.reader())
    }

    @Test func `a debit of a version that has ended is put back as ever`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let (answer, command, _) = try await world.pay(100, in: reader)
        world.end(try #require(CardDate(bcd: 0x26_0101)))
        let recovery = PurseCommand.recover(world.recovery(answer, command))
        #expect(try await reader.send(recovery).status == .done)
    }
}
