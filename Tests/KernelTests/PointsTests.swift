// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct PointsTests {
    private let july = CardDate(CivilDate(day: 20_665))
    private let august = CardDate(CivilDate(day: 20_696))

    private func tranches(_ all: (CardDate, UInt64)...) throws -> PointsTranches {
        try #require(
            PointsTranches(all.map { PointsTranche(expiry: $0, minorUnits: $1) })
        )
    }

    private func amounts(_ tranches: PointsTranches) -> [UInt64] {
        tranches.all.map(\.minorUnits)
    }

    /// Noon of a day.
    private func noon(_ day: Int64) -> Instant {
        Instant(milliseconds: day * 86_400_000 + 43_200_000)
    }

    // MARK: Tranches

    @Test func `points of one day are one tranche, in the order of the days`() {
        var points = PointsTranches()
        points.put(5, until: august)
        points.put(3, until: july)
        points.put(2, until: august)
        points.put(0, until: PointsTranche.never)
        points.put(1, until: PointsTranche.never)
        #expect(amounts(points) == [3, 7, 1] && points.total == 11)
        #expect(points.all.map(\.expiry) == [july, august, PointsTranche.never])
    }

    @Test func `what expires first is taken first`() throws {
        var points = try tranches((july, 3), (august, 7))
        #expect(points.take(0) == [])
        let taken = points.take(4)
        #expect(taken.map(\.minorUnits) == [3, 1] && taken.map(\.expiry) == [july, august])
        #expect(amounts(points) == [6] && points.total == 6)
        #expect(points.take(6).map(\.minorUnits) == [6])
        #expect(points == PointsTranches())
    }

    @Test func `what is restored returns to its day`() throws {
        var points = try tranches((july, 3), (august, 7))
        let before = points
        points.restore(points.take(5), at: noon(20_000))
        #expect(points == before)
    }

    @Test func `what has expired meanwhile is restored for thirty days`() throws {
        var points = try tranches((july, 3), (august, 7))
        let taken = points.take(5)
        let moment = noon(20_666)
        points.restore(taken, at: moment)
        let grace = CardDate(CivilDate(day: 20_696))
        #expect(points.all.map(\.expiry) == [grace] && points.total == 10)
        #expect(!points.isDue(at: CardTime(noon(20_696))))
        #expect(points.isDue(at: CardTime(noon(20_697))))
    }

    @Test func `what expired while an order held it is restored for as many days`() throws {
        var points = try tranches((july, 3), (august, 7))
        let taken = points.take(5)
        points.restore(taken, heldSince: noon(20_664), at: noon(20_666))
        #expect(points.all.map(\.expiry) == [CardDate(CivilDate(day: 20_667)), august])
        #expect(amounts(points) == [3, 7])
        // Within its day nothing is gained.
        points.restore(points.take(3), heldSince: noon(20_666), at: noon(20_667))
        #expect(points.all.map(\.expiry) == [CardDate(CivilDate(day: 20_667)), august])
    }

    @Test func `what is restored without room for another day joins the last one`() throws {
        var points = PointsTranches()
        for day in 0..<PointsTranches.tranchesMax {
            points.put(1, until: CardDate(CivilDate(day: 20_700 + Int64(day))))
        }
        #expect(!points.hasRoom(for: july) && points.hasRoom(for: points.all[9].expiry))
        points.restore([PointsTranche(expiry: july, minorUnits: 5)], at: noon(20_600))
        #expect(points.all.count == PointsTranches.tranchesMax)
        #expect(points.all.last?.minorUnits == 6)
    }

    @Test func `points expire with the end of their day`() throws {
        var points = try tranches((july, 3), (august, 7))
        #expect(points.expire(at: CardTime(noon(20_665))) == 0)
        #expect(!points.isDue(at: CardTime(noon(20_665))))
        #expect(points.isDue(at: CardTime(noon(20_666))))
        #expect(points.expire(at: CardTime(noon(20_666))) == 3)
        #expect(points.total == 7)
        #expect(points.expire(at: CardTime(noon(30_000))) == 7)
        #expect(points.total == 0)
    }

    @Test func `disorder, emptiness, excess and overflow are no tranches`() {
        func made(_ all: (CardDate, UInt64)...) -> PointsTranches? {
            PointsTranches(all.map { PointsTranche(expiry: $0, minorUnits: $1) })
        }
        #expect(made() == PointsTranches())
        #expect(made((august, 1), (july, 1)) == nil)
        #expect(made((july, 1), (july, 1)) == nil)
        #expect(made((july, 0)) == nil)
        #expect(made((july, .max), (august, 1)) == nil)
        let many = (0...PointsTranches.tranchesMax).map { day in
            PointsTranche(expiry: CardDate(CivilDate(day: 20_000 + Int64(day))), minorUnits: 1)
        }
        #expect(PointsTranches(Array(many.dropLast())) != nil && PointsTranches(many) == nil)
    }

    @Test func `points are never overdrawn`() async {
        await #expect(processExitsWith: .failure) {
            var points = PointsTranches()
            points.put(3, until: PointsTranche.never)
            _ = points.take(4)
        }
    }

    @Test(arguments: 0..<20)
    func `putting, taking, restoring and expiring keep the sum`(seed: UInt64) throws {
        var random = Seeded(seed)
        var points = PointsTranches()
        var sum: UInt64 = 0
        for step in 0..<500 {
            let moment = noon(20_000 + Int64(step))
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let amount = UInt64.random(in: 1...1_000, using: &random)
                let day = moment.day + Int64.random(in: 0...40, using: &random)
                let expiry = CardDate(CivilDate(day: day))
                if points.hasRoom(for: expiry) {
                    points.put(amount, until: expiry)
                    sum += amount
                }
            case 1: sum -= points.take(points.total / 3).reduce(0) { $0 + $1.minorUnits }
            case 2:
                let taken = points.take(points.total / 2)
                points.restore(taken, at: moment)
            default: sum -= points.expire(at: CardTime(moment))
            }
            #expect(points.total == sum)
            #expect(PointsTranches(points.all) == points)
        }
    }

    // MARK: Names

    @Test func `a member number has letters, digits and dashes`() {
        for text in ["A", "AB-1234-5678", "12345678901234567890", "-"] {
            #expect(MemberNumber(text)?.text == text)
        }
        for text in ["", "a", "A B", "Ä", "A_B", "123456789012345678901", "A\u{0}"] {
            #expect(MemberNumber(text) == nil)
        }
        #expect(MemberNumber("AB-1234-5678")?.masked == "••••••••5678")
        #expect(MemberNumber("12")?.masked == "12")
    }

    @Test func `the bank of points names programme and day, and no other does`() throws {
        let programme = try #require(Currency(bcd: 0x9001))
        let other = try #require(Currency(bcd: 0x9002))
        let bank = BankIdentifier.points(of: programme, until: july)
        #expect(bank.bits == 0x5054_9001_2607_3100)
        #expect(bank.pointsExpiry(of: programme) == july)
        #expect(bank.pointsExpiry(of: other) == nil)
        for bits in [bank.bits | 1, bank.bits & 0x00FF_FFFF_FFFF_FFFF, 0, .max] {
            #expect(BankIdentifier(bits: bits).pointsExpiry(of: programme) == nil)
        }
        // 2026-07-32
        let noDay = BankIdentifier(bits: 0x5054_9001_2607_3200)
        #expect(noDay.pointsExpiry(of: programme) == nil)
        let never = BankIdentifier.points(of: programme, until: PointsTranche.never)
        #expect(never.pointsExpiry(of: programme)?.bcd == 0x99_1231)
    }

    // MARK: The life of the points of a purchase

    @Test func `points of a purchase go one way`() {
        let ways: [(EarnState, EarnEvent, EarnState)] = [
            (.unconfirmed, .sold, .confirmed), (.unconfirmed, .recovered, .undone),
            (.confirmed, .matured, .due),
        ]
        for state in EarnState.allCases {
            for event in EarnEvent.allCases {
                let way = ways.first { $0.0 == state && $0.1 == event }
                #expect(state.next(after: event) == way?.2)
            }
        }
        #expect(EarnState.allCases.filter(\.isPending) == [.unconfirmed, .confirmed])
        let contradicted = EarnState.allCases.filter { $0.contradicts(.recovered) }
        #expect(contradicted == [.confirmed, .due])
        #expect(EarnState.allCases.filter { $0.contradicts(.sold) } == [.undone])
    }
}
