// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Crypto
import HSM
import Kernel
import Keys
import Records
import SecurityModule
import Testing
import Wire

/// A card's record is of use only for this card, at this revision, under this module.
@Suite struct CardSealTests {
    @Test func `the records of two cards cannot be swapped`() async throws {
        let world = try await CardWorld(CardWorld.euros(1_000))
        let other = try CardWorld.euros(2_000, number: "6368120000000001")
        let rich = try world.module.seal(CardRecord(other), revision: 1)
        let poor = try await world.sealed()
        for swapped in [
            SealedCard(card: poor.card, revision: 1, body: rich.body),
            SealedCard(card: rich.card, revision: 1, body: poor.body),
        ] {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await world.module.describe(swapped)
            }
        }
    }

    @Test func `an older revision does not open`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let before = try await world.sealed()
        try await world.pay(100, in: world.reader())
        let after = try await world.sealed()
        #expect(after.revision == before.revision + 1)
        await #expect(throws: ModuleFailure.sealBroken) {
            try await world.module.describe(
                SealedCard(card: world.card, revision: after.revision, body: before.body)
            )
        }
    }

    @Test func `a record with any byte changed, cut or added does not open`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let sealed = try await world.sealed()
        var bodies = (0..<sealed.body.count).map { position in
            var body = sealed.body
            body[position] ^= 1
            return body
        }
        bodies += [Array(sealed.body.dropLast()), sealed.body + [0], []]
        for body in bodies {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await world.module.describe(
                    SealedCard(card: sealed.card, revision: sealed.revision, body: body)
                )
            }
        }
    }

    @Test func `the record of another module does not open`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let other = SoftwareModule(.make())
        let sealed = try await world.sealed()
        await #expect(throws: ModuleFailure.sealBroken) { try await other.describe(sealed) }
    }

    @Test func `a record that does not open stops this card and no other`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let broken = try CardWorld.euros(number: "6368120000000001")
        let sealed = try world.module.seal(CardRecord(broken), revision: 1)
        let other = PseudoReader(broken.identifier, emulator: world.emulator) { CardWorld.noon }
        try await world.put(
            SealedCard(card: sealed.card, revision: 1, body: sealed.body.reversed())
        )
        #expect(try await other.send("805C0000 00") == "6581")
        #expect(await other.failure == .module(.sealBroken))
        try await world.pay(100, in: world.reader())
        #expect(try await world.balance() == 900)
    }

    @Test func `a new card is empty and needs keys`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        func order(_ number: String, _ version: UInt8) throws -> CardOrder {
            CardOrder(
                card: try #require(CardIdentifier(number)),
                expiry: try #require(CardDate(bcd: 0x27_1231)),
                purchaseKeyVersion: version,
                loadKeyVersion: 1,
                currency: .euro,
                exponent: .cents,
                balanceMax: 5_000
            )
        }
        let fresh = try await world.module.personalize(order("6368120000000002", 1), revision: 1)
        let description = try await world.module.describe(fresh)
        #expect(description.lastNumber == 0)
        #expect(description.historyCount == 0)
        #expect(description.purses.map(\.balance) == [CardWorld.amount(0)])
        #expect(description.purses.map(\.balanceMax) == [5_000])
        for (number, version) in [("6368120000000002", UInt8(2)), ("1000000000000002", 1)] {
            let order = try order(number, version)
            await #expect(throws: ModuleFailure.keyUnknown) {
                try await world.module.personalize(order, revision: 1)
            }
        }
    }

    @Test func `an operator blocks and unblocks a card with one new revision each`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        try await world.set(.blocked(true))
        #expect(try await world.sealed().revision == 2)
        #expect(try await world.describe().isBlocked)
        try await world.set(.blocked(false))
        #expect(try await world.sealed().revision == 3)
        #expect(try await !world.describe().isBlocked)
        #expect(
            try await world.rows().map { try CardHistoryEntry($0.body).event }
                == [
                    .setting(.blocked(true), by: "operator"),
                    .setting(.blocked(false), by: "operator"),
                ]
        )
    }

    @Test func `a record is read as it was written, and any other bytes are refused`() throws {
        let record = CardRecord(try CardWorld.euros())
        let bytes = record.bytes
        #expect(try CardRecord(bytes) == record)
        for count in 0..<bytes.count {
            #expect(throws: WireFailure.self) { try CardRecord(Array(bytes[..<count])) }
        }
        #expect(throws: WireFailure(path: "card record: end", problem: .tooLong)) {
            try CardRecord(bytes + [0])
        }
        var random = Seeded(60)
        for _ in 0..<5_000 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &random)] = random.bytes(1)[0]
            _ = try? CardRecord(damaged)
        }
    }

    @Test func `master keys come back out of their wrapping, and a changed one does not`() throws {
        let master = LocalMasterKey.make()
        let module = SoftwareModule(master)
        let issuer = try #require(IssuerIdentifier("636812"))
        let name = SoftwareModule.KeyName(issuer: issuer, version: 1)
        let wrapped = try module.makeKeys(name)
        #expect(wrapped.count == 160)
        try module.install(wrapped, as: name)
        let keys = try IssuerMasterKeys(wrapped: wrapped, under: master)
        let acquirer = LocalMasterKey.make()
        #expect(
            try acquirer.unwrap(module.exportPurchaseKey(wrapped, to: acquirer)) == keys.purchase
        )
        for position in [0, 39, 40, 80, 120, 159] {
            var damaged = wrapped
            damaged[position] ^= 1
            #expect(throws: KeyFailure.doesNotUnwrap) { try module.install(damaged, as: name) }
        }
        #expect(throws: KeyFailure.doesNotUnwrap) {
            try SoftwareModule(acquirer).install(wrapped, as: name)
        }
    }
}
