// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// Which of 1,024 numbers NTPSAM of a security card have moved money in the books: a number is
/// that of one sale. Format 1: a bit of each, 128 bytes. The key is IDPSAM and NTPSAM / 1,024.
struct CountedNumbers: Equatable, Sendable {
    /// A security card, and which thousand of its numbers.
    struct Block: Hashable, Sendable {
        let securityCard: SecurityCardIdentifier
        let number: UInt32

        init(of sale: CollectedSale) {
            securityCard = sale.securityCard
            number = sale.securityCardNumber / CountedNumbers.size
        }

        var bytes: [UInt8] { securityCard.bytes + number.bigEndianBytes }
    }

    static let size: UInt32 = 1_024
    private static let format: UInt8 = 1
    private static let bytesCount = Int(size / 8)

    private let name: [UInt8]
    private var bits = [UInt8](repeating: 0, count: bytesCount)

    init(_ block: Block) {
        name = block.bytes
    }

    /// Takes a number.
    ///
    /// - Returns: false where it was taken before.
    mutating func take(_ number: UInt32) -> Bool {
        let index = number % CountedNumbers.size
        let mask: UInt8 = 1 << UInt8(index % 8)
        guard bits[Int(index / 8)] & mask == 0 else { return false }
        bits[Int(index / 8)] |= mask
        return true
    }
}

extension CountedNumbers: ClearingRecord {
    static let kind = ClearingRecords.counted
    var key: [UInt8] { name }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        name = key
        var reader = ByteReader(body, of: "counted numbers")
        guard try reader.byte("format") == CountedNumbers.format else {
            throw reader.failure("format", .invalid)
        }
        bits = try reader.bytes("bits", count: CountedNumbers.bytesCount)
        try reader.end()
    }

    var bytes: [UInt8] { [CountedNumbers.format] + bits }
}
