// SPDX-License-Identifier: Apache-2.0

/// A card's response: answer data and status word.
package struct ResponseAPDU: Equatable, Sendable {
    package let data: [UInt8]
    package let status: StatusWord

    package init(data: [UInt8] = [], status: StatusWord) {
        self.data = data
        self.status = status
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        guard bytes.count >= 2 else {
            throw WireFailure(path: "response: SW", problem: .truncated)
        }
        data = Array(bytes.dropLast(2))
        status = StatusWord(UInt16(bytes[bytes.count - 2]) << 8 | UInt16(bytes[bytes.count - 1]))
    }

    package var bytes: [UInt8] {
        data + [UInt8(status.bits >> 8), UInt8(truncatingIfNeeded: status.bits)]
    }
}

/// SW1 SW2: how a command ended (2 bytes).
package struct StatusWord: Hashable, Sendable {
    package let bits: UInt16

    package init(_ bits: UInt16) {
        self.bits = bits
    }

    package static let done = StatusWord(0x9000)
    package static let signatureWrong = StatusWord(0x9302)
    package static let amountAboveBalance = StatusWord(0x9401)
    package static let numbersUsedUp = StatusWord(0x9402)
    package static let noSuchSignature = StatusWord(0x9406)
    package static let wrongLength = StatusWord(0x6700)
    /// No Initialize before, or the card is blocked.
    package static let conditionsNotSatisfied = StatusWord(0x6985)
    package static let unknownApplication = StatusWord(0x6A82)
    package static let noSuchPurse = StatusWord(0x6A83)
    package static let wrongParameters = StatusWord(0x6A86)
    /// No purse in that currency; no such data object.
    package static let notFound = StatusWord(0x6A88)
    package static let unknownInstruction = StatusWord(0x6D00)
    package static let unknownClass = StatusWord(0x6E00)
    /// The card's memory failed (ISO/IEC 7816-4 §5.6): the record does not open, or nothing could
    /// be stored. Nothing changed.
    package static let memoryFailure = StatusWord(0x6581)
}
