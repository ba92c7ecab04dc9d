// SPDX-License-Identifier: Apache-2.0

import Kernel

extension CardTime {
    /// ISO 8601 in UTC, for example `2026-11-22T10:15:30Z`.
    var text: String {
        let digits = Array(BCD.digits(bcd, count: 14).utf8)
        var text: [UInt8] = []
        for (mark, range) in CardTime.groups {
            text.append(contentsOf: digits[range])
            text.append(mark)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: nil for any other form.
    init?(text: String) {
        let characters = Array(text.utf8)
        guard characters.count == 20 else { return nil }
        var digits: [UInt8] = []
        var position = 0
        for (mark, range) in CardTime.groups {
            digits.append(contentsOf: characters[position..<position + range.count])
            position += range.count
            guard characters[position] == mark else { return nil }
            position += 1
        }
        guard let bcd = BCD.parse(String(decoding: digits, as: UTF8.self), count: 14) else {
            return nil
        }
        self.init(bcd: bcd)
    }

    /// The digits of YYYYMMDDhhmmss and the character behind each group.
    private static let groups: [(UInt8, Range<Int>)] = [
        (UInt8(ascii: "-"), 0..<4), (UInt8(ascii: "-"), 4..<6), (UInt8(ascii: "T"), 6..<8),
        (UInt8(ascii: ":"), 8..<10), (UInt8(ascii: ":"), 10..<12), (UInt8(ascii: "Z"), 12..<14),
    ]
}
