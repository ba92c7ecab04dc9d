// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Disputes as bytes, for messages and records.
extension ByteReader {
    package mutating func disputeReason() throws(WireFailure) -> DisputeReason {
        try value("reason", bytes: 1) { DisputeReason(rawValue: UInt8($0)) }
    }

    /// Words of holder, merchant or issuer, counted.
    package mutating func disputeWords() throws(WireFailure) -> String {
        let words = try text("words", bytesMax: DisputeLimits.wordsBytesMax)
        guard DisputeAnswer.areWords(words) else { throw failure("words", .invalid) }
        return words
    }

    /// State 1, number of the charge-back 1, M 8, reason 1; zeros where the state has none.
    ///
    /// `paid`: gives currency and exponent.
    package mutating func disputeState(of paid: Money) throws(WireFailure) -> DisputeState {
        let code = try byte("state")
        let number = try byte("charge-back")
        let minorUnits = try integer("amount", bytes: 8)
        let reason = try byte("reason")
        let amount = Money(minorUnits: minorUnits, as: paid)
        let back = ChargeBack(number: number, amount: amount)
        let isBare = number == 0 && minorUnits == 0 && reason == 0
        switch (code, back, RefundRefusal(rawValue: reason)) {
        case (0x01, nil, nil) where isBare: return .filed
        case (0x02, nil, nil) where isBare: return .merchantAsked
        case (0x03, nil, nil) where isBare: return .merchantAnswered
        case (0x04, let back?, nil) where reason == 0: return .decided(back)
        case (0x05, let back?, let refusal?): return .cameToNothing(back, refusal)
        case (0x06, let back?, nil) where reason == 0: return .refunded(back)
        case (0x07, nil, nil) where isBare: return .rejected
        case (0x08, nil, nil) where isBare: return .withdrawn
        case (0x09, nil, nil) where isBare: return .givenBack
        default: throw failure("state", .invalid)
        }
    }

    /// Agrees 1 (00 no, 01 yes, else yes, and the number of the charge-back that had come to
    /// nothing), delivered at 8 (0 where nothing is said), words (counted).
    package mutating func disputeAnswer() throws(WireFailure) -> DisputeAnswer {
        let agrees = try byte("agrees")
        let delivered = try moment("delivered")
        let answer = DisputeAnswer(
            accepts: agrees != 0,
            deliveredAt: delivered.milliseconds == 0 ? nil : delivered,
            words: try disputeWords(),
            after: agrees > 1 ? agrees : nil
        )
        guard let answer else { throw failure("answer", .invalid) }
        return answer
    }
}

extension ByteWriter {
    package mutating func disputeState(_ state: DisputeState) {
        byte(state.code)
        byte(state.chargeBack?.number ?? 0)
        integer(state.chargeBack?.amount.minorUnits ?? 0, bytes: 8)
        byte(state.refusal?.rawValue ?? 0)
    }

    package mutating func disputeAnswer(_ answer: DisputeAnswer) {
        byte(answer.after ?? (answer.accepts ? 1 : 0))
        moment(answer.deliveredAt ?? Instant(milliseconds: 0))
        text(answer.words)
    }
}

extension DisputeState {
    fileprivate var code: UInt8 {
        switch self {
        case .filed: 0x01
        case .merchantAsked: 0x02
        case .merchantAnswered: 0x03
        case .decided: 0x04
        case .cameToNothing: 0x05
        case .refunded: 0x06
        case .rejected: 0x07
        case .withdrawn: 0x08
        case .givenBack: 0x09
        }
    }
}
