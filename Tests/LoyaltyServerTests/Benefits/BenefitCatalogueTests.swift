// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Records
import Testing

@Suite struct BenefitCatalogueTests {
    private let desk = BenefitDesk()
    private let noon = BenefitDesk.noon

    @Test func `a benefit costs points, money or both, and never nothing`() throws {
        let points = try BenefitDesk.points(500)
        let euros = Money(minorUnits: 250, currency: .euro, exponent: .cents)
        let nothing = Money(minorUnits: 0, currency: .euro, exponent: .cents)
        #expect(Benefit.Price() == nil)
        #expect(Benefit.Price(points: points)?.isMixed == false)
        #expect(Benefit.Price(money: euros)?.isMixed == false)
        #expect(Benefit.Price(points: points, money: euros)?.isMixed == true)
        #expect(Benefit.Price(points: euros) == nil && Benefit.Price(money: points) == nil)
        #expect(Benefit.Price(points: points, money: nothing) == nil)
        let proof = Money(minorUnits: 1, currency: .nothing, exponent: .units)
        #expect(Benefit.Price(money: proof) == nil)
    }

    @Test(arguments: ["", "Lounge", "a/b", "a b", String(repeating: "a", count: 33)])
    func `what is no code of a benefit is none`(_ text: String) {
        #expect(BenefitCode(text) == nil)
    }

    @Test func `a benefit has words that can be shown and a file without a path`() throws {
        let price = try #require(Benefit.Price(points: try BenefitDesk.points(1)))
        func make(
            _ title: String = "T",
            _ text: String = "D",
            file: String = "a.txt",
            programme: UInt16 = 0x9001
        ) throws -> Benefit? {
            Benefit(
                code: try BenefitDesk.code(),
                programme: try BenefitDesk.programme(programme),
                title: title,
                description: text,
                price: price,
                handout: .file(name: file, mediaType: "text/plain")
            )
        }
        #expect(try make() != nil)
        #expect(try make("") == nil && make("a\u{1}") == nil && make("T", "") == nil)
        #expect(try make(file: "../a") == nil && make(file: ".a") == nil && make(file: "") == nil)
        #expect(try make(programme: 0x9002) == nil, "Its points are those of another programme.")
    }

    @Test func `the catalogue shows a programme its own benefits by their codes`() async throws {
        try await desk.put(stock: 3)
        for (code, programme) in [("upgrade", 0x9001), ("bag", 0x9001), ("wine", 0x9002)] {
            let points = try BenefitDesk.points(10, of: UInt16(programme))
            let price = try #require(Benefit.Price(points: points))
            let benefit = try BenefitDesk.make(code, code, price)
            try await desk.benefits.put(benefit, stock: nil, now: noon)
        }
        let own = try await desk.benefits.list(try BenefitDesk.programme())
        #expect(own.map(\.benefit.code.text) == ["bag", "lounge", "upgrade"])
        #expect(try await desk.benefits.list().count == 4)
    }

