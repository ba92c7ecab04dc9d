// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// What a message shows of itself.
@Suite struct ISO8583PrintingTests {
    private static func printed(_ value: some Any) -> String {
        var text = "\(value) " + String(reflecting: value)
        dump(value, to: &text)
        return text
    }

    @Test func `of an account number the first six and the last four digits are printed`() {
        let cases = [
            ("4111111111111111", "411111••••••1111"), ("378282246310005", "378282•••••0005"),
            ("4222222222222", "•••••••••2222"), ("12345678", "••••••••"),
            ("6011000990139424008", "601100•••••••••4008"),
        ]
        for (number, expected) in cases {
            var message = ISOMessage(.authorizationRequest)
            message[text: .accountNumber] = number
            #expect(message.description == "0100 2=\(expected)")
            #expect(!Self.printed(message).contains(number))
        }
    }

    @Test func `CVV2, address, track data, expiry and PIN block are never printed`() throws {
        var elements = ISOElements()
        elements[.verificationCode] = "987"
        elements[.postalCode] = "CB21TN"
        var message = ISOMessage(.authorizationRequest)
        message[.privateData] = elements.bytes
        message[text: .trackOne] = "B4111111111111111^SECRET/A"
        message[text: .trackTwo] = "4111111111111111=28121010"
        message[text: .trackThree] = "014111111111111111=7777"
        message[text: .expiry] = "2812"
        message[text: .pinBlock] = "SECRET-8"
        message[text: .networkData] = "SECRET"
        message[text: .nationalData] = "SECRET"
        message[text: try #require(ISOFieldNumber(100))] = "SECRET"
        let printed = Self.printed(message) + Self.printed(elements)
        for secret in ["987", "CB21TN", "4111", "SECRET", "2812", "7777"] {
            #expect(!printed.contains(secret))
        }
        #expect(printed.contains("48=(17 hidden)"))
    }

    @Test func `what is no secret is printed, without control characters`() {
        var message = ISOMessage(.authorizationAnswer)
        message[text: .responseCode] = "05"
        message[text: .terminal] = "A\u{1B}[2JB"
        #expect(message.description == "0110 39='05' 41='A[2JB'")
    }

    @Test func `a failure names the element and never its value`() {
        var message = ISOMessage(.authorizationRequest)
        message[text: .accountNumber] = "41111111111111112222"
        let failure = #expect(throws: WireFailure.self) {
            try ISODialect.ascii1987.encode(message)
        }
        #expect(
            failure?.description == "ISO 8583 message: field 2 (account number) is tooLong"
        )
    }
}
