// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Crypto
import Foundation
import HSM
import Kernel
import Keys
import LoadSecurityModule
import SecurityModule
import Testing
import Wire

/// Module 864 with keys of its own, and what a card says of a load that did not take place.
@Suite struct LoadModuleTests {
    private static let amount = CardWorld.amount(700)

    private func world() async throws -> (CardWorld, SoftwareLoadModule) {
        let world = try await CardWorld(CardWorld.euros())
        let module = SoftwareLoadModule(.make())
        module.install(
            world.keys,
            as: .init(issuer: world.card.issuer, version: CardWorld.version)
        )
        return (world, module)
    }

    private static func request(_ transaction: UInt64 = 1) -> InitializeLoad {
        InitializeLoad(
            bank: BankIdentifier(bits: 3),
            transaction: TransactionIdentifier(high: 6, low: transaction),
            time: CardTime(CardWorld.noon),
            amount: amount
        )
    }

    private func begin(
        _ request: InitializeLoad = LoadModuleTests.request(),
        in reader: PseudoReader
    ) async throws -> CardLoad {
        let response = try await reader.send(.initializeLoad(request))
        #expect(response.status == .done)
        return CardLoad(request: request, answer: try InitializeLoadAnswer(response.data))
    }

    @Test func `exported keys load a card, and open under no other master key`() async throws {
        let master = LocalMasterKey(SymmetricKey(data: [UInt8](repeating: 1, count: 32)))
        let world = try await CardWorld(CardWorld.euros())
        let wrapped = try world.keys.wrapped(under: master)
        let other = LocalMasterKey.make()
        let exported = try world.module.exportLoadKeys(wrapped, to: other)
        #expect(exported.count == SoftwareLoadModule.wrappedBytes)
        let name = SoftwareLoadModule.KeyName(
            issuer: world.card.issuer,
            version: CardWorld.version
        )
        #expect(throws: KeyFailure.doesNotUnwrap) {
            try SoftwareLoadModule(.make()).install(exported, as: name)
        }
        #expect(throws: KeyFailure.doesNotUnwrap) {
            try SoftwareLoadModule(other).install(exported.dropLast(), as: name)
        }
        #expect(throws: KeyFailure.doesNotUnwrap) {
            try world.module.exportLoadKeys(exported + exported, to: other)
        }
        let module = SoftwareLoadModule(other)
        try module.install(exported, as: name)
        let reader = world.reader()
        let load = try await begin(in: reader)
        let credit = try await module.authorize(load.request, load.answer, completion: .done)
        let response = try await reader.send(.credit(credit))
        #expect(response.status == .done)
        let answer = try CreditAnswer(response.data)
        try await module.verify(answer, to: credit, of: load.request, load.answer)
        #expect(try await world.balance() == 1_700)
    }

    @Test func `the same S1 gets the same S2, from either module`() async throws {
        let (world, module) = try await world()
        let load = try await begin(in: world.reader())
        let credit = try await module.authorize(load.request, load.answer, completion: .done)
        let again = try await module.authorize(load.request, load.answer, completion: .done)
        #expect(again == credit)
        let hsm = try await world.module.authorize(load.request, load.answer, completion: .done)
        #expect(hsm == credit)
    }

    @Test func `an issuer or a version without keys is unknown`() async throws {
        let (world, _) = try await world()
        let empty = SoftwareLoadModule(.make())
        let load = try await begin(in: world.reader())
        await #expect(throws: ModuleFailure.keyUnknown) {
            try await empty.authorize(load.request, load.answer, completion: .done)
        }
        await #expect(throws: ModuleFailure.keyUnknown) {
            try await empty.confirm(load.request, load.answer)
        }
        await #expect(throws: ModuleFailure.keyUnknown) {
            try await empty.verify(denial: .none, of: load)
        }
    }

    @Test func `a wrong S1 is neither authorized nor confirmed`() async throws {
        let (world, module) = try await world()
        let load = try await begin(in: world.reader())
        let other = Self.request(2)
        await #expect(throws: ModuleFailure.sealBroken) {
            try await module.authorize(other, load.answer, completion: .done)
        }
        await #expect(throws: ModuleFailure.sealBroken) {
            try await module.confirm(other, load.answer)
        }
        try await module.confirm(load.request, load.answer)
    }

    @Test func `a load of nothing proves the counter to module 864`() async throws {
        let (world, module) = try await world()
        let reader = world.reader()
        let load = try await begin(in: reader)
        let zero = try await begin(load.request.zeroRequest, in: reader)
        #expect(zero.answer.number == load.answer.number)
        try await module.confirm(zero.request, zero.answer)
        await #expect(throws: ModuleFailure.sealBroken) {
            try await module.confirm(load.request, zero.answer)
        }
    }

    // MARK: Denial

    @Test func `a card denies no load that it can still be credited with`() async throws {
        let (world, _) = try await world()
        let load = try await begin(in: world.reader())
        #expect(try await world.emulator.deny(load) == nil)
    }

    @Test func `a card denies a load whose number a purchase consumed`() async throws {
        let (world, module) = try await world()
        let reader = world.reader()
        let load = try await begin(in: reader)
        try await world.pay(100, in: reader)
        try await world.pay(100, in: reader)
        let denial = try #require(try await world.emulator.deny(load))
        try await module.verify(denial: denial, of: load)
        try await world.module.verify(denial: denial, of: load)
    }

    @Test func `a card denies a load whose number another load consumed`() async throws {
        let (world, module) = try await world()
        let reader = world.reader()
        let load = try await begin(Self.request(7), in: reader)
        try await world.load(300, in: reader)
        let denial = try #require(try await world.emulator.deny(load))
        try await module.verify(denial: denial, of: load)
    }

    @Test func `a card denies a load whose number one of another bank with its TRX consumed`()
        async throws
    {
        let (world, module) = try await world()
        let reader = world.reader()
        let other = InitializeLoad(
            bank: .account(of: world.card.issuer),
            transaction: TransactionIdentifier(high: 6, low: 1),
            time: CardTime(CardWorld.noon),
            amount: CardWorld.amount(300)
        )
        let load = try await begin(other, in: reader)
        // From bank 3, with the same TRX, time and amount.
        try await world.load(300, in: reader)
        let denial = try #require(try await world.emulator.deny(load))
        try await module.verify(denial: denial, of: load)
    }

    @Test func `a blocked card denies, too`() async throws {
        let (world, module) = try await world()
        let load = try await begin(in: world.reader())
        try await world.set(.blocked(true))
        let denial = try #require(try await world.emulator.deny(load))
        try await module.verify(denial: denial, of: load)
    }

    @Test func `a card that was loaded never denies it`() async throws {
        let (world, module) = try await world()
        let reader = world.reader()
        let load = try await begin(in: reader)
        let credit = try await module.authorize(load.request, load.answer, completion: .done)
        #expect(try await reader.send(.credit(credit)).status == .done)
        #expect(try await world.emulator.deny(load) == nil)
        try await world.pay(100, in: reader)
        #expect(try await world.emulator.deny(load) == nil)
    }

    @Test func `a card denies nothing that it did not ask for`() async throws {
        let (world, _) = try await world()
        let load = try await begin(in: world.reader())
        let forged = CardLoad(request: Self.request(2), answer: load.answer)
        await #expect(throws: EmulatorFailure.module(.sealBroken)) {
            try await world.emulator.deny(forged)
        }
    }

    @Test func `a card whose history lacks the row says nothing`() async throws {
        let (world, _) = try await world()
        let reader = world.reader()
        let load = try await begin(in: reader)
        try await world.pay(100, in: reader)
        let sealed = try await world.sealed()
        await #expect(throws: ModuleFailure.unavailable("the row of a consumed number is missing"))
        {
            try await world.module.deny(load, on: sealed, evidence: nil)
        }
        // Nor does the row of another number help.
        try await world.pay(100, in: reader)
        let rows = try await world.rows()
        let later = try CardHistoryEntry(try #require(rows.last).body)
        let again = try await world.sealed()
        await #expect(throws: ModuleFailure.unavailable("the row of a consumed number is missing"))
        {
            try await world.module.deny(load, on: again, evidence: later)
        }
    }

    @Test func `a row that the card did not sign is no evidence`() async throws {
        let (world, _) = try await world()
        let reader = world.reader()
        let load = try await begin(in: reader)
        try await world.pay(100, in: reader)
        let row = try CardHistoryEntry(try #require(try await world.rows().last).body)
        guard case .debit(let debit) = row.event else {
            Issue.record("the row is a debit")
            return
        }
        let forged = CardHistoryEntry(
            moment: row.moment,
            event: .debit(
                DebitEvidence(
                    type: debit.type,
                    random: debit.random,
                    expiry: debit.expiry,
                    purchaseKeyVersion: debit.purchaseKeyVersion,
                    command: debit.command.with(amount: CardWorld.amount(1)),
                    answer: debit.answer
                )
            ),
            note: ""
        )
        let sealed = try await world.sealed()
        await #expect(throws: ModuleFailure.sealBroken) {
            try await world.module.deny(load, on: sealed, evidence: forged)
        }
    }

    @Test func `a denial is of one load and one card`() async throws {
        let (world, module) = try await world()
        let reader = world.reader()
        let load = try await begin(in: reader)
        let second = try await begin(in: reader)
        #expect(second.answer.number == load.answer.number)
        try await world.pay(100, in: reader)
        let denial = try #require(try await world.emulator.deny(load))
        await #expect(throws: ModuleFailure.sealBroken) {
            try await module.verify(denial: denial, of: second)
        }
        await #expect(throws: ModuleFailure.sealBroken) {
            try await module.verify(denial: Signature(bits: denial.bits ^ 1), of: load)
        }
    }

    // MARK: Vectors

    /// `Tests/Vectors/sealing/load.json`, made by another implementation.
    struct DenialVector: Decodable, Sendable, CustomTestStringConvertible {
        struct Terms: Decodable, Sendable {
            let amount, currency: String
            let exponent: UInt8
        }

        struct Denial: Decodable, Sendable {
            let KMC, S1, NT, TRX, SN: String
        }

        struct File: Decodable {
            let cases: [DenialVector]
        }

        let name, card: String
        let terms: Terms
        let denial: Denial

        var testDescription: String { name }

        static let all: [DenialVector] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "Vectors/sealing/load.json")
            guard let data = try? Data(contentsOf: file),
                let content = try? JSONDecoder().decode(File.self, from: data)
            else { return [] }
            return content.cases
        }()
    }

    @Test func `the file of vectors is there`() {
        #expect(DenialVector.all.count == 3)
    }

    @Test(arguments: DenialVector.all)
    func `SN is that of the vector`(_ vector: DenialVector) throws {
        let card = try #require(CardIdentifier(vector.card))
        let master = SymmetricKey(data: try #require(Hex.bytes(vector.denial.KMC)))
        let currency = try #require(
            BCD.parse(vector.terms.currency, count: 4).flatMap { Currency(bcd: UInt16($0)) }
        )
        let money = Money(
            minorUnits: try #require(UInt64(vector.terms.amount)),
            currency: currency,
            exponent: try #require(Exponent(vector.terms.exponent))
        )
        let load = CardLoad(
            request: InitializeLoad(
                bank: BankIdentifier(bits: 0),
                transaction: try #require(TransactionIdentifier(vector.denial.TRX)),
                time: CardTime(CardWorld.noon),
                amount: money
            ),
            answer: InitializeLoadAnswer(
                card: card,
                expiry: try #require(CardDate(bcd: 0x27_1231)),
                algorithm: .aes,
                loadKeyVersion: 1,
                balance: money,
                balanceMax: 0,
                number: try #require(UInt32(vector.denial.NT, radix: 16)),
                random: 0,
                signature: try #require(Signature(hex: vector.denial.S1))
            )
        )
        let key = CMACKey(master).deriveMAC("OPAL completion card key", card.bytes)
        #expect(LoadSignatures.denial(load, key: key).text == vector.denial.SN)
    }
}
