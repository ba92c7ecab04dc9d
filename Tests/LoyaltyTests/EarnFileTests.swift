// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Records
import Simulation
import Testing

@Suite struct EarnFileTests {
    private let world: LoyaltyWorld
    private let member: Membership
    private let other: Membership
    private let now = LoyaltyWorld.now

    init() async throws {
        world = try LoyaltyWorld()
        try await world.found()
        member = try await world.enrol(1, in: world.inDatabase, as: "M-1")
        other = try await world.enrol(2, in: world.inDatabase, as: "M-2")
    }

    private var code: Currency { world.inDatabase.code }

    private func total(_ member: Membership) async throws -> UInt64 {
        try await world.module.member(member).tranches.total
    }

    /// Accepted, refused, known.
    private func counts(_ batch: EarnBatch) -> [UInt64] {
        [batch.accepted, batch.refused, batch.known]
    }

    private let lines = [
        "R-1,M-1,1.50,2026-03-01,breakfast", "R-2,M-2,2,2026-02-01", "R-3,M-1,0.25,2026-03-04",
    ]

    @Test func `each line earns its points for its member`() async throws {
        let batch = try await world.apply(lines, to: code)
        #expect(batch.isWhole && counts(batch) == [3, 0, 0] && batch.points == 375)
        #expect(try await total(member) == 175)
        #expect(try await total(other) == 200)
        let rows = try await world.module.statement(of: member, limit: 10)
        #expect(rows.map(\.entry.event) == [.earned, .earned, .enrolled])
        #expect(rows.last.map(\.number) == 1)
        #expect(rows[1].entry.reference == "R-1" && rows[1].entry.note == "breakfast")
        #expect(rows[1].entry.expiry?.bcd == 0x27_0331 && rows[0].entry.here == 175)
        let older = try await world.module.statement(of: member, before: 3, limit: 1)
        #expect(older.map(\.number) == [2])
        #expect(try await world.findings() == [])
    }

    @Test func `the same file again is recognised whole`() async throws {
        let first = try await world.apply(lines, to: code)
        let commits = world.store.commits
        #expect(try await world.apply(lines, to: code) == first)
        let name = try LoyaltyWorld.file(1, of: code)
        let bytes = lines.map { Array($0.utf8)[...] }
        #expect(try await world.module.apply(bytes, of: name, from: 0, now: now) == first)
        #expect(world.store.commits == commits)
        #expect(try await total(member) == 175)
    }

    @Test func `the same line in another file, or twice in one, is recognised by its reference`()
        async throws
    {
        try await world.apply(lines, to: code)
        let more = lines + ["R-4,M-1,1,2026-03-01", "R-4,M-1,1.00,2026-03-01,again"]
        let batch = try await world.apply(more, to: code, file: 2)
        #expect(counts(batch) == [1, 0, 4] && batch.points == 100)
        #expect(try await total(member) == 275)
        #expect(try await world.findings() == [])
    }

    @Test func `the newest files are listed first, however they are named`() async throws {
        for (day, file) in [UInt8(9), 200, 1, 77].enumerated() {
            let then = now.after(days: Int64(day))
            try await world.apply(["R-\(file),M-1,1,2026-03-01"], to: code, file: file, now: then)
        }
        let files = try await world.module.batches(of: code, limit: 2)
        #expect(files.newest.map(\.name.digest.first) == [77, 1] && files.count == 4)
    }

    @Test func `a line that was applied is known when it would be refused now`() async throws {
        let line = "R-1,M-1,1,2026-03-01"
        try await world.apply([line], to: code)
        let later = now.after(days: 800)
        let batch = try await world.apply(
            [line, "R-1,M-1,2,2026-03-01", "R-2,M-1,1,2026-03-01"],
            to: code,
            file: 2,
            now: later
        )
        #expect(counts(batch) == [0, 2, 1])
        let name = try LoyaltyWorld.file(2, of: code)
        let refused = try await world.module.refusedLines(of: name, limit: 9)
        #expect(refused.map(\.reason) == [.expired, .expired])
        #expect(try await world.findings() == [])
    }

    @Test func `a reference that was used is told before a member that there is not`()
        async throws
    {
        try await world.apply(["R-1,M-1,1,2026-03-01"], to: code)
        try await world.apply(["R-1,M-9,1,2026-03-01"], to: code, file: 2)
        let name = try LoyaltyWorld.file(2, of: code)
        let refused = try await world.module.refusedLines(of: name, limit: 9)
        #expect(refused.map(\.reason) == [.referenceDiffers])
    }

