// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Testing
import Wire

@testable import OPALServer

/// The records of loads, standing orders and successions, read as they were written.
@Suite struct FundingCodecTests {
    private static let start = UserWorld.start
    private static let payer = UserKey(plainHash([1]))
    private static let child = UserKey(plainHash([2]))

    @Test func `Every record comes back as it was written`() throws {
        for load in try loads() {
            #expect(try AccountLoadRecord(load.bytes, key: load.transaction.bytes) == load)
        }
        for order in try allowances() {
            #expect(try AllowanceRecord(order.bytes, key: order.key.bytes) == order)
        }
        for order in try topUps() {
            #expect(try TopUpRecord(order.bytes, key: order.key.bytes) == order)
        }
        let succession = SuccessionRecord(successor: try UserWorld.card(3), madeAt: Self.start)
        #expect(try SuccessionRecord(succession.bytes) == succession)
    }

    @Test func `Any bytes give the same bytes again or a failure`() throws {
        let random = SeededRandom(seed: 44)
        for load in try loads() {
            mutate(load.bytes, random) { bytes throws(WireFailure) in
                try AccountLoadRecord(bytes, key: load.transaction.bytes).bytes
            }
        }
        for order in try allowances() {
            mutate(order.bytes, random) { bytes throws(WireFailure) in
                try AllowanceRecord(bytes, key: order.key.bytes).bytes
            }
        }
        for order in try topUps() {
            mutate(order.bytes, random) { bytes throws(WireFailure) in
                try TopUpRecord(bytes, key: order.key.bytes).bytes
            }
        }
    }

    @Test func `What is cut, or of another format, is refused`() throws {
        let load = try loads()[1]
        for length in 0..<load.bytes.count {
            #expect(throws: WireFailure.self) {
                try AccountLoadRecord(
                    Array(load.bytes.prefix(length)),
                    key: load.transaction.bytes
                )
            }
        }
        #expect(throws: WireFailure(path: "account load: format", problem: .invalid)) {
            try AccountLoadRecord([2] + load.bytes.dropFirst(), key: load.transaction.bytes)
        }
    }

    @Test func `An allowance of format 1 is read as if it were paid a week before it is due`()
        throws
    {
        for order in try allowances() {
            let taken = order.lastTaken == nil ? 1 : 17
            let old = [1] + order.bytes.dropFirst().dropLast(taken)
            let read = try AllowanceRecord(old, key: order.key.bytes)
            var expected = order
            expected.lastTaken = .init(
                order.schedule.latest(at: order.dueAt.subtracting(.seconds(1))),
                by: order.schedule.offset
            )
            #expect(read == expected)
        }
    }

    @Test func `A load prints four digits of the account`() throws {
        for load in try loads() {
            var dumped = ""
            dump(load, to: &dumped)
            #expect(!dumped.contains("41111"))
        }
    }

    @Test func `Each attempt of each occurrence of each order has a transaction of its own`()
        throws
    {
        let hashes = TokenHashes(plainHash)
        var seen: Set<TransactionIdentifier> = []
        var count = 0
        for name in [Self.payer.bytes, Self.child.bytes, Self.payer.bytes + Self.child.bytes] {
            for step in 0..<4 {
                let moment = Self.start + .seconds(step * 604_800)
                var next: Occurrence? = Occurrence(at: moment, try amount())
                while let occurrence = next {
                    let transaction = occurrence.transaction(of: name, hashes)
                    #expect(transaction == occurrence.transaction(of: name, hashes))
                    #expect(Int64(transaction.high >> 16) == moment.milliseconds)
                    seen.insert(transaction)
                    count += 1
                    next = occurrence.after(failureAt: moment)
                }
            }
        }
        #expect(count == 3 * 4 * Int(FundingLimits.attemptsMax))
        #expect(seen.count == count)
    }

    // MARK: Samples

    private func amount() throws -> Money {
        Money(minorUnits: 2_500, currency: .euro, exponent: .cents)
    }

    private func loads() throws -> [AccountLoadRecord] {
        let expiry = try #require(AccountExpiry(year: 2027, month: 12))
        let account = try #require(FundingAccount(number: "4111111111111111", expiry: expiry))
        let request = AccountLoadRequest(
            transaction: TransactionIdentifier(high: 7, low: 9),
            proof: [],
            payer: Self.payer,
            card: try UserWorld.card(5),
            amount: try amount(),
            purpose: .gift
        )
        let begun = AccountLoadRecord(request, AccountOnFile(account), at: Self.start)
        var credited = begun
        credited.state = .credited
        credited.approvalCode = "A 1234"
        credited.number = 77
        credited.balance = .max
        credited.decidedAt = Self.start
        var refused = AccountLoadRecord(request, nil, at: Self.start)
        refused.state = .declined
        refused.refusal = .noFundingAccount
        refused.decidedAt = Self.start
        return [begun, credited, refused]
    }

    private func allowances() throws -> [AllowanceRecord] {
        let offset = try #require(LocalOffset(minutes: -720))
        let order = AllowanceRecord(
            guardian: Self.payer,
            child: Self.child,
            amount: try amount(),
            schedule: try #require(WeeklySchedule(weekday: .sunday, hour: 23, offset: offset)),
            dueAt: Self.start
        )
        var busy = order
        busy.isActive = false
        busy.current = Occurrence(at: Self.start, try amount()).after(failureAt: Self.start)
        busy.lastTaken = .init(Self.start, by: offset)
        return [order, busy]
    }

    private func topUps() throws -> [TopUpRecord] {
        let offset = try #require(LocalOffset(minutes: 840))
        let rule = try #require(
            TopUpRule(threshold: 1, amount: try amount(), monthMax: 2_500, offset: offset)
        )
        let order = TopUpRecord(user: Self.payer, rule: rule, at: Self.start)
        var busy = order
        busy.take(at: Self.start)
        busy.isActive = false
        busy.stoppedFor = .insufficientFunds
        return [order, busy]
    }

    /// 2000 seeded changes: flipped, cut, inserted.
    private func mutate(
        _ good: [UInt8],
        _ random: SeededRandom,
        _ again: ([UInt8]) throws(WireFailure) -> [UInt8]
    ) {
        for _ in 0..<2000 {
            var bytes = good
            let position = random.below(bytes.count)
            switch random.below(3) {
            case 0: bytes[position] ^= UInt8(1 << random.below(8))
            case 1: bytes = Array(bytes.prefix(position))
            default: bytes.insert(random.bytes(1)[0], at: position)
            }
            do throws(WireFailure) {
                #expect(try again(bytes) == bytes)
            } catch {
                #expect(!error.path.isEmpty)
            }
        }
    }
}
