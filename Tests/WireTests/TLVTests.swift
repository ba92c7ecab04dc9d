// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct TLVTests {
    @Test(arguments: [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF])
    func `a value of any length is read as it was written`(count: Int) throws {
        for tag in [UInt16(0x84), 0xC1, 0x6F, 0x7F21, 0x5F2D] {
            let object = TLV(tag, [UInt8](repeating: 0x5A, count: count))
            #expect(try TLV.parse(object.bytes) == [object])
        }
    }

    @Test func `lengths have the shortest form`() {
        #expect(TLV(0xC1, [1]).bytes == [0xC1, 0x01, 0x01])
        #expect(
            Array(TLV(0xC1, [UInt8](repeating: 0, count: 0x80)).bytes.prefix(3)) == [
                0xC1, 0x81, 0x80,
            ]
        )
        #expect(
            Array(TLV(0x7F21, [UInt8](repeating: 0, count: 0x100)).bytes.prefix(5))
                == [0x7F, 0x21, 0x82, 0x01, 0x00]
        )
    }

    @Test func `objects stand one after another and inside each other`() throws {
        let inside = [TLV(0xC1, [1]), TLV(0xC2, [] as [UInt8])]
        let whole = TLV(0x6F, [TLV(0x84, [9]), TLV(0xA5, inside)])
        let parsed = try TLV.parse(whole.bytes)
        #expect(parsed == [whole])
        let parts = try TLV.parse(parsed[0].value)
        #expect(parts.map(\.tag) == [0x84, 0xA5])
        #expect(try TLV.parse(parts[1].value) == inside)
        #expect(try TLV.parse([]) == [])
    }

    @Test(arguments: [
        ([0x7F] as [UInt8], "TLV: tag", WireFailure.Problem.truncated),
        ([0x7F, 0x80], "TLV: tag", .invalid), ([0xC1], "TLV: length", .truncated),
        ([0xC1, 0x81], "TLV: length", .truncated), ([0xC1, 0x80], "TLV: length", .invalid),
        ([0xC1, 0x83, 0, 0, 0], "TLV: length", .invalid), ([0xC1, 2, 1], "TLV: value", .truncated),
        ([0xC1, 0x82, 0xFF, 0xFF, 1], "TLV: value", .truncated),
    ])
    func `what is no data object is a failure with its place`(
        bytes: [UInt8],
        path: String,
        problem: WireFailure.Problem
    ) {
        #expect(throws: WireFailure(path: path, problem: problem)) { try TLV.parse(bytes) }
    }

    @Test func `any bytes are data objects or a failure`() throws {
        var random = Seeded(30)
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int.random(in: 0...24, using: &random))
            guard let objects = try? TLV.parse(bytes) else { continue }
            #expect(try TLV.parse(objects.flatMap(\.bytes)) == objects)
        }
    }
}