    @Test func `a reference stands for one line of a programme, and not for those of another`()
        async throws
    {
        let elsewhere = try await world.enrol(3, as: "M-1")
        try await world.apply(["R-1,M-1,7,2026-03-01"], to: elsewhere.programme)
        let batch = try await world.apply(lines, to: code)
        #expect(counts(batch) == [3, 0, 0])
    }

    @Test func `bad lines are refused with number and reason, the others applied`() async throws {
        try await world.apply(["R-0,M-1,1,2026-03-01"], to: code, file: 9)
        let bad: [(String, EarnLineRefusal)] = [
            ("nonsense", .fields), ("R-1,m,1,2026-03-01", .memberNumber),
            ("R-2,M-1,1.555,2026-03-01", .decimals), ("R-3,M-1,1,2026-03-05", .future),
            ("R-4,M-1,1,2025-02-28", .expired), ("R-0,M-1,2,2026-03-01", .referenceDiffers),
            ("R-0,M-2,1,2026-03-01", .referenceDiffers),
            ("R-0,M-1,1,2026-03-02", .referenceDiffers),
            ("R-5,M-9,1,2026-03-01", .unknownMember), ("R-6,M-1,0,2026-03-01", .zero),
        ]
        let batch = try await world.apply(
            ["R-7,M-1,1,2026-03-01"] + bad.map(\.0) + ["R-8,M-1,1,2026-03-01"],
            to: code
        )
        #expect(counts(batch) == [2, UInt64(bad.count), 0] && batch.isWhole)
        let name = try LoyaltyWorld.file(1, of: code)
        let refused = try await world.module.refusedLines(of: name, limit: 100)
        #expect(refused.map(\.reason) == bad.map(\.1))
        #expect(refused.map(\.number) == (0..<UInt32(bad.count)).map { $0 + 3 })
        #expect(refused.map(\.text) == bad.map(\.0))
        let page = try await world.module.refusedLines(of: name, after: 3, limit: 2)
        #expect(page.map(\.number) == [4, 5])
        #expect(try await total(member) == 300)
        #expect(try await world.findings() == [])
    }

