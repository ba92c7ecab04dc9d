// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// The members of one JSON object (RFC 8259): texts and numbers by name. Values of other kinds are
/// checked and skipped. A small reader of its own, because it must be total, must refuse a name
/// that stands twice, and must give numbers without rounding.
struct JSONMembers {
    indirect enum Value: Equatable {
        case text(String)
        /// As written.
        case number(String)
        case object([String: Value])
        case other
    }

    /// Arrays and objects in each other.
    static let depthMax = 8

    private let values: [String: Value]

    /// - Returns: nil unless the bytes are one object in UTF-8 with distinct names.
    init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var scanner = JSONScanner(bytes)
        do throws(JSONScanner.Stop) {
            scanner.skipBlanks()
            values = try scanner.object(depth: 1)
            scanner.skipBlanks()
        } catch {
            return nil
        }
        if !scanner.isAtEnd { return nil }
    }

    private init(_ values: [String: Value]) {
        self.values = values
    }

    func has(_ name: String) -> Bool { values[name] != nil }

    var names: [String] { Array(values.keys) }

    /// An object within this one.
    func members(_ name: String) -> JSONMembers? {
        if case .object(let values) = values[name] { JSONMembers(values) } else { nil }
    }

    func text(_ name: String) -> String? {
        if case .text(let text) = values[name] { text } else { nil }
    }

    /// An unsigned integer, written as digits without a leading zero.
    func number(_ name: String) -> UInt64? {
        if case .number(let text) = values[name] { DecimalText.integer(text) } else { nil }
    }

    /// A text in quotation marks. For visible ASCII and UTF-8 without control characters.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}

extension JSONMembers {
    /// An amount with the members `currency` and `exponent` beside it.
    func money(_ name: String) -> Money? {
        guard let minorUnits = text(name).flatMap(DecimalText.integer),
            let currency = text("currency").flatMap({ BCD.parse($0, count: 4) })
                .flatMap({ Currency(bcd: UInt16($0)) }),
            let exponent = number("exponent").flatMap({ UInt8(exactly: $0) })
                .flatMap({ Exponent($0) })
        else { return nil }
        return Money(minorUnits: minorUnits, currency: currency, exponent: exponent)
    }
}

/// Reads JSON from its first byte to its last.
private struct JSONScanner {
    /// The bytes are not JSON.
    struct Stop: Error {}

    private let bytes: [UInt8]
    private var offset = 0

    /// - Parameter bytes: UTF-8.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset == bytes.count }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipBlanks() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { offset += 1 }
    }

    private mutating func take() throws(Stop) -> UInt8 {
        guard let byte = next else { throw Stop() }
        offset += 1
        return byte
    }

    private mutating func skip(_ character: Unicode.Scalar) throws(Stop) {
        guard try take() == UInt8(ascii: character) else { throw Stop() }
    }

    /// Takes a character where it stands.
    private mutating func has(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func object(depth: Int) throws(Stop) -> [String: JSONMembers.Value] {
        guard depth <= JSONMembers.depthMax else { throw Stop() }
        var values: [String: JSONMembers.Value] = [:]
        try skip("{")
        skipBlanks()
        if has("}") { return values }
        repeat {
            skipBlanks()
            let name = try text()
            skipBlanks()
            try skip(":")
            let value = try value(depth: depth)
            guard values.updateValue(value, forKey: name) == nil else { throw Stop() }
        } while has(",")
        try skip("}")
        return values
    }

    /// A value with the blanks around it.
    private mutating func value(depth: Int) throws(Stop) -> JSONMembers.Value {
        skipBlanks()
        defer { skipBlanks() }
        switch next {
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): try skipArray(depth: depth + 1)
        case UInt8(ascii: "t"): try skipWord("true")
        case UInt8(ascii: "f"): try skipWord("false")
        case UInt8(ascii: "n"): try skipWord("null")
        default: return .number(try number())
        }
        return .other
    }

    private mutating func skipArray(depth: Int) throws(Stop) {
        guard depth <= JSONMembers.depthMax else { throw Stop() }
        try skip("[")
        skipBlanks()
        if has("]") { return }
        repeat { _ = try value(depth: depth) } while has(",")
        try skip("]")
    }

    private mutating func skipWord(_ word: String) throws(Stop) {
        for byte in word.utf8 where try take() != byte { throw Stop() }
    }

    private mutating func digits() throws(Stop) {
        let start = offset
        while let byte = next, (0x30...0x39).contains(byte) { offset += 1 }
        if offset == start { throw Stop() }
    }

    private mutating func number() throws(Stop) -> String {
        let start = offset
        _ = has("-")
        if !has("0") { try digits() }
        if has(".") { try digits() }
        if has("e") || has("E") {
            if !has("+") { _ = has("-") }
            try digits()
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func text() throws(Stop) -> String {
        var text: [UInt8] = []
        try skip("\"")
        while true {
            let byte = try take()
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escaped()).utf8)
            case 0..<0x20: throw Stop()
            default: text.append(byte)
            }
        }
    }

    /// What stands behind a backslash.
    private mutating func escaped() throws(Stop) -> Unicode.Scalar {
        switch try take() {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try scalar()
        default: throw Stop()
        }
    }

    /// The four digits of a `\u`, with those of the second one where two make a pair.
    private mutating func scalar() throws(Stop) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        try skip("\\")
        try skip("u")
        let second = try codeUnit()
        guard first < 0xDC00, (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw Stop() }
        return scalar
    }

    private mutating func codeUnit() throws(Stop) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hex.digit(try take()) else { throw Stop() }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