    @Test func `a benefit put again keeps its stock and gets its new words`() async throws {
        try await desk.put(stock: 3)
        let view = try await desk.benefits.put(
            try BenefitDesk.lounge(600, title: "Lounge"),
            stock: 7,
            now: noon
        )
        #expect(view.benefit.title == "Lounge" && view.left == 3 && view.putIn == 3)
        try await desk.put(stock: 3)
        try await desk.put(stock: 3)
        #expect(try await desk.benefits.find(try BenefitDesk.code()).benefit.title == "Lounge pass")
        await #expect(throws: BenefitFailure.otherProgramme) {
            try await desk.benefits.put(
                try BenefitDesk.lounge(programme: 0x9002),
                stock: nil,
                now: noon
            )
        }
    }

    @Test func `restocking twice puts in once, and never less than was given`() async throws {
        try await desk.put(stock: 1)
        let (code, order) = (try BenefitDesk.code(), desk.order())
        try await desk.benefits.reserve(
            code,
            for: try BenefitDesk.member(),
            transaction: order,
            now: noon
        )
        for _ in 0..<2 {
            let view = try await desk.benefits.restock(code, to: 10, now: noon)
            #expect(view.left == 9 && view.putIn == 10)
        }
        await #expect(throws: BenefitFailure.stockTooSmall) {
            try await desk.benefits.restock(code, to: 0, now: noon)
        }
        await #expect(throws: BenefitFailure.stockTooLarge) {
            try await desk.benefits.restock(code, to: BenefitLimits.stockMax + 1, now: noon)
        }
        #expect(try await desk.benefits.restock(code, to: nil, now: noon).left == nil)
        #expect(try await desk.benefits.restock(code, to: 1, now: noon).left == 0)
        #expect(try await desk.audit().findings == [])
    }

    @Test func `a stock beyond all bounds is refused`() async throws {
        await #expect(throws: BenefitFailure.stockTooLarge) {
            try await desk.put(stock: BenefitLimits.stockMax + 1)
        }
        await #expect(throws: BenefitFailure.unknownBenefit) {
            try await desk.benefits.find(try BenefitDesk.code())
        }
    }

    @Test func `a member sees the own redemptions, newest first, and no other's`() async throws {
        try await desk.put(stock: nil)
        let code = try BenefitDesk.code()
        // One number begins with the other.
        let (ada, ben) = (try BenefitDesk.member("SK-1"), try BenefitDesk.member("SK-12"))
        var orders: [TransactionIdentifier] = []
        for position in 0..<6 {
            let time = noon.adding(.seconds(Int64(position)))
            let order = TransactionIdentifier(at: time, random: desk.random.pair())
            orders.append(order)
            try await desk.benefits.reserve(
                code,
                for: position.isMultiple(of: 2) ? ada : ben,
                transaction: order,
                now: time
            )
        }
        let own = try await desk.benefits.redemptions(of: ada, limit: 2)
        #expect(own.map(\.transaction) == [orders[4], orders[2]])
        let rest = try await desk.benefits.redemptions(of: ada, before: orders[2], limit: 9)
        #expect(rest.map(\.transaction) == [orders[0]])
        #expect(try await desk.benefits.redemptions(of: ben, limit: 9).count == 3)
        let all = try await desk.benefits.redemptions(limit: 9)
        #expect(all.map(\.transaction) == Array(orders.reversed()))
    }

    @Test func `a round finds reservations that nobody can pay for any more`() async throws {
        try await desk.put(stock: nil)
        let (old, given) = (desk.order(), desk.order())
        for order in [old, given] {
            try await desk.benefits.reserve(
                try BenefitDesk.code(),
                for: try BenefitDesk.member(),
                transaction: order,
                now: noon
            )
        }
        try await desk.benefits.fulfil(given, now: noon)
        let end = noon.adding(BenefitLimits.reservationTime)
        #expect(try await desk.benefits.over(at: end).lines.isEmpty)
        let late = try await desk.benefits.over(at: end.adding(.seconds(1)))
        #expect(late.lines.map(\.transaction) == [old] && late.next == nil)
    }

    // MARK: The audit

    @Test func `an audit finds a redemption that was taken away and one put back`() async throws {
        try await desk.put(stock: 2)
        let order = desk.order()
        try await desk.benefits.reserve(
            try BenefitDesk.code(),
            for: try BenefitDesk.member(),
            transaction: order,
            now: noon
        )
        #expect(try await desk.audit().findings == [])
        let key = RecordKey(BenefitRecords.redemption, order.bytes)
        let record = try #require(try await desk.store.read(key))
        let removal = RecordWrite.delete(key, expectedRevision: record.revision)
        #expect(try await desk.store.commit(Transition(writes: [removal])) == .committed)
        let problems = try await desk.audit().findings.map(\.problem)
        #expect(problems.contains("has other redemptions than its stock says"))
        #expect(problems.contains("is of no redemption"))
    }
}
