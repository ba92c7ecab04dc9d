// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Which elements a message has: the primary bitmap for 2 to 64 and, where bit 1 is set, the
/// secondary for 66 to 128. Bit 65 would announce a third one and is refused.
struct ISOBitmap: Equatable {
    private(set) var primary: UInt64 = 0
    private(set) var secondary: UInt64 = 0

    private static let first: UInt64 = 1 << 63

    init(_ numbers: some Sequence<ISOFieldNumber>) {
        for number in numbers {
            let bit = Int(number.value) - 1
            if bit < 64 {
                primary |= Self.first >> UInt64(bit)
            } else {
                secondary |= Self.first >> UInt64(bit - 64)
            }
        }
        if secondary != 0 { primary |= Self.first }
    }

    /// In ascending order.
    var numbers: [ISOFieldNumber] {
        (2...128).compactMap { number in
            let bits = number <= 64 ? primary : secondary
            let isSet = bits & Self.first >> UInt64((number - 1) % 64) != 0
            return isSet ? ISOFieldNumber(number) : nil
        }
    }

    /// `coding`: `.binary` for 8 bytes each, `.hexadecimal` for 16 characters each.
    init(_ reader: inout ByteReader, _ coding: ISOField.Coding) throws(WireFailure) {
        primary = try Self.bits(&reader, "primary bitmap", coding)
        guard primary & Self.first != 0 else { return }
        secondary = try Self.bits(&reader, "secondary bitmap", coding)
        // A bitmap that says nothing is not sent, so that a message has one form.
        guard secondary != 0, secondary & Self.first == 0 else {
            throw reader.failure("secondary bitmap", .invalid)
        }
    }

    func write(to writer: inout ByteWriter, _ coding: ISOField.Coding) {
        for bits in secondary == 0 ? [primary] : [primary, secondary] {
            switch coding {
            case .binary: writer.integer(bits, bytes: 8)
            default: writer.append(ISOHex.characters(bits.bigEndianBytes))
            }
        }
    }

    private static func bits(
        _ reader: inout ByteReader,
        _ name: StaticString,
        _ coding: ISOField.Coding
    ) throws(WireFailure) -> UInt64 {
        if coding == .binary { return try reader.integer(name, bytes: 8) }
        guard let bytes = ISOHex.bytes(try reader.bytes(name, count: 16)) else {
            throw reader.failure(name, .invalid)
        }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
