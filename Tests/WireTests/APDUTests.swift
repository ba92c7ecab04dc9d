// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct CommandAPDUTests {
    struct Form: Sendable, CustomTestStringConvertible {
        let name: String
        let body: [UInt8]
        let data: [UInt8]
        let expected: Int

        var testDescription: String { name }
    }

    private static let few: [UInt8] = [1, 2, 3]
    private static let many = [UInt8](repeating: 7, count: 300)

    /// ISO/IEC 7816-4 §5.1: four cases, three of them short and extended.
    static let forms: [Form] = [
        Form(name: "1: header alone", body: [], data: [], expected: 0),
        Form(name: "2 short: Le", body: [0x10], data: [], expected: 16),
        Form(name: "2 short: Le 256", body: [0x00], data: [], expected: 256),
        Form(name: "2 extended: Le", body: [0, 0x01, 0x01], data: [], expected: 257),
        Form(name: "2 extended: Le 65536", body: [0, 0, 0], data: [], expected: 65_536),
        Form(name: "3 short: data", body: [3] + few, data: few, expected: 0),
        Form(name: "3 extended: data", body: [0, 0x01, 0x2C] + many, data: many, expected: 0),
        Form(name: "4 short: data, Le", body: [3] + few + [0x20], data: few, expected: 32),
        Form(name: "4 short: data, Le 256", body: [3] + few + [0], data: few, expected: 256),
        Form(
            name: "4 extended: data, Le",
            body: [0, 0x01, 0x2C] + many + [0x01, 0x00],
            data: many,
            expected: 256
        ),
        Form(
            name: "4 extended: few data, Le 65536",
            body: [0, 0, 3] + few + [0, 0],
            data: few,
            expected: 65_536
        ),
    ]

    @Test(arguments: forms) func `each form of a command is read and written`(form: Form) throws {
        let bytes: [UInt8] = [0x80, 0x54, 0x01, 0x02] + form.body
        let command = try CommandAPDU(bytes)
        #expect(command.cla == 0x80)
        #expect(command.ins == 0x54)
        #expect(command.p1 == 0x01)
        #expect(command.p2 == 0x02)
        #expect(command.data == form.data)
        #expect(command.expected == form.expected)
        #expect(command.bytes == bytes)
    }

    @Test func `a command of the largest size is read and written`() throws {
        let data = [UInt8](repeating: 0xA5, count: CommandAPDU.dataBytesMax)
        let command = CommandAPDU(cla: 0, ins: 1, p1: 2, p2: 3, data: data, expected: 65_536)
        #expect(command.bytes.count == 4 + 3 + 65_535 + 2)
        #expect(try CommandAPDU(command.bytes) == command)
    }

    @Test func `any command is read as it was written`() throws {
        var random = Seeded(20)
        for _ in 0..<2_000 {
            let count = [0, 1, 254, 255, 256, 600].randomElement(using: &random) ?? 0
            let expected = [0, 1, 255, 256, 257, 65_535, 65_536].randomElement(using: &random) ?? 0
            let command = CommandAPDU(
                cla: random.bytes(1)[0],
                ins: random.bytes(1)[0],
                p1: random.bytes(1)[0],
                p2: random.bytes(1)[0],
                data: random.bytes(count),
                expected: expected
            )
            #expect(try CommandAPDU(command.bytes) == command)
        }
    }

    @Test(arguments: 0..<4) func `less than a header is truncated`(count: Int) {
        #expect(throws: WireFailure(path: "command: header", problem: .truncated)) {
            try CommandAPDU([UInt8](repeating: 0, count: count))
        }
    }

    @Test(arguments: [
        [3, 1, 2], [3, 1, 2, 3, 4, 5], [0, 0], [0, 0, 0, 1], [0, 0, 3, 1, 2],
        [0, 0, 3, 1, 2, 3, 4],
        [0, 0, 3, 1, 2, 3, 4, 5, 6],
    ])
    func `a length that is not that of the data is refused`(body: [UInt8]) {
        #expect(throws: WireFailure(path: "command: length", problem: .invalid)) {
            try CommandAPDU([0, 0, 0, 0] + body)
        }
    }

    /// Whatever is read is written again as the same bytes, or in the shorter form.
    @Test func `any bytes are a command or a failure`() {
        var random = Seeded(21)
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int.random(in: 0...16, using: &random))
            guard let command = try? CommandAPDU(bytes) else { continue }
            #expect(command.bytes.count <= bytes.count)
            #expect((try? CommandAPDU(command.bytes)) == command)
        }
    }

    @Test func `more than a command holds is a fault of the program`() async {
        await #expect(processExitsWith: .failure) {
            let data = [UInt8](repeating: 0, count: CommandAPDU.dataBytesMax + 1)
            _ = CommandAPDU(cla: 0, ins: 0, p1: 0, p2: 0, data: data)
        }
        await #expect(processExitsWith: .failure) {
            _ = CommandAPDU(cla: 0, ins: 0, p1: 0, p2: 0, expected: 65_537)
        }
    }
}

