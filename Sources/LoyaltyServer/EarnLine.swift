// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// One line of an earn file: `reference,member,points,date[,note]` (`docs/messages/earn-file.md`).
package struct EarnLine: Equatable, Sendable {
    /// Names the line in the programme: visible ASCII.
    package let reference: String
    package let member: MemberNumber
    /// In minor units.
    package let points: UInt64
    /// The day of the earning.
    package let date: CivilDate
    package let note: String

    /// A line without its end.
    package static let bytesMax = 400
    package static let referenceBytesMax = 40
    package static let noteBytesMax = 120

    /// - Parameters:
    ///   - line: without its line feed; a carriage return before it is dropped.
    ///   - exponent: of the programme's points.
    ///   - hasNote: whether the header names a note.
    /// - Throws: the first reason why it is none.
    package init(
        _ line: ArraySlice<UInt8>,
        exponent: Exponent,
        hasNote: Bool
    ) throws(EarnLineRefusal) {
        guard line.count <= EarnLine.bytesMax else { throw .tooLong }
        let line = line.last == 0x0D ? line.dropLast() : line
        guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .unreadable }
        let fields = try EarnLine.fields(of: line)
        guard fields.count == 4 || hasNote && fields.count == 5 else { throw .fields }
        guard (1...EarnLine.referenceBytesMax).contains(fields[0].count),
            fields[0].allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .reference }
        reference = String(decoding: fields[0], as: UTF8.self)
        guard fields[1].count <= MemberNumber.bytesMax,
            let member = MemberNumber(String(decoding: fields[1], as: UTF8.self))
        else { throw .memberNumber }
        self.member = member
        points = try EarnLine.points(fields[2], exponent)
        guard let date = EarnLine.date(fields[3]) else { throw .date }
        self.date = date
        guard fields.count == 5 else {
            note = ""
            return
        }
        guard let note = String(validating: fields[4], as: UTF8.self) else { throw .unreadable }
        guard note.utf8.count <= EarnLine.noteBytesMax else { throw .note }
        self.note = note
    }

    /// Fields between commas. A field may stand in quotation marks, which are doubled inside
    /// (RFC 4180).
    static func fields(
        of line: ArraySlice<UInt8>
    ) throws(EarnLineRefusal) -> [ArraySlice<UInt8>] {
        let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))
        var fields: [ArraySlice<UInt8>] = []
        var rest = line
        while true {
            guard rest.first == quote else {
                let end = rest.firstIndex(of: comma) ?? rest.endIndex
                guard !rest[..<end].contains(quote) else { throw .fields }
                fields.append(rest[..<end])
                if end == rest.endIndex { return fields }
                rest = rest[(end + 1)...]
                continue
            }
            rest = rest.dropFirst()
            var field: [UInt8] = []
            while let mark = rest.firstIndex(of: quote) {
                field += rest[..<mark]
                rest = rest[(mark + 1)...]
                guard rest.first == quote else { break }
                field.append(quote)
                rest = rest.dropFirst()
                if rest.isEmpty { throw .fields }
            }
            guard rest.startIndex > line.startIndex, line[rest.startIndex - 1] == quote,
                rest.isEmpty || rest.first == comma
            else { throw .fields }
            fields.append(field[...])
            if rest.isEmpty { return fields }
            rest = rest.dropFirst()
        }
    }

    /// Digits, and behind a point at most as many as the exponent says.
    private static func points(
        _ field: ArraySlice<UInt8>,
        _ exponent: Exponent
    ) throws(EarnLineRefusal) -> UInt64 {
        let parts = field.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }),
            parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } })
        else { throw .points }
        let decimals = parts.count == 2 ? parts[1].count : 0
        guard decimals <= Int(exponent.decimals) else { throw .decimals }
        var sum: UInt64 = 0
        let zeros = repeatElement(UInt8(0x30), count: Int(exponent.decimals) - decimals)
        for digit in [Array(parts.joined()), Array(zeros)].joined() {
            // Stays below what 64 bits hold.
            sum = sum * 10 + UInt64(digit - 0x30)
            guard sum <= EarnRule.earnedMax else { throw .tooMany }
        }
        guard sum > 0 else { throw .zero }
        return sum
    }

    private static func date(_ field: ArraySlice<UInt8>) -> CivilDate? {
        let text = Array(field)
        guard text.count == 10, text[4] == 0x2D, text[7] == 0x2D else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            text[range].reduce(0) { sum, digit in
                guard let sum, (0x30...0x39).contains(digit) else { return nil }
                return sum * 10 + Int(digit - 0x30)
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let date = CivilDate(year: year, month: month, dayOfMonth: day), date.isOfCards
        else { return nil }
        return date
    }

    /// Reads the first line of an earn file.
    ///
    /// - Returns: whether the lines may have a note; nil where this is no header.
    package static func header(_ line: ArraySlice<UInt8>) -> Bool? {
        var line = line
        // A mark of the byte order, which some programs put before UTF-8.
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        if line.last == 0x0D { line = line.dropLast() }
        if line.elementsEqual("reference,member,points,date".utf8) { return false }
        return line.elementsEqual("reference,member,points,date,note".utf8) ? true : nil
    }
}
