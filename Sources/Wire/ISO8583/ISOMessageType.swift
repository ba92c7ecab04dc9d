// SPDX-License-Identifier: Apache-2.0

import Kernel

/// MTI: what a message of ISO 8583:1987 is, as four decimal digits: version (0 for 1987), class,
/// function and origin.
package struct ISOMessageType: Hashable, Sendable {
    /// The digits as packed BCD: 0x0100 is an authorisation request.
    package let bcd: UInt16

    /// - Returns: nil where a digit is not decimal or the version is not that of 1987.
    package init?(bcd: UInt16) {
        guard bcd < 0x1000, (0..<4).allSatisfy({ bcd >> ($0 * 4) & 0xF <= 9 }) else { return nil }
        self.bcd = bcd
    }

    private init(known bcd: UInt16) {
        self.bcd = bcd
    }

    package static let authorizationRequest = ISOMessageType(known: 0x0100)
    package static let authorizationAnswer = ISOMessageType(known: 0x0110)
    /// Clearing: what was authorised has been delivered.
    package static let clearingAdvice = ISOMessageType(known: 0x0220)
    package static let clearingAdviceRepeat = ISOMessageType(known: 0x0221)
    package static let clearingAnswer = ISOMessageType(known: 0x0230)
    package static let reversalAdvice = ISOMessageType(known: 0x0420)
    package static let reversalAdviceRepeat = ISOMessageType(known: 0x0421)
    package static let reversalAnswer = ISOMessageType(known: 0x0430)
    /// Sign-on, sign-off, echo and key check.
    package static let managementRequest = ISOMessageType(known: 0x0800)
    package static let managementAnswer = ISOMessageType(known: 0x0810)

    /// Whether this was sent before: the origin (last digit) is 1, 3 or 5.
    package var isRepeat: Bool { bcd & 1 == 1 }

    /// Whether somebody waits for an answer: the function (third digit) is a request (0) or an
    /// advice (2).
    package var isQuestion: Bool { bcd & 0xD0 == 0 }

    /// The same message, not marked as a repeat.
    package var original: ISOMessageType { ISOMessageType(known: bcd & 0xFFFE) }

    /// The same message, marked as a repeat; nil for an answer.
    package var marked: ISOMessageType? {
        isQuestion ? ISOMessageType(known: bcd | 1) : nil
    }

    /// The type of the answer to this; nil for an answer.
    package var answer: ISOMessageType? {
        isQuestion ? ISOMessageType(known: bcd & 0xFFFE | 0x10) : nil
    }

    /// Four digits, for example `0100`.
    package var digits: String { BCD.digits(UInt64(bcd), count: 4) }
}

extension ISOMessageType: CustomStringConvertible {
    package var description: String { digits }
}