@Suite struct ResponseAPDUTests {
    @Test func `a response is data and a status word`() throws {
        let response = try ResponseAPDU([1, 2, 3, 0x90, 0x00])
        #expect(response == ResponseAPDU(data: [1, 2, 3], status: .done))
        #expect(response.bytes == [1, 2, 3, 0x90, 0x00])
        #expect(try ResponseAPDU([0x6A, 0x82]) == ResponseAPDU(status: .unknownApplication))
    }

    @Test(arguments: [[], [0x90]]) func `less than a status word is truncated`(bytes: [UInt8]) {
        #expect(throws: WireFailure(path: "response: SW", problem: .truncated)) {
            try ResponseAPDU(bytes)
        }
    }

    @Test func `status words have the numbers of the profile`() {
        let table: [(StatusWord, UInt16)] = [
            (.done, 0x9000), (.signatureWrong, 0x9302), (.amountAboveBalance, 0x9401),
            (.numbersUsedUp, 0x9402), (.noSuchSignature, 0x9406), (.wrongLength, 0x6700),
            (.conditionsNotSatisfied, 0x6985), (.unknownApplication, 0x6A82),
            (.noSuchPurse, 0x6A83), (.wrongParameters, 0x6A86), (.notFound, 0x6A88),
            (.unknownInstruction, 0x6D00), (.unknownClass, 0x6E00), (.memoryFailure, 0x6581),
        ]
        for (status, bits) in table { #expect(status.bits == bits) }
        #expect(Set(table.map(\.1)).count == table.count)
    }
}

@Suite struct AnswerToResetTests {
    private let bytes = AnswerToReset.opal

    @Test func `the answer to reset is that of the profile`() {
        #expect(Hex.text(bytes).uppercased() == "3B8D0180318073800140654F50414C3149")
        #expect(bytes.count <= AnswerToReset.bytesMax)
    }

    /// ISO/IEC 7816-3 §8.2.5: the exclusive or of all bytes from T0 to TCK is zero.
    @Test func `its check byte is right`() {
        #expect(bytes.dropFirst().reduce(0, ^) == 0)
    }

    /// §8.2: T0 says TD1 and 13 historical bytes; TD1 says T=1 and nothing more.
    @Test func `its parts add up`() {
        #expect(bytes[0] == 0x3B)
        #expect(bytes[1] == 0x8D)
        #expect(bytes[2] == 0x01)
        let historical = bytes[3..<bytes.count - 1]
        #expect(historical.count == 13)
        #expect(historical.first == 0x80)
        #expect(Array(historical.suffix(5)) == Array("OPAL1".utf8))
        let objects = historical.dropFirst()
        var position = objects.startIndex
        while position < objects.endIndex { position += 1 + Int(objects[position] & 0xF) }
        #expect(position == objects.endIndex)
    }
}
