// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Reads the fields of one message in order, integers big-endian.
package struct ByteReader {
    private let bytes: [UInt8]
    private var offset: Int
    private let message: StaticString

    /// `message`: the name of the message, which begins the path of each failure.
    package init(_ bytes: [UInt8], of message: StaticString) {
        self.bytes = bytes
        self.message = message
        offset = 0
    }

    package var remaining: Int { bytes.count - offset }

    package func failure(_ field: StaticString, _ problem: WireFailure.Problem) -> WireFailure {
        WireFailure(path: "\(message): \(field)", problem: problem)
    }

    /// The next `count` bytes, at most 8, as an integer.
    package mutating func integer(
        _ field: StaticString,
        bytes count: Int
    ) throws(WireFailure) -> UInt64 {
        guard remaining >= count else { throw failure(field, .truncated) }
        var value: UInt64 = 0
        for position in offset..<offset + count { value = value << 8 | UInt64(bytes[position]) }
        offset += count
        return value
    }

    package mutating func byte(_ field: StaticString) throws(WireFailure) -> UInt8 {
        UInt8(truncatingIfNeeded: try integer(field, bytes: 1))
    }

    package mutating func bytes(
        _ field: StaticString,
        count: Int
    ) throws(WireFailure) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw failure(field, .truncated) }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// Bytes led by their length in two bytes.
    package mutating func counted(
        _ field: StaticString,
        max: Int
    ) throws(WireFailure) -> [UInt8] {
        let count = Int(try integer(field, bytes: 2))
        guard count <= max else { throw failure(field, .invalid) }
        return try bytes(field, count: count)
    }

    /// UTF-8 text led by its length in two bytes, without control characters.
    package mutating func text(
        _ field: StaticString,
        bytesMax: Int
    ) throws(WireFailure) -> String {
        let raw = try counted(field, max: bytesMax)
        guard let text = String(validating: raw, as: UTF8.self), ByteReader.isText(text)
        else { throw failure(field, .invalid) }
        return text
    }

    /// Whether text has no control character.
    package static func isText(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// A moment in milliseconds from 1970 to the end of 9999, so that it has a civil time.
    package mutating func moment(_ field: StaticString) throws(WireFailure) -> Instant {
        try value(field, bytes: 8) { milliseconds in
            milliseconds < 253_402_300_800_000 ? Instant(milliseconds: Int64(milliseconds)) : nil
        }
    }

    /// A value made of an integer field, refused where `make` gives nil.
    package mutating func value<Value>(
        _ field: StaticString,
        bytes count: Int,
        _ make: (UInt64) -> Value?
    ) throws(WireFailure) -> Value {
        guard let value = make(try integer(field, bytes: count)) else {
            throw failure(field, .invalid)
        }
        return value
    }

    /// A byte that is 0 or 1.
    package mutating func flag(_ field: StaticString) throws(WireFailure) -> Bool {
        try value(field, bytes: 1) { $0 <= 1 ? $0 == 1 : nil }
    }

    /// A value behind a presence byte, which is 0 or 1.
    package mutating func optional<Value>(
        _ field: StaticString,
        _ read: (inout ByteReader) throws(WireFailure) -> Value
    ) throws(WireFailure) -> Value? {
        switch try byte(field) {
        case 0: return nil
        case 1: return try read(&self)
        default: throw failure(field, .invalid)
        }
    }

    /// Checks that nothing is left.
    package func end() throws(WireFailure) {
        if remaining != 0 { throw failure("end", .tooLong) }
    }
}

// The elements of the purse profile.
extension ByteReader {
    package mutating func currency() throws(WireFailure) -> Currency {
        try value("CURR", bytes: 2) { Currency(bcd: UInt16($0)) }
    }

    package mutating func exponent() throws(WireFailure) -> Exponent {
        try value("CEXP", bytes: 1) { Exponent(UInt8($0)) }
    }

    /// CURR, CEXP, M.
    package mutating func money() throws(WireFailure) -> Money {
        let currency = try currency()
        let exponent = try exponent()
        let minorUnits = try integer("M", bytes: 8)
        return Money(minorUnits: minorUnits, currency: currency, exponent: exponent)
    }

    /// BIN.
    package mutating func issuer() throws(WireFailure) -> IssuerIdentifier {
        try value("BIN", bytes: 3) { IssuerIdentifier(bcd: UInt32($0)) }
    }

    package mutating func card() throws(WireFailure) -> CardIdentifier {
        try value("BIN, IEP", bytes: 8) { CardIdentifier(bcd: $0) }
    }

    package mutating func expiry() throws(WireFailure) -> CardDate {
        try value("DEXP", bytes: 3) { CardDate(bcd: UInt32($0)) }
    }

    package mutating func time() throws(WireFailure) -> CardTime {
        try value("DTHR", bytes: 7) { CardTime(bcd: $0) }
    }

    package mutating func transaction() throws(WireFailure) -> TransactionIdentifier {
        TransactionIdentifier(
            high: try integer("TRX", bytes: 8),
            low: try integer("TRX", bytes: 8)
        )
    }

    package mutating func merchant() throws(WireFailure) -> MerchantIdentifier {
        let raw = try bytes("MERCH", count: MerchantIdentifier.length)
        guard let text = String(validating: raw, as: UTF8.self),
            let merchant = MerchantIdentifier(text), merchant.bytes == raw
        else { throw failure("MERCH", .invalid) }
        return merchant
    }

    package mutating func securityCard() throws(WireFailure) -> SecurityCardIdentifier {
        SecurityCardIdentifier(bits: try integer("IDPSAM", bytes: 8))
    }

    package mutating func signature(_ field: StaticString) throws(WireFailure) -> Signature {
        Signature(bits: try integer(field, bytes: 8))
    }

    package mutating func transactionType() throws(WireFailure) -> TransactionType {
        try value("TI", bytes: 1) { TransactionType(rawValue: UInt8($0)) }
    }

    package mutating func completion() throws(WireFailure) -> CompletionCode {
        try value("CC", bytes: 2) { CompletionCode(rawValue: UInt16($0)) }
    }

    package mutating func number(_ field: StaticString) throws(WireFailure) -> UInt32 {
        UInt32(try integer(field, bytes: 4))
    }
}
