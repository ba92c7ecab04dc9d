// SPDX-License-Identifier: Apache-2.0

/// A BER-TLV data object (ISO/IEC 7816-4 §5.2.2): a tag of one or two bytes, a length of up to
/// three, a value.
package struct TLV: Equatable, Sendable {
    package let tag: UInt16
    package let value: [UInt8]

    package init(_ tag: UInt16, _ value: [UInt8]) {
        precondition(value.count <= 0xFFFF)
        self.tag = tag
        self.value = value
    }

    /// A constructed object around others.
    package init(_ tag: UInt16, _ parts: [TLV]) {
        self.init(tag, parts.flatMap(\.bytes))
    }

    package var bytes: [UInt8] {
        var result: [UInt8] = tag > 0xFF ? [UInt8(tag >> 8)] : []
        result.append(UInt8(truncatingIfNeeded: tag))
        switch value.count {
        case ..<0x80: result.append(UInt8(value.count))
        case ..<0x100: result += [0x81, UInt8(value.count)]
        default: result += [0x82, UInt8(value.count >> 8), UInt8(value.count & 0xFF)]
        }
        return result + value
    }

    /// All objects that `bytes` are made of.
    package static func parse(_ bytes: [UInt8]) throws(WireFailure) -> [TLV] {
        var reader = ByteReader(bytes, of: "TLV")
        var objects: [TLV] = []
        while reader.remaining > 0 {
            var tag = UInt16(try reader.byte("tag"))
            if tag & 0x1F == 0x1F {
                let second = try reader.byte("tag")
                guard second < 0x80 else { throw reader.failure("tag", .invalid) }
                tag = tag << 8 | UInt16(second)
            }
            objects.append(TLV(tag, try value(&reader)))
        }
        return objects
    }

    private static func value(_ reader: inout ByteReader) throws(WireFailure) -> [UInt8] {
        let first = try reader.byte("length")
        switch first {
        case ..<0x80: return try reader.bytes("value", count: Int(first))
        case 0x81, 0x82:
            let count = Int(try reader.integer("length", bytes: Int(first & 0xF)))
            return try reader.bytes("value", count: count)
        default: throw reader.failure("length", .invalid)
        }
    }
}
