// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Records
import SecurityModule
import Testing
import Wire

/// The answers of the purse profile, byte for byte.
@Suite struct StatusWordTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let says: String
        let command: String
        let response: String

        var testDescription: String { says }
    }

    static let cases: [Case] = [
        Case(says: "no header", command: "805C00", response: "6700"),
        Case(says: "length that is not the data's", command: "80540100 45 00", response: "6700"),
        Case(says: "unknown class", command: "90500100", response: "6E00"),
        Case(says: "unknown instruction", command: "80B00000", response: "6D00"),
        Case(says: "unknown instruction of ISO 7816-4", command: "00B00000", response: "6D00"),
        Case(says: "unknown class with data", command: "A0A40000 02 3F00", response: "6E00"),
        Case(
            says: "our instruction in the class of ISO 7816-4",
            command: "00500100",
            response: "6D00"
        ),
        Case(says: "class with a channel", command: "01A40400 06 F04F50414C31", response: "6E00"),
        Case(says: "class with chaining", command: "90500100 01 02", response: "6E00"),
        Case(says: "class of a reader's own", command: "FFCA0000 00", response: "6E00"),
        Case(says: "GET CHALLENGE", command: "00840000 08", response: "6D00"),
        Case(
            says: "SELECT of a credit card",
            command: "00A40400 07 A0000000031010 00",
            response: "6A82"
        ),
        Case(says: "SELECT of the master file", command: "00A40000 02 3F00 00", response: "6A86"),
        Case(
            says: "SELECT of an application, extended",
            command: "00A40400 00000B A000000397425446590201 0000",
            response: "6A82"
        ),
        Case(says: "SELECT by path", command: "00A40800 06 F04F50414C31", response: "6A86"),
        Case(says: "SELECT of nothing", command: "00A40400", response: "6700"),
        Case(says: "SELECT of another", command: "00A40400 06 F04F50414C32", response: "6A82"),
        Case(says: "SELECT of the beginning", command: "00A40400 05 F04F50414C", response: "6A82"),
        Case(
            says: "GET BALANCE",
            command: "805C0000 00",
            response: "0978 02 00000000000003E8 0000000000001388 9000"
        ),
        Case(says: "GET BALANCE past the last", command: "805C0001 00", response: "6A83"),
        Case(says: "GET BALANCE, P1", command: "805C0100 00", response: "6A86"),
        Case(says: "GET BALANCE with data", command: "805C0000 01 00", response: "6700"),
        Case(says: "Initialize, P1", command: "80500200", response: "6A86"),
        Case(says: "Initialize, P2", command: "80500101", response: "6A86"),
        Case(
            says: "Initialize, length",
            command: "80500100 0B 0209780200000000000000",
            response: "6700"
        ),
        Case(
            says: "Initialize for purchase with TI load",
            command: "80500100 0C 01 0978 02 0000000000000001",
            response: "6A86"
        ),
        Case(
            says: "Initialize in another currency",
            command: "80500100 0C 02 0840 02 0000000000000001",
            response: "6A88"
        ),
        Case(
            says: "Initialize at another exponent",
            command: "80500100 0C 02 0978 06 0000000000000001",
            response: "6A88"
        ),
        Case(
            says: "Initialize above the balance",
            command: "80500100 0C 02 0978 02 00000000000003E9",
            response: "9401"
        ),
        Case(
            says: "a proof with an amount",
            command: "80500100 0C 03 0978 02 0000000000000001",
            response: "6985"
        ),
        Case(says: "DEBIT, P1", command: "80540000", response: "6A86"),
        Case(says: "DEBIT, length", command: "80540100", response: "6700"),
        Case(
            says: "DEBIT without Initialize",
            command: "80540100 45 0000000000000001 00000001 00000000000000000000000000000001"
                + "53484F5020202020202020202020 20 20261118120000 0978 02 0000000000000001"
                + "0000000000000000",
            response: "6985"
        ),
        Case(says: "CREDIT, length", command: "80520000 01 00", response: "6700"),
        Case(
            says: "CREDIT without Initialize",
            command: "80520000 22 0000 00000000000000000000000000000001 0000000000000001"
                + "0000000000000000",
            response: "6985"
        ),
        Case(
            says: "RECOVER VALUE of a debit that was not",
            command: "80520100 30 00000001 0000000000000001 00000001"
                + "00000000000000000000000000000001 0000000000000001 0000000000000000",
            response: "9406"
        ),
        Case(
            says: "GET PREVIOUS SIGNATURE of a number that was not",
            command: "805A0000 04 00000001",
            response: "9406"
        ),
        Case(
            says: "GET PREVIOUS SIGNATURE, length",
            command: "805A0000 03 000000",
            response: "6700"
        ),
        Case(says: "GET DATA, card certificate", command: "80CA7F21 00", response: "6A88"),
        Case(says: "GET DATA, issuer certificate", command: "80CA7F22 00", response: "6A88"),
        Case(says: "GET DATA, unknown", command: "80CA0101 00", response: "6A88"),
    ]

    @Test(arguments: cases)
    func `the card answers as in the table, and nothing is written`(row: Case) async throws {
        let world = try await CardWorld(CardWorld.euros())
        let before = try await world.sealed()
        #expect(
            try await world.reader().send(row.command) == row.response.filter { $0 != " " }
        )
        #expect(try await world.sealed() == before)
    }

    /// OpenSC tries the applications of all cards that it knows.
    @Test func `commands for other cards leave this one as it was`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        #expect(try await reader.reset() == AnswerToReset.opal)
        let foreign = [
            "00A4040C 0A A000000063504B43532D", "00A4000C 02 3F00", "00CA0081 00",
            "80E20000", "FF000000", "8010010203", "00A40400 07 D2760001240101 00",
        ]
        for command in foreign {
            let status = try await reader.send(command).suffix(4)
            #expect(["6A82", "6A86", "6D00", "6E00", "6700"].contains(status), "\(command)")
        }
        let answer = try await reader.send(.getBalance(purse: 0))
        #expect(answer.status == .done)
        _ = try await world.pay(1, in: reader)
    }

    @Test func `a reader without card says so`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let card = try #require(CardIdentifier("0000000000000000"))
        let reader = PseudoReader(card, emulator: world.emulator) { CardWorld.noon }
        await #expect(throws: ChannelFailure.removed) { try await reader.reset() }
        await #expect(throws: ChannelFailure.removed) { try await reader.transmit([0, 0, 0, 0]) }
    }

    @Test func `a card of unknown keys answers that its memory fails`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let other = Card(
            identifier: world.card,
            expiry: try #require(CardDate(bcd: 0x27_1231)),
            purchaseKeyVersion: 9,
            loadKeyVersion: 9,
            purses: [Purse(currency: .euro, exponent: .cents, balance: 1, balanceMax: 1)]
        )
        try await world.put(world.module.seal(CardRecord(other), revision: 2))
        let reader = world.reader()
        let amount = CardWorld.amount(1)
        let command = try world.command(for: await reader.initialize(amount), amount)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
        #expect(await reader.failure == .module(.keyUnknown))
    }

    @Test func `GET PREVIOUS SIGNATURE finds debits and loads behind many rows`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        var answers: [UInt32: [UInt8]] = [:]
        for step in 0..<140 {
            if step % 10 == 9 {
                let answer = try await world.load(10, in: reader)
                answers[answer.number] = answer.bytes
            } else {
                let (_, _, answer) = try await world.pay(1, in: reader)
                answers[answer.number] = answer.bytes
            }
        }
        #expect(answers.count == 140)
        for (number, bytes) in answers {
            let response = try await reader.send(.getPreviousSignature(number: number))
            #expect(response == ResponseAPDU(data: bytes, status: .done))
        }
        #expect(
            try await reader.send(.getPreviousSignature(number: 141)).status == .noSuchSignature
        )
        #expect(try await reader.send(.getPreviousSignature(number: 0)).status == .noSuchSignature)
    }
}
