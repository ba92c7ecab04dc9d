// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

/// Sub-elements, original data, and by what an answer is recognised.
@Suite struct ISO8583PartsTests {
    @Test func `sub-elements are read as they were written, in the order of their tags`() throws {
        var elements = ISOElements()
        elements[.verificationCode] = "123"
        elements[.streetNumber] = "12"
        elements[.postalCode] = "CB2 1TN"
        let bytes = try #require(elements.bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "CV03123PC07CB2 1TNSN0212")
        let again = try ISOElements(bytes, of: .privateData)
        #expect(again == elements)
        #expect(again[.verificationCode] == "123")
        #expect(again[.address] == nil)
        #expect(ISOElements().bytes == nil)
        #expect(try ISOElements(nil, of: .privateData) == ISOElements())
    }

    @Test(arguments: [
        ("C", "", WireFailure.Problem.truncated), ("CV", "", .truncated), ("CV0", "", .truncated),
        ("CV03", ", sub-element CV", .truncated), ("CV0x1", ", sub-element CV", .invalid),
        ("cv011", "", .invalid), ("C 011", "", .invalid),
        ("CV011CV012", ", sub-element CV", .invalid), ("PC011CV012", ", sub-element PC", .invalid),
    ])
    func `what is wrong in sub-elements is named`(
        _ text: String,
        _ place: String,
        _ problem: WireFailure.Problem
    ) {
        let failure = #expect(throws: WireFailure.self) {
            try ISOElements(Array(text.utf8), of: .privateData)
        }
        #expect(failure?.problem == problem)
        #expect(failure?.path.hasPrefix("ISO 8583 message: field 48") == true)
        if !place.isEmpty { #expect(failure?.path.hasSuffix(place) == true) }
    }

    @Test func `damaged sub-elements are others or a failure, and never a trap`() throws {
        var random = Seeded(3)
        let bytes = Array("CV03123PC07CB2 1TNSN0212".utf8)
        for _ in 0..<5_000 {
            let damaged = random.damaged(bytes)
            guard let again = try? ISOElements(damaged, of: .privateData) else { continue }
            #expect(again.bytes ?? [] == damaged)
        }
    }

    @Test func `original data are read as they were written`() throws {
        var message = ISOMessage(.authorizationRequest)
        message[text: .traceNumber] = "000042"
        message[text: .transmissionTime] = "0601120000"
        #expect(ISOOriginalData(of: message) == nil)
        message[text: .acquirer] = "400123"
        let original = try #require(ISOOriginalData(of: message))
        #expect(original.text == "0100" + "000042" + "0601120000" + "00000400123" + "00000000000")
        var reversal = ISOMessage(.reversalAdvice)
        reversal[text: .originalData] = original.text
        #expect(try ISOOriginalData(in: reversal) == original)
    }

    @Test func `original data that are short, long or of another version are refused`() {
        let right = "0100" + "000042" + "0601120000" + "00000400123" + "00000000000"
        let wrong = [
            String(right.dropLast()), right + "0", "1" + right.dropFirst(),
            "x" + right.dropFirst(), "",
        ]
        for text in wrong {
            var reversal = ISOMessage(.reversalAdvice)
            reversal[text: .originalData] = text
            let failure = #expect(throws: WireFailure.self) { try ISOOriginalData(in: reversal) }
            #expect(failure?.path == "ISO 8583 message: field 90")
        }
    }

    @Test func `an answer is recognised by type, STAN, RRN and terminal`() throws {
        var question = ISOMessage(.reversalAdviceRepeat)
        question[text: .traceNumber] = "000044"
        question[text: .retrievalReference] = "000000000042"
        question[text: .terminal] = "OPAL0001"
        let exchange = try #require(ISOExchange(question))
        var answer = question
        answer.type = .reversalAnswer
        #expect(ISOExchange(answer) == exchange)
        let changes: [(ISOFieldNumber, String)] = [
            (.traceNumber, "000045"), (.retrievalReference, "000000000043"),
            (.terminal, "OPAL0002"),
        ]
        for (number, value) in changes {
            var other = answer
            other[text: number] = value
            #expect(ISOExchange(other) != exchange)
        }
        answer.type = .clearingAnswer
        #expect(ISOExchange(answer) != exchange)
        answer[.traceNumber] = nil
        #expect(ISOExchange(answer) == nil)
    }
}
