// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct FundingTests {
    /// Every state with every event: where none is named, nothing changes.
    static let steps:
        [(FundsAuthorizationState, FundsAuthorizationEvent, FundsAuthorizationState)] = [
            (.asked, .approved, .approved), (.asked, .declined, .declined),
            (.asked, .unfit, .reversing), (.asked, .unanswered, .reversing),
            (.asked, .notCredited, .cancelling),
            (.approved, .credited, .completing), (.approved, .notCredited, .cancelling),
            (.completing, .acknowledged, .completed),
            (.reversing, .notCredited, .cancelling), (.reversing, .acknowledged, .reversed),
            (.cancelling, .acknowledged, .cancelled),
            (.verified, .credited, .completing), (.verified, .notCredited, .cancelling),
        ]

    /// The same for one over nothing, in the states that it can come to.
    static let stepsOverNothing:
        [(FundsAuthorizationState, FundsAuthorizationEvent, FundsAuthorizationState)] = [
            (.asked, .approved, .verified), (.asked, .declined, .declined),
            (.asked, .unfit, .declined), (.asked, .unanswered, .reversed),
            (.asked, .notCredited, .cancelled),
            (.verified, .credited, .completed), (.verified, .notCredited, .cancelled),
        ]

    @Test func `an authorisation over nothing is never forwarded and waits for the answer alone`() {
        for state in [FundsAuthorizationState.asked, .verified, .declined, .reversed, .cancelled] {
            for event in FundsAuthorizationEvent.allCases {
                let next = state.next(after: event, isOverNothing: true)
                #expect(
                    next == Self.stepsOverNothing.first { $0.0 == state && $0.1 == event }?.2
                )
                #expect(next?.isOpen != true)
            }
        }
    }

    @Test(arguments: FundsAuthorizationState.allCases)
    func `an authorisation has these steps and no others`(state: FundsAuthorizationState) {
        for event in FundsAuthorizationEvent.allCases {
            let expected = Self.steps.first { $0.0 == state && $0.1 == event }?.2
            #expect(state.next(after: event) == expected)
        }
    }

    @Test func `funds that are captured are never released, and the other way round`() {
        #expect(reached(.completing) == [.completing, .completed])
        #expect(reached(.reversing) == [.reversing, .reversed, .cancelling, .cancelled])
        #expect(reached(.cancelling) == [.cancelling, .cancelled])
        #expect(reached(.asked).union([.verified]) == Set(FundsAuthorizationState.allCases))
    }

    private func reached(_ state: FundsAuthorizationState) -> Set<FundsAuthorizationState> {
        FundsAuthorizationEvent.allCases.reduce(into: [state]) { reached, event in
            if let next = state.next(after: event) { reached.formUnion(self.reached(next)) }
        }
    }

    @Test func `an authorisation is open until nothing can follow`() {
        // Of what is verified nobody needs to say more.
        for state in FundsAuthorizationState.allCases where state != .verified {
            let ends = FundsAuthorizationEvent.allCases.allSatisfy { state.next(after: $0) == nil }
            #expect(state.isOpen != ends)
        }
    }

    @Test func `an account number has 12 to 19 digits and a right check digit`() {
        let right = [
            "4111111111111111", "378282246310005", "4222222222222", "6011000990139424",
            "501800000009", "6304000000000000000",
        ]
        for digits in right { #expect(FundingAccountNumber(digits)?.digits == digits) }
        let wrong = [
            "4111111111111112", "4111 1111 1111 1111", "41111111111", "", "411111111111111a",
            "٤١١١١١١١١١١١١١١١", "63040000000000000000",
        ]
        for digits in wrong { #expect(FundingAccountNumber(digits) == nil) }
    }

    @Test func `an expiry month is read as it is written, and compared`() throws {
        for digits in ["0001", "2812", "9912"] {
            #expect(ExpiryMonth(digits: digits)?.digits == digits)
        }
        for digits in ["2800", "2813", "281", "28122", "2x12", ""] {
            #expect(ExpiryMonth(digits: digits) == nil)
        }
        let december = try #require(ExpiryMonth(year: 2027, month: 12))
        let january = try #require(ExpiryMonth(year: 2028, month: 1))
        #expect(december < january)
        #expect(ExpiryMonth(Instant(milliseconds: 1_780_315_200_000))?.digits == "2606")
        #expect(ExpiryMonth(Instant(milliseconds: 0)) == nil)
    }

    @Test func `of an address its digits and the postal code are compared`() {
        let written = AddressVerification(street: "12b Mill Lane, Flat 3", postalCode: "cb2 1tn")
        #expect(written.streetNumber == "123")
        #expect(written.postalCode == "CB21TN")
        #expect(written == AddressVerification(street: "No. 12, 3", postalCode: "CB2-1TN"))
        #expect(AddressVerification(street: "Große Straße", postalCode: "—").isEmpty)
        let long = AddressVerification(
            street: "123456789012",
            postalCode: "ABCDEFGHIJKLM"
        )
        #expect(long.streetNumber == "1234567890")
        #expect(long.postalCode == "ABCDEFGHIJ")
    }

    @Test func `a CVV2 has three or four digits`() {
        for digits in ["000", "1234"] {
            #expect(CardVerificationValue(digits: digits)?.digits == digits)
        }
        for digits in ["12", "12345", "12x", "١٢٣"] {
            #expect(CardVerificationValue(digits: digits) == nil)
        }
    }

    @Test func `none of them prints itself`() throws {
        let values: [Any] = [
            try #require(FundingAccountNumber("4111111111111111")),
            try #require(CardVerificationValue(digits: "7391")),
            AddressVerification(street: "98712 Mill", postalCode: "CB21TN"),
        ]
        var text = ""
        for value in values {
            text += "\(value) \(String(reflecting: value)) "
            dump(value, to: &text)
        }
        for secret in ["11111", "7391", "98712", "CB21TN"] { #expect(!text.contains(secret)) }
    }
}