    @Test func `a member whose record was changed stops its own lines and no others`()
        async throws
    {
        let record = try #require(
            try await world.store.list(
                LoyaltyRecords.member,
                after: nil,
                limit: 1,
                order: .ascending
            )
            .first
        )
        #expect(record.key.bytes.suffix(3).elementsEqual("M-1".utf8))
        let write = RecordWrite.put(
            record.key,
            expectedRevision: record.revision,
            body: record.body
        )
        _ = try await world.store.inner.commit(Transition(writes: [write]))
        let batch = try await world.apply(lines, to: code)
        #expect(counts(batch) == [1, 2, 0])
        let name = try LoyaltyWorld.file(1, of: code)
        let refused = try await world.module.refusedLines(of: name, limit: 9)
        #expect(refused.map(\.reason) == [.damaged, .damaged])
        // What is owed to the others is told all the same.
        let owed = try await world.module.liability(of: code, asksForCards: false)
        #expect(owed.memberCount == 1 && owed.damagedCount == 1 && owed.earned == 200)
        let members = try await world.module.members(of: code, limit: 9)
        #expect(members.map { $0.member?.membership } == [other, nil])
        #expect(members.allSatisfy { $0.enrolment != nil })
    }

    @Test func `a refused line keeps its beginning, without what is no visible character`()
        async throws
    {
        let long = "R-1,M-1,1,2026-03-01,\u{7}" + String(repeating: "ü", count: 100)
        try await world.apply([long], to: code)
        let name = try LoyaltyWorld.file(1, of: code)
        let line = try await world.module.refusedLines(of: name, limit: 1).first
        #expect(line?.reason == .unreadable)
        #expect(line?.text.utf8.count == LoyaltyLimits.refusedTextBytesMax)
        #expect(line?.text.hasPrefix("R-1,M-1,1,2026-03-01,???") == true)
    }

    @Test func `more points than a card can hold are refused where points are on cards`()
        async throws
    {
        let card = try await world.enrol(3)
        let batch = try await world.apply(
            [
                "R-1,\(card.number.text),1000001,2026-03-01",
                "R-2,\(card.number.text),1000000,2026-03-01",
            ],
            to: card.programme
        )
        #expect(counts(batch) == [1, 1, 0])
    }

    @Test func `what cannot be begun is refused in the order of precedence`() async throws {
        func begin(
            _ file: UInt8 = 1,
            _ code: Currency? = nil,
            header: String = "reference,member,points,date",
            fileName: String = "points.csv",
            lines: UInt64 = 3
        ) async throws {
            _ = try await world.module.begin(
                LoyaltyWorld.file(file, of: code ?? self.code),
                fileName: fileName,
                header: Array(header.utf8)[...],
                lines: lines,
                now: now
            )
        }
        let tooMany = LoyaltyLimits.fileLinesMax + 1
        let unknown = try #require(Currency(bcd: 0x9007))
        await #expect(throws: LoyaltyFailure.unknownProgramme) {
            try await begin(1, unknown, header: "", fileName: "", lines: tooMany)
        }
        await #expect(throws: LoyaltyFailure.headerUnreadable) {
            try await begin(header: "", fileName: "", lines: tooMany)
        }
        await #expect(throws: LoyaltyFailure.fileNameUnreadable) {
            try await begin(fileName: "", lines: tooMany)
        }
        await #expect(throws: LoyaltyFailure.tooManyLines) { try await begin(lines: tooMany) }
        try await begin()
        await #expect(throws: LoyaltyFailure.batchDiffers) { try await begin(lines: 4) }
    }

    @Test func `lines that leave a gap, or go beyond the file, are not applied`() async throws {
        let name = try LoyaltyWorld.file(1, of: code)
        let bytes = lines.map { Array($0.utf8)[...] }
        await #expect(throws: LoyaltyFailure.unknownBatch) {
            try await world.module.apply(bytes, of: name, from: 0, now: now)
        }
        _ = try await world.module.begin(
            name,
            fileName: "points.csv",
            header: Array("reference,member,points,date,note".utf8)[...],
            lines: 3,
            now: now
        )
        await #expect(throws: LoyaltyFailure.positionDiffers(0)) {
            try await world.module.apply(Array(bytes[1...]), of: name, from: 1, now: now)
        }
        await #expect(throws: LoyaltyFailure.tooManyLines) {
            try await world.module.apply(bytes + bytes, of: name, from: 0, now: now)
        }
        var batch = try await world.module.apply(
            Array(bytes[..<2]),
            of: name,
            from: 0,
            now: now
        )
        #expect(batch.position == 2 && !batch.isWhole && batch.nextLine == 4)
        // Lines that are behind it already are passed over.
        batch = try await world.module.apply(bytes, of: name, from: 0, now: now)
        #expect(batch.isWhole && counts(batch) == [3, 0, 0])
        let files = try await world.module.batches(of: code, limit: 9)
        #expect(files.newest == [batch] && files.count == 1)
        #expect(try await world.module.batches(of: world.onCards.code, limit: 9).count == 0)
    }

    @Test(arguments: 0..<6, [CrashingStore.Fault.before, .after])
    func `a crash in the middle of a file doubles no line and loses none`(
        commits: Int,
        fault: CrashingStore.Fault
    ) async throws {
        var lines = (0..<4_500).map { "R-\($0),M-\($0 % 2 + 1),1,2026-03-01" }
        lines[1_234] = "bad"
        lines[3_456] = lines[7]
        world.store.crash(after: commits, fault)
        await #expect(throws: LoyaltyFailure.self) { try await world.apply(lines, to: code) }
        let restarted = try world.restarted()
        let batch = try await restarted.apply(lines, to: code)
        #expect(batch.isWhole && counts(batch) == [4_498, 1, 1])
        let sums = try await restarted.audit().programmes[code]
        #expect(sums?.earned == 449_800 && sums?.here == 449_800)
        let name = try LoyaltyWorld.file(1, of: code)
        let refused = try await restarted.module.refusedLines(of: name, limit: 9)
        #expect(refused.map(\.number) == [1_236])
        #expect(try await restarted.findings() == [])
    }

    @Test func `two processes that apply one file apply each line once`() async throws {
        let lines = (0..<3_000).map { "R-\($0),M-\($0 % 2 + 1),1,2026-03-01" }
        let second = try world.restarted()
        async let first = world.apply(lines, to: code)
        async let other = second.apply(lines, to: code)
        let batches = try await [first, other]
        #expect(batches.allSatisfy { $0.isWhole && $0.accepted == 3_000 })
        #expect(try await total(member) == 150_000)
        #expect(try await world.findings() == [])
    }

    @Test func `refused lines are counted exactly, and kept up to a bound`() async throws {
        let count = Int(LoyaltyLimits.refusedLinesMax) + 5
        let batch = try await world.apply(Array(repeating: "bad", count: count), to: code)
        #expect(batch.refused == UInt64(count))
        #expect(try await world.store.inner.count(LoyaltyRecords.refusedLine) == count - 5)
    }
}
