// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The value of element 90: which message an advice or a reversal is about.
package struct ISOOriginalData: Equatable, Sendable {
    package let type: ISOMessageType
    /// STAN, 6 digits.
    package let traceNumber: String
    /// Element 7, 10 digits.
    package let transmissionTime: String
    /// Element 32, up to 11 digits; filled up with zeros in front.
    package let acquirer: String

    package init(
        type: ISOMessageType,
        traceNumber: String,
        transmissionTime: String,
        acquirer: String
    ) {
        self.type = type
        self.traceNumber = traceNumber
        self.transmissionTime = transmissionTime
        self.acquirer = acquirer
    }

    private static let acquirerDigits = 11

    /// What a later message says of this one.
    ///
    /// - Returns: nil where it lacks 7, 11 or 32.
    package init?(of message: ISOMessage) {
        guard let traceNumber = message[text: .traceNumber],
            let transmissionTime = message[text: .transmissionTime],
            let acquirer = message[text: .acquirer]
        else { return nil }
        self.init(
            type: message.type,
            traceNumber: traceNumber,
            transmissionTime: transmissionTime,
            acquirer: acquirer
        )
    }

    /// 42 digits; the last eleven are zeros, because nobody forwards.
    package var text: String {
        let zeros = String(
            repeating: "0",
            count: max(0, ISOOriginalData.acquirerDigits - acquirer.utf8.count)
        )
        return type.digits + traceNumber + transmissionTime + zeros + acquirer
            + String(repeating: "0", count: ISOOriginalData.acquirerDigits)
    }

    /// Reads element 90 of a message.
    package init(in message: ISOMessage) throws(WireFailure) {
        var reader = ByteReader(message[.originalData] ?? [], of: "original data")
        do throws(WireFailure) {
            let digits = try ISOField.digits(&reader, count: 4, .ascii)
            let bcd = digits.reduce(0) { $0 << 4 | UInt16($1 - 0x30) }
            guard let type = ISOMessageType(bcd: bcd) else {
                throw reader.failure("type", .invalid)
            }
            func text(_ count: Int) throws(WireFailure) -> String {
                String(
                    decoding: try ISOField.digits(&reader, count: count, .ascii),
                    as: UTF8.self
                )
            }
            self.type = type
            traceNumber = try text(6)
            transmissionTime = try text(10)
            let acquirer = try text(ISOOriginalData.acquirerDigits)
            self.acquirer = String(acquirer.drop { $0 == "0" })
            _ = try text(ISOOriginalData.acquirerDigits)
            try reader.end()
        } catch {
            throw WireFailure(
                path: "ISO 8583 message: field \(ISOFieldNumber.originalData)",
                problem: error.problem
            )
        }
    }
}
