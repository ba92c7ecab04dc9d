// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Joins the fields of one message, integers big-endian.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    /// - Parameter capacity: the length in bytes where it is known, to allocate once.
    package init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// The low `count` bytes of an integer.
    package mutating func integer(_ value: UInt64, bytes count: Int) {
        for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    package mutating func byte(_ value: UInt8) { bytes.append(value) }
    package mutating func flag(_ isSo: Bool) { byte(isSo ? 1 : 0) }
    package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// Bytes led by their length in two bytes.
    package mutating func counted(_ more: [UInt8]) {
        precondition(more.count <= Int(UInt16.max))
        integer(UInt64(more.count), bytes: 2)
        bytes.append(contentsOf: more)
    }

    package mutating func text(_ text: String) { counted(Array(text.utf8)) }

    /// A moment in milliseconds.
    package mutating func moment(_ moment: Instant) {
        integer(UInt64(bitPattern: moment.milliseconds), bytes: 8)
    }

    /// A value behind a presence byte.
    package mutating func optional<Value>(
        _ value: Value?,
        _ write: (inout ByteWriter, Value) -> Void
    ) {
        byte(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }
}

// The elements of the purse profile.
extension ByteWriter {
    package mutating func currency(_ currency: Currency) { integer(UInt64(currency.bcd), bytes: 2) }
    package mutating func exponent(_ exponent: Exponent) { byte(exponent.decimals) }

    /// CURR, CEXP, M.
    package mutating func money(_ money: Money) {
        currency(money.currency)
        exponent(money.exponent)
        integer(money.minorUnits, bytes: 8)
    }

    package mutating func issuer(_ issuer: IssuerIdentifier) {
        integer(UInt64(issuer.bcd), bytes: 3)
    }

    package mutating func card(_ card: CardIdentifier) { integer(card.bcd, bytes: 8) }
    package mutating func expiry(_ date: CardDate) { integer(UInt64(date.bcd), bytes: 3) }
    package mutating func time(_ time: CardTime) { integer(time.bcd, bytes: 7) }

    package mutating func transaction(_ transaction: TransactionIdentifier) {
        integer(transaction.high, bytes: 8)
        integer(transaction.low, bytes: 8)
    }

    package mutating func merchant(_ merchant: MerchantIdentifier) { append(merchant.bytes) }

    package mutating func securityCard(_ card: SecurityCardIdentifier) {
        integer(card.bits, bytes: 8)
    }

    package mutating func signature(_ signature: Signature) { integer(signature.bits, bytes: 8) }
    package mutating func number(_ number: UInt32) { integer(UInt64(number), bytes: 4) }

    package mutating func completion(_ code: CompletionCode) {
        integer(UInt64(code.rawValue), bytes: 2)
    }
}
