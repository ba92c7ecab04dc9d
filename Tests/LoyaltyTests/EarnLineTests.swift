// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Testing

@Suite struct EarnLineTests {
    private func line(
        _ text: String,
        _ exponent: Exponent = .units,
        hasNote: Bool = true
    ) throws(EarnLineRefusal) -> EarnLine {
        try EarnLine(Array(text.utf8)[...], exponent: exponent, hasNote: hasNote)
    }

    @Test func `a line names reference, member, points, day and a note`() throws {
        let line = try line("R-1,AB-1234-5678,150,2026-02-28,welcome")
        #expect(line.reference == "R-1" && line.member.text == "AB-1234-5678")
        #expect(line.points == 150 && line.note == "welcome")
        #expect(line.date == CivilDate(year: 2026, month: 2, dayOfMonth: 28))
    }

    @Test func `fields may stand in quotation marks, and a line may end in a carriage return`()
        throws
    {
        let line = try line("\"R-1\",A,1,2026-01-01,\"he said \"\"yes\"\", twice\"\r")
        #expect(line.reference == "R-1" && line.note == "he said \"yes\", twice")
        #expect(try self.line("R,A,1,2026-01-01,\"\"").note == "")
        #expect(try self.line("R,A,1,2026-01-01").note == "")
    }

    @Test func `points have as many decimals as the programme, or fewer`() throws {
        #expect(try line("R,A,1.5,2026-01-01", .cents).points == 150)
        #expect(try line("R,A,1.05,2026-01-01", .cents).points == 105)
        #expect(try line("R,A,7,2026-01-01", .cents).points == 700)
        #expect(try line("R,A,007,2026-01-01").points == 7)
        #expect(try line("R,A,1000000000000000,2026-01-01").points == EarnRule.earnedMax)
    }

    static let refused: [(String, EarnLineRefusal)] = [
        (String(repeating: "x", count: 401), .tooLong),
        ("R,A,1,2026-01-01,a\u{7}b", .unreadable),
        ("", .fields), ("R,A,1", .fields), ("R,A,1,2026-01-01,n,more", .fields),
        ("R\"S,A,1,2026-01-01", .fields), ("\"R,A,1,2026-01-01", .fields),
        ("\"R\"S,A,1,2026-01-01", .fields), ("\"", .fields), ("\"\"\"", .fields),
        (",A,1,2026-01-01", .reference), ("R S,A,1,2026-01-01", .reference),
        ("\(String(repeating: "r", count: 41)),A,1,2026-01-01", .reference),
        ("R,,1,2026-01-01", .memberNumber), ("R,a,1,2026-01-01", .memberNumber),
        ("R,\(String(repeating: "A", count: 21)),1,2026-01-01", .memberNumber),
        ("R,A,,2026-01-01", .points), ("R,A,-1,2026-01-01", .points),
        ("R,A,+1,2026-01-01", .points), ("R,A,1.,2026-01-01", .points),
        ("R,A,.5,2026-01-01", .points), ("R,A,1.2.3,2026-01-01", .points),
        ("R,A,1e3,2026-01-01", .points), ("R,A,1.5,2026-01-01", .decimals),
        ("R,A,1.0,2026-01-01", .decimals), ("R,A,0,2026-01-01", .zero),
        ("R,A,1000000000000001,2026-01-01", .tooMany),
        ("R,A,99999999999999999999999999999,2026-01-01", .tooMany),
        ("R,A,1,2026-1-1", .date), ("R,A,1,2026-02-29", .date), ("R,A,1,1999-12-31", .date),
        ("R,A,1,2100-01-01", .date), ("R,A,1,01.01.2026", .date), ("R,A,1,", .date),
        ("R,A,1,2026-01-01,\(String(repeating: "n", count: 121))", .note),
    ]

    @Test(arguments: refused)
    func `a bad line is refused for its first reason`(text: String, reason: EarnLineRefusal) {
        #expect(throws: reason) { try line(text) }
    }

    @Test func `a note where the header names none is a field too many`() {
        #expect(throws: EarnLineRefusal.fields) { try line("R,A,1,2026-01-01,n", hasNote: false) }
    }

    @Test func `a note that is no UTF-8 is not readable`() {
        let bytes = Array("R,A,1,2026-01-01,".utf8) + [0xC3]
        #expect(throws: EarnLineRefusal.unreadable) {
            try EarnLine(bytes[...], exponent: .units, hasNote: true)
        }
    }

    @Test func `random bytes are a line or a reason, and never a trap`() {
        var random = SystemRandomNumberGenerator()
        let letters = Array("RA1,\"2026-0.\r\u{1}".utf8) + [0xC3, 0xFF]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                letters[Int.random(in: 0..<letters.count, using: &random)]
            }
            _ = try? EarnLine(bytes[...], exponent: .cents, hasNote: true)
        }
    }

    @Test func `the header says whether lines have a note`() {
        func header(_ text: String) -> Bool? { EarnLine.header(Array(text.utf8)[...]) }
        #expect(header("reference,member,points,date") == false)
        #expect(header("\u{FEFF}reference,member,points,date,note\r") == true)
        for none in ["", "R,A,1,2026-01-01", "Reference,member,points,date", "member,reference"] {
            #expect(header(none) == nil)
        }
    }
}
