// SPDX-License-Identifier: Apache-2.0

import Kernel

// An element as bytes.
extension ISOField {
    /// Where in a message a failure is.
    var path: String { "ISO 8583 message: field \(number) (\(name))" }

    /// Reads length and value.
    func read(
        from reader: inout ByteReader,
        lengthCoding: Coding
    ) throws(WireFailure) -> [UInt8] {
        do throws(WireFailure) {
            let value = try decoded(&reader, count: try count(&reader, lengthCoding))
            if problem(of: value) != nil { throw reader.failure("value", .invalid) }
            return value
        } catch {
            throw WireFailure(path: path, problem: error.problem)
        }
    }

    /// Writes length and value.
    func write(
        _ value: [UInt8],
        to writer: inout ByteWriter,
        lengthCoding: Coding
    ) throws(WireFailure) {
        if let problem = problem(of: value) { throw WireFailure(path: path, problem: problem) }
        switch length {
        case .fixed: break
        case .twoDigits: ISOField.write(value.count, digits: 2, to: &writer, lengthCoding)
        case .threeDigits: ISOField.write(value.count, digits: 3, to: &writer, lengthCoding)
        }
        switch coding {
        case .ascii, .binary: writer.append(value)
        case .packed: writer.append(ISOField.packed(value))
        case .hexadecimal: writer.append(ISOHex.characters(value))
        }
    }

    private func count(
        _ reader: inout ByteReader,
        _ lengthCoding: Coding
    ) throws(WireFailure) -> Int {
        let digits: Int
        switch length {
        case .fixed(let count): return count
        case .twoDigits: digits = 2
        case .threeDigits: digits = 3
        }
        let characters = try ISOField.digits(&reader, count: digits, lengthCoding)
        let count = characters.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard count <= lengthMax else { throw reader.failure("length", .invalid) }
        return count
    }

    private func decoded(
        _ reader: inout ByteReader,
        count: Int
    ) throws(WireFailure) -> [UInt8] {
        switch coding {
        case .ascii, .binary: return try reader.bytes("value", count: count)
        case .packed:
            let bytes = try reader.bytes("value", count: (count + 1) / 2)
            guard let characters = ISOField.unpacked(bytes, count: count) else {
                throw reader.failure("value", .invalid)
            }
            return characters
        case .hexadecimal:
            let characters = try reader.bytes("value", count: count * 2)
            guard let bytes = ISOHex.bytes(characters) else {
                throw reader.failure("value", .invalid)
            }
            return bytes
        }
    }
}

// Digits, alone and packed.
extension ISOField {
    /// Reads decimal digits, as ASCII characters or packed.
    static func digits(
        _ reader: inout ByteReader,
        count: Int,
        _ coding: Coding
    ) throws(WireFailure) -> [UInt8] {
        let isPacked = coding == .packed
        let bytes = try reader.bytes("digits", count: isPacked ? (count + 1) / 2 : count)
        guard let characters = isPacked ? unpacked(bytes, count: count) : bytes,
            characters.allSatisfy(Content.digits.holds)
        else { throw reader.failure("digits", .invalid) }
        return characters
    }

    /// Writes a number with so many digits, as ASCII characters or packed.
    static func write(
        _ number: Int,
        digits count: Int,
        to writer: inout ByteWriter,
        _ coding: Coding
    ) {
        let characters = Array(BCD.digits(BCD.pack(UInt64(number)), count: count).utf8)
        writer.append(coding == .packed ? packed(characters) : characters)
    }

    /// Two characters in each byte, behind a 0 where they are odd.
    static func packed(_ characters: [UInt8]) -> [UInt8] {
        let even =
            characters.count.isMultiple(of: 2) ? characters : [UInt8(ascii: "0")] + characters
        return stride(from: 0, to: even.count, by: 2).map {
            nibble(even[$0]) << 4 | nibble(even[$0 + 1])
        }
    }

    /// - Returns: nil where a nibble is no character, or the one before an odd number is not 0.
    private static func unpacked(_ bytes: [UInt8], count: Int) -> [UInt8]? {
        var characters: [UInt8] = []
        characters.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            for nibble in [byte >> 4, byte & 0xF] {
                switch nibble {
                case 0...9: characters.append(0x30 + nibble)
                case 0xD: characters.append(UInt8(ascii: "="))
                default: return nil
                }
            }
        }
        if count.isMultiple(of: 2) { return characters }
        return characters.first == UInt8(ascii: "0") ? Array(characters.dropFirst()) : nil
    }

    private static func nibble(_ character: UInt8) -> UInt8 {
        character == UInt8(ascii: "=") ? 0xD : character - 0x30
    }
}

/// Hexadecimal digits in upper case, as the messages have them.
enum ISOHex {
    static func characters(_ bytes: [UInt8]) -> [UInt8] {
        Hex.ascii(bytes).map { $0 >= 0x61 ? $0 - 0x20 : $0 }
    }

    /// - Returns: nil for an odd number of characters, a lower-case one or one that is none.
    static func bytes(_ characters: [UInt8]) -> [UInt8]? {
        guard characters.allSatisfy({ $0 < 0x61 }),
            let text = String(validating: characters, as: UTF8.self)
        else { return nil }
        return Hex.bytes(text)
    }
}
