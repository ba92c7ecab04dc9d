// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct ISO8583MessageTests {
    /// A message with random values, each as the table allows it.
    private static func message(_ random: inout Seeded) -> ISOMessage {
        let types: [ISOMessageType] = [
            .authorizationRequest, .authorizationAnswer, .clearingAdvice, .clearingAdviceRepeat,
            .clearingAnswer, .reversalAdvice, .reversalAdviceRepeat, .reversalAnswer,
            .managementRequest, .managementAnswer,
        ]
        var message = ISOMessage(types.randomElement(using: &random) ?? .managementRequest)
        for field in ISODialect.ascii1987.fields where Bool.random(using: &random) {
            var count = field.lengthMax
            if case .fixed = field.length {
            } else {
                count = Int.random(in: 0...count, using: &random)
            }
            let allowed = Self.allowed(field)
            message[field.number] = (0..<count).map { _ in
                allowed.randomElement(using: &random) ?? 0
            }
        }
        return message
    }

    private static func allowed(_ field: ISOField) -> [UInt8] {
        switch field.content {
        case .digits: Array("0123456789".utf8)
        case .lettersAndDigits: Array("09AZaz ".utf8)
        case .text: Array(0x20...0x7E)
        case .track: Array("0123456789=".utf8)
        case .binary: Array(.min ... .max)
        }
    }

    @Test(arguments: ISODialect.all, 0..<100)
    func `a message is read as it was written`(dialect: ISODialect, seed: UInt64) throws {
        var random = Seeded(seed)
        let message = Self.message(&random)
        let bytes = try dialect.encode(message)
        #expect(bytes.count <= ISOLimits.messageBytesMax)
        #expect(try dialect.decode(bytes) == message)
    }

    @Test func `a message is the same in both dialects, and shorter in packed digits`() throws {
        for vector in ISO8583Vector.cases(of: .ascii1987) {
            let message = try ISODialect.ascii1987.decode(vector.encoded)
            let packed = try ISODialect.binary1987.encode(message)
            #expect(try ISODialect.binary1987.decode(packed) == message)
            #expect(packed.count < (try vector.encoded).count)
        }
    }

    @Test func `a value that an element cannot have is refused when it is written`() {
        let cases: [(ISOFieldNumber, String, WireFailure.Problem)] = [
            (.amount, "00000000250", .truncated), (.amount, "0000000002500", .tooLong),
            (.amount, "00000000250x", .invalid), (.accountNumber, "4111 1111", .invalid),
            (.retrievalReference, "0000000000-1", .invalid), (.terminal, "OPAL000é", .tooLong),
            (.terminal, "OPAL00\u{7}1", .invalid), (.trackTwo, "411=28D2", .invalid),
            (.pinBlock, "1234567", .truncated),
        ]
        for dialect in ISODialect.all {
            for (number, value, problem) in cases {
                var message = ISOMessage(.authorizationRequest)
                message[text: number] = value
                let failure = #expect(throws: WireFailure.self) { try dialect.encode(message) }
                #expect(failure?.problem == problem)
                #expect(failure?.path.hasPrefix("ISO 8583 message: field \(number) (") == true)
            }
        }
    }

    @Test func `an element that the dialect lacks is refused both ways`() throws {
        let number = try #require(ISOFieldNumber(100))
        var message = ISOMessage(.authorizationRequest)
        message[text: number] = "1"
        let expected = WireFailure(path: "ISO 8583 message: field 100", problem: .invalid)
        #expect(throws: expected) { try ISODialect.ascii1987.encode(message) }
        let bytes = "0100" + "8000000000000000" + "0000000010000000" + "011"
        #expect(throws: expected) { try ISODialect.ascii1987.decode(Array(bytes.utf8)) }
    }

    static let wrongCharacters: [(String, String)] = [
        ("1100", "type"), ("01A0", "type"),
        ("0100400000000000000x", "primary bitmap"), ("0100400000000000000a", "primary bitmap"),
        ("080080000000000000000000000000000000", "secondary bitmap"),
        ("080080000000000000008400000000000000", "secondary bitmap"),
        ("01004000000000000000204111111111111111", "field 2 (account number)"),
        ("01004000000000000000 14", "field 2 (account number)"),
        ("0100200000000000000000000x", "field 3 (processing code)"),
        ("010000000000000010000123456789abcdef", "field 52 (PIN block)"),
    ]

    @Test(arguments: wrongCharacters)
    func `what is wrong in characters is named`(_ text: String, _ place: String) {
        #expect(throws: WireFailure(path: "ISO 8583 message: \(place)", problem: .invalid)) {
            try ISODialect.ascii1987.decode(Array(text.utf8))
        }
    }

    static let wrongPackedDigits: [(String, String)] = [
        ("1100", "type"), ("0A00", "type"),
        ("01004000000000000000204111111111111111", "field 2 (account number)"),
        ("010040000000000000001A", "field 2 (account number)"),
        ("01004000000000000000131411111111111111", "field 2 (account number)"),
        ("0100400000000000000002D1", "field 2 (account number)"),
        ("010020000000000000000000D0", "field 3 (processing code)"),
        ("010000000000000080001978", "field 49 (currency)"),
        ("01000000000000010000100031", "field 48 (private data)"),
    ]

    @Test(arguments: wrongPackedDigits)
    func `what is wrong in packed digits is named`(_ hex: String, _ place: String) throws {
        let bytes = try #require(Hex.bytes(hex))
        let failure = #expect(throws: WireFailure.self) { try ISODialect.binary1987.decode(bytes) }
        #expect(failure?.path == "ISO 8583 message: \(place)")
    }

    @Test(arguments: ISODialect.all)
    func `a message above the limit is refused unread`(dialect: ISODialect) {
        let bytes = [UInt8](repeating: 0x30, count: ISOLimits.messageBytesMax + 1)
        #expect(throws: WireFailure(path: "ISO 8583 message", problem: .tooLong)) {
            try dialect.decode(bytes)
        }
    }

    @Test func `a type knows its answer and its repeat`() {
        #expect(ISOMessageType.authorizationRequest.answer == .authorizationAnswer)
        #expect(ISOMessageType.clearingAdvice.answer == .clearingAnswer)
        #expect(ISOMessageType.clearingAdviceRepeat.answer == .clearingAnswer)
        #expect(ISOMessageType.reversalAdvice.marked == .reversalAdviceRepeat)
        #expect(ISOMessageType.reversalAdviceRepeat.original == .reversalAdvice)
        #expect(ISOMessageType.reversalAdviceRepeat.isRepeat)
        #expect(ISOMessageType.managementRequest.answer == .managementAnswer)
        #expect(ISOMessageType.reversalAnswer.answer == nil)
        #expect(ISOMessageType.reversalAnswer.marked == nil)
        #expect(ISOMessageType(bcd: 0x1100) == nil)
        #expect(ISOMessageType(bcd: 0x01A0) == nil)
        #expect(ISOMessageType(bcd: 0x0200)?.digits == "0200")
    }
}
