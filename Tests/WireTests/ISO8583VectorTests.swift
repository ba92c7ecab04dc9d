// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

/// What another implementation has encoded.
@Suite struct ISO8583VectorTests {
    @Test func `there are vectors of both dialects`() {
        #expect(ISO8583Vector.cases(of: .ascii1987).count >= 16)
        #expect(ISO8583Vector.cases(of: .binary1987).count >= 16)
    }

    @Test(arguments: ISO8583Vector.cases(of: .ascii1987))
    func `a message in characters is read and written as pyiso8583 does`(
        vector: ISO8583Vector
    ) throws {
        let message = try vector.message
        #expect(try ISODialect.ascii1987.decode(vector.encoded) == message)
        #expect(try ISODialect.ascii1987.encode(message) == vector.encoded)
    }

    @Test(arguments: ISO8583Vector.cases(of: .binary1987))
    func `a message in packed digits is read and written as pyiso8583 does`(
        vector: ISO8583Vector
    ) throws {
        let message = try vector.message
        #expect(try ISODialect.binary1987.decode(vector.encoded) == message)
        #expect(try ISODialect.binary1987.encode(message) == vector.encoded)
    }

    @Test(arguments: ISODialect.all)
    func `one vector has every element`(dialect: ISODialect) throws {
        let all = Set(dialect.fields.map(\.number))
        let vectors = ISO8583Vector.cases(of: dialect)
        #expect(try vectors.contains { Set(try $0.message.numbers) == all })
    }

    @Test(arguments: ISODialect.all)
    func `each truncation and one byte more is a failure with a path`(
        dialect: ISODialect
    ) throws {
        for vector in ISO8583Vector.cases(of: dialect) {
            let bytes = try vector.encoded
            for count in bytes.indices {
                let failure = #expect(throws: WireFailure.self) {
                    try dialect.decode(Array(bytes[..<count]))
                }
                #expect(failure?.problem == .truncated)
                #expect(failure?.path.hasPrefix("ISO 8583 message: ") == true)
            }
            #expect(throws: WireFailure(path: "ISO 8583 message: end", problem: .tooLong)) {
                try dialect.decode(bytes + [0])
            }
        }
    }

    @Test(arguments: ISODialect.all, 0..<4)
    func `damaged bytes are another message or a failure, and never a trap`(
        dialect: ISODialect,
        seed: UInt64
    ) throws {
        var random = Seeded(seed)
        for vector in ISO8583Vector.cases(of: dialect) {
            for _ in 0..<500 {
                let damaged = random.damaged(try vector.encoded)
                guard let message = try? dialect.decode(damaged) else { continue }
                // Each message has one form.
                #expect(try dialect.encode(message) == damaged)
            }
        }
    }

    @Test(arguments: ISODialect.all)
    func `random bytes are a message or a failure`(dialect: ISODialect) throws {
        var random = Seeded(7)
        let head = try dialect.encode(ISOMessage(.managementRequest)).prefix(
            dialect.typeCoding == .packed ? 2 : 4
        )
        for _ in 0..<20_000 {
            let bytes = head + random.bytes(Int.random(in: 0...80, using: &random))
            guard let message = try? dialect.decode(Array(bytes)) else { continue }
            #expect(try dialect.encode(message) == Array(bytes))
        }
    }
}
