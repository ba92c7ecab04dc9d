// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct CardHistoryEntryTests {
    @Test(arguments: 0..<50) func `each kind of row is read as it was written`(seed: UInt64) throws
    {
        var samples = Samples(seed)
        for entry in try samples.historyEntries() {
            #expect(try CardHistoryEntry(entry.bytes) == entry)
        }
    }

    @Test func `a row says which transaction it is about`() throws {
        var samples = Samples(1)
        let entries = try samples.historyEntries()
        guard case .debit(let debit) = entries[0].event,
            case .load(let request, _, _, let answer) = entries[1].event,
            case .recovery(let currency, let exponent, let recovery, let recovered) =
                entries[2].event,
            case .moved(let move) = entries[6].event
        else {
            Issue.record("The samples are a debit, a load, a recovery and, last, a move.")
            return
        }
        let movements = try (entries[..<3] + [entries[6]]).map { try #require($0.movement) }
        #expect(
            movements.map(\.number)
                == [debit.answer.number, answer.number, recovery.number, move.lastNumber]
        )
        #expect(
            movements.map(\.transaction)
                == [
                    debit.command.transaction, request.transaction, recovery.transaction,
                    move.transaction,
                ]
        )
        #expect(
            movements.map(\.balance)
                == [debit.answer.balance, answer.balance, recovered.balance, move.balance]
        )
        let amount = Money(
            minorUnits: recovery.minorUnits,
            currency: currency,
            exponent: exponent
        )
        #expect(
            movements.map(\.amount)
                == [debit.command.amount, request.amount, amount, move.amount]
        )
    }

    @Test func `a setting moves no value and is about no transaction`() throws {
        var samples = Samples(6)
        #expect(try samples.historyEntries()[3...4].allSatisfy { $0.movement == nil })
    }

    @Test func `a debit of points, points that expired and a number are kinds of their own`()
        throws
    {
        var samples = Samples(7)
        let entries = try samples.historyEntries()[7...9]
        #expect(entries.map { $0.bytes[0] } == [7, 8, 4])
        #expect(entries.map { $0.movement != nil } == [true, false, false])
        // Days that are not in order, or empty, are refused: number of days, then 3 and 8 each.
        var bytes = entries[7].bytes
        bytes[9] = 1
        #expect(throws: WireFailure.self) { try CardHistoryEntry(bytes) }
        bytes = entries[7].bytes
        bytes.replaceSubrange(13..<21, with: [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(throws: WireFailure.self) { try CardHistoryEntry(bytes) }
    }

    @Test func `a sweep moves value, and is no use of the card`() throws {
        var samples = Samples(8)
        let entry = try #require(try samples.historyEntries().last)
        guard case .swept(let swept) = entry.event else {
            Issue.record("The last sample is a sweep.")
            return
        }
        let movement = try #require(entry.movement)
        #expect(movement.amount == swept.amount && movement.balance == swept.balance)
        #expect(movement.transaction == swept.transaction)
        #expect(movement.number == swept.lastNumber && !entry.isUse)
    }

    @Test func `a debit that used up an exception is a kind of its own`() throws {
        var samples = Samples(7)
        let entries = try samples.historyEntries()
        #expect(entries.map { $0.bytes[0] } == [1, 2, 3, 4, 4, 5, 6, 7, 8, 4, 9])
        guard case .debit(let plain) = entries[0].event,
            case .debit(let excepted) = try CardHistoryEntry(entries[5].bytes).event
        else {
            Issue.record("both are debits")
            return
        }
        #expect(plain.exception == nil)
        #expect(excepted.exception != nil)
    }

    @Test func `each truncation and one byte more is a failure with a path`() throws {
        var samples = Samples(2)
        for entry in try samples.historyEntries() {
            let bytes = entry.bytes
            for count in 0..<bytes.count {
                let failure = #expect(throws: WireFailure.self) {
                    try CardHistoryEntry(Array(bytes[..<count]))
                }
                #expect(failure?.problem == .truncated)
                #expect(failure?.path.isEmpty == false)
            }
            #expect(throws: WireFailure(path: "card history: end", problem: .tooLong)) {
                try CardHistoryEntry(bytes + [0])
            }
        }
    }

    @Test func `damaged bytes are another row or a failure, and never a trap`() throws {
        var samples = Samples(3)
        for entry in try samples.historyEntries() {
            for _ in 0..<3_000 {
                let damaged = samples.random.damaged(entry.bytes)
                guard let again = try? CardHistoryEntry(damaged) else { continue }
                #expect(again.bytes == damaged)
                // A moment that was read can be shown.
                _ = CardTime(again.moment)
            }
        }
    }

    @Test func `a moment without civil time is refused`() throws {
        var samples = Samples(4)
        let bytes = try samples.historyEntries()[0].bytes
        for moment in [UInt64.max, 1 << 63, 253_402_300_800_000] {
            let damaged = [bytes[0]] + moment.bigEndianBytes + bytes[9...]
            #expect(throws: WireFailure(path: "card history: moment", problem: .invalid)) {
                try CardHistoryEntry(damaged)
            }
        }
    }

    @Test func `a note that could not be read again is never written`() async {
        await #expect(processExitsWith: .failure) {
            _ = try? Self.entry(note: String(repeating: "n", count: 257))
        }
        await #expect(processExitsWith: .failure) { _ = try? Self.entry(note: "a\u{A}b") }
    }

    @Test func `a setting is made in a name that can be read again`() async {
        #expect(CardHistoryEntry.isName(String(repeating: "n", count: 64)))
        for name in ["", String(repeating: "n", count: 65), "a\u{A}b"] {
            #expect(!CardHistoryEntry.isName(name))
        }
        await #expect(processExitsWith: .failure) {
            _ = CardHistoryEntry(
                moment: Instant(milliseconds: 0),
                event: .setting(.blocked(true), by: ""),
                note: ""
            )
        }
    }

    private static func entry(note: String) throws -> CardHistoryEntry {
        var samples = Samples(5)
        let event = try samples.historyEntries()[0].event
        return CardHistoryEntry(moment: samples.instant(), event: event, note: note)
    }
}

@Suite struct DirectLinkTests {
    private struct Echo: LinkService {
        func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
            request + Array(peer.utf8)
        }
    }

    @Test func `a link in one process gives the answer and tells who asks`() async throws {
        let link = DirectLink(to: Echo(), as: "shop")
        #expect(try await link.request([1]) == [1] + Array("shop".utf8))
    }

    @Test func `a request above the limit is not sent`() async throws {
        let link = DirectLink(to: Echo(), as: "")
        let most = [UInt8](repeating: 0, count: LinkLimits.messageBytesMax)
        #expect(try await link.request(most).count == most.count)
        await #expect(throws: LinkFailure.tooLarge) { try await link.request(most + [0]) }
    }
}
