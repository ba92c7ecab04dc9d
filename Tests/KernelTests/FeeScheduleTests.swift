// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// What is paid on which day.
@Suite struct FeeScheduleTests {
    private func rule(_ rate: UInt32) throws -> FeeRule {
        try #require(FeeRule(rate: rate, minimum: .zero, perBatch: .zero))
    }

    private func schedule(_ rates: [(Int64, UInt32?)]) throws -> FeeSchedule {
        var schedule = FeeSchedule()
        for (day, rate) in rates {
            let isSet = schedule.set(try rate.map(rule), from: day)
            #expect(isSet)
        }
        return schedule
    }

    private func rates(_ schedule: FeeSchedule, on days: Int64...) -> [UInt32?] {
        days.map { schedule.rule(on: $0)?.rate }
    }

    @Test func `a rule applies from its first day to the next one`() throws {
        // In whatever order they come.
        let schedule = try schedule([(20, 2), (10, 1), (30, nil)])
        #expect(rates(schedule, on: 9, 10, 19, 20, 29, 30, 99) == [nil, 1, 1, 2, 2, nil, nil])
        #expect(schedule.entries.map(\.firstDay) == [10, 20, 30])
        #expect(schedule.entries(after: 10).map(\.firstDay) == [20, 30])
    }

    @Test func `a rule alone applies on all days`() throws {
        let schedule = FeeSchedule(try rule(7))
        #expect(rates(schedule, on: 0, 2_932_896) == [7, 7])
        #expect(rates(FeeSchedule(), on: 0, 5) == [nil, nil])
    }

    @Test func `the later word for a day counts, and what was taken back does not`() throws {
        var schedule = try schedule([(0, 1), (10, 2), (10, 3)])
        #expect(rates(schedule, on: 9, 10) == [1, 3] && schedule.entries.count == 2)
        let withdrawn = [schedule.withdraw(from: 10), schedule.withdraw(from: 10)]
        #expect(withdrawn == [true, false] && rates(schedule, on: 10) == [1])
    }

    @Test func `where there is no rule, what stands behind it holds`() throws {
        let own = try schedule([(10, 1), (20, nil), (40, 4)])
        let all = try schedule([(0, 7), (30, 8), (35, nil)])
        let paid = own.fallingBack(to: all)
        #expect(rates(paid, on: 0, 10, 20, 30, 35, 40) == [7, 1, 7, 8, nil, 4])
        // Day by day it is one or the other.
        for day in Int64(0)...50 {
            #expect(paid.rule(on: day) == own.rule(on: day) ?? all.rule(on: day))
        }
        // The same rule twice is one.
        #expect(all.fallingBack(to: all) == all)
        #expect(try schedule([(10, 7)]).fallingBack(to: all).entries.map(\.firstDay) == [0])
    }

    @Test func `a schedule that is full takes another word for its days, and no more days`()
        throws
    {
        let days = (0..<Int64(FeeSchedule.entriesMax)).map { ($0, UInt32(1) as UInt32?) }
        var schedule = try schedule(days)
        let before = schedule
        let isSet = schedule.set(try rule(2), from: 1_000)
        #expect(!isSet && schedule == before)
        let isChanged = schedule.set(try rule(2), from: 5)
        #expect(isChanged && rates(schedule, on: 4, 5, 6) == [1, 2, 1])
        let entries = schedule.entries
        #expect(FeeSchedule(entries: entries) == schedule)
        let more = entries + [FeeSchedule.Entry(from: 1_000, nil)]
        #expect(FeeSchedule(entries: more) == nil)
        #expect(FeeSchedule(entries: entries.reversed()) == nil)
        #expect(FeeSchedule(entries: [entries[3], entries[3]]) == nil)
        #expect(FeeSchedule(entries: [FeeSchedule.Entry(from: -1, nil)]) == nil)
    }

    @Test func `whatever is set and taken back, a day pays what was last said of it`() throws {
        for seed in UInt64(1)...50 {
            var generator = Seeded(seed)
            var schedule = FeeSchedule()
            var said: [Int64: FeeRule?] = [:]
            for _ in 0..<60 {
                let day = Int64.random(in: 0...40, using: &generator)
                let rate = UInt32.random(in: 0...3, using: &generator)
                if Bool.random(using: &generator) {
                    let next = rate == 0 ? nil : try rule(rate)
                    let isSet = schedule.set(next, from: day)
                    #expect(isSet)
                    said[day] = .some(next)
                } else {
                    let isWithdrawn = schedule.withdraw(from: day)
                    let wasThere = said.removeValue(forKey: day) != nil
                    #expect(isWithdrawn == wasThere)
                }
                #expect(FeeSchedule(entries: schedule.entries) == schedule)
                for day in Int64(0)...41 {
                    let last = said.keys.filter { $0 <= day }.max()
                    #expect(schedule.rule(on: day) == last.flatMap { said[$0] ?? nil })
                }
            }
        }
    }

    @Test func `a rate is written in per cent, and an amount is read as it is written`() throws {
        #expect(try rule(12_000).percent == "1.2" && rule(1_000_000).percent == "100")
        #expect(try rule(1).percent == "0.0001" && rule(0).percent == "0")
        for text in ["0", "12", "0.001", "12.345678901234", "1000000000000000000000000"] {
            #expect(ExactAmount(decimal: text)?.decimal == text)
        }
        #expect(ExactAmount(decimal: "0.50") == ExactAmount(minorUnits: 50, .cents))
        #expect(ExactAmount(decimal: "0.123456789012") == ExactAmount(trillionths: 123_456_789_012))
        let wrong = [
            "", ".", "1.", ".5", "-1", "+1", "1,5", "1.2.3", " 1", "0.1234567890123",
            "9999999999999999999999999999999999999999",
        ]
        for text in wrong { #expect(ExactAmount(decimal: text) == nil, "\(text)") }
    }
}
