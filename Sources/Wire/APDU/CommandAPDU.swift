// SPDX-License-Identifier: Apache-2.0

/// A command to a card (ISO/IEC 7816-4 §5.1), short or extended.
package struct CommandAPDU: Equatable, Sendable {
    package let cla: UInt8
    package let ins: UInt8
    package let p1: UInt8
    package let p2: UInt8
    /// Up to ``dataBytesMax`` bytes.
    package let data: [UInt8]
    /// How many bytes of answer are expected (Ne), 0 for none.
    package let expected: Int

    package static let dataBytesMax = 65_535

    package init(
        cla: UInt8,
        ins: UInt8,
        p1: UInt8,
        p2: UInt8,
        data: [UInt8] = [],
        expected: Int = 256
    ) {
        precondition(data.count <= CommandAPDU.dataBytesMax && (0...65_536).contains(expected))
        self.cla = cla
        self.ins = ins
        self.p1 = p1
        self.p2 = p2
        self.data = data
        self.expected = expected
    }

    /// Parses any of the seven forms of a command.
    package init(_ bytes: [UInt8]) throws(WireFailure) {
        guard bytes.count >= 4 else {
            throw WireFailure(path: "command: header", problem: .truncated)
        }
        (cla, ins, p1, p2) = (bytes[0], bytes[1], bytes[2], bytes[3])
        (data, expected) = try CommandAPDU.body(Array(bytes[4...]))
    }

    package var bytes: [UInt8] {
        var result = [cla, ins, p1, p2]
        if data.count <= 255 && expected <= 256 {
            if !data.isEmpty { result += [UInt8(data.count)] + data }
            if expected > 0 { result.append(UInt8(truncatingIfNeeded: expected)) }
            return result
        }
        result.append(0)
        if !data.isEmpty { result += UInt16(data.count).bigEndian2 + data }
        if expected > 0 { result += UInt16(truncatingIfNeeded: expected).bigEndian2 }
        return result
    }

    private static func body(_ body: [UInt8]) throws(WireFailure) -> (data: [UInt8], expected: Int)
    {
        let failure = WireFailure(path: "command: length", problem: .invalid)
        guard let first = body.first else { return ([], 0) }
        if body.count == 1 { return ([], first == 0 ? 256 : Int(first)) }
        if first != 0 {
            let end = 1 + Int(first)
            if body.count == end { return (Array(body[1...]), 0) }
            guard body.count == end + 1 else { throw failure }
            return (Array(body[1..<end]), body[end] == 0 ? 256 : Int(body[end]))
        }
        guard body.count >= 3 else { throw failure }
        let length = Int(body[1]) << 8 | Int(body[2])
        if body.count == 3 { return ([], length == 0 ? 65_536 : length) }
        let end = 3 + length
        guard length > 0 else { throw failure }
        if body.count == end { return (Array(body[3...]), 0) }
        guard body.count == end + 2 else { throw failure }
        let expected = Int(body[end]) << 8 | Int(body[end + 1])
        return (Array(body[3..<end]), expected == 0 ? 65_536 : expected)
    }
}

extension UInt16 {
    fileprivate var bigEndian2: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}
