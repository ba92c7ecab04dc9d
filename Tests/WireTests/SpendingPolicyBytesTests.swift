// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct SpendingPolicyBytesTests {
    /// A policy that is as long as one can be.
    private func longest() throws -> SpendingPolicy {
        var limits = SpendingLimits(
            currency: .euro,
            exponent: .cents,
            offset: try #require(LocalOffset(minutes: -720))
        )
        limits.purchaseMax = .max
        for period in SpendingPeriod.allCases {
            limits[period] = SpendingLimits.Period(minorUnitsMax: .max, purchasesMax: .max)
        }
        let numbers = 1...SpendingLimits.listedMax
        limits.merchants = try #require(
            SpendingRule(.only, Set(numbers.compactMap { MerchantIdentifier("SHOP-\($0)") }))
        )
        limits.categories = try #require(
            SpendingRule(
                .except,
                Set(numbers.compactMap { MerchantCategory(bcd: UInt16(BCD.pack(UInt64($0)))) })
            )
        )
        var policy = SpendingPolicy(limits: limits, isFrozen: true)
        let shop = try #require(MerchantIdentifier("SHOP-1"))
        for _ in 0..<SpendingPolicy.exceptionsMax {
            try policy.allowOnce(
                shop,
                minorUnitsMax: .max,
                until: SpendingException.endMax,
                now: Instant(milliseconds: 0)
            )
        }
        return policy
    }

    @Test(arguments: 0..<50) func `a policy is read as it was written`(seed: UInt64) throws {
        var samples = Samples(seed)
        let policy = try samples.policy()
        #expect(try SpendingPolicy(policy.bytes) == policy)
    }

    @Test func `the longest policy is read as it was written, and is short enough`() throws {
        let policy = try longest()
        #expect(try SpendingPolicy(policy.bytes) == policy)
        #expect(policy.bytes.count <= SpendingPolicy.bytesMax)
    }

    @Test func `the bytes are those of the documents`() throws {
        var limits = SpendingLimits(
            currency: .euro,
            exponent: .cents,
            offset: try #require(LocalOffset(minutes: -60))
        )
        limits.purchaseMax = 500
        limits.week.minorUnitsMax = 2_000
        limits.month.purchasesMax = 9
        limits.hours = .never
        limits.hours.insert(.sunday, hours: 0..<1)
        let merchants = ["SHOP"].compactMap { MerchantIdentifier($0) }
        limits.merchants = try #require(SpendingRule(.except, Set(merchants)))
        let categories = ["5812", "0742"].compactMap { MerchantCategory($0) }
        limits.categories = try #require(SpendingRule(.only, Set(categories)))
        var policy = SpendingPolicy(limits: limits, isFrozen: true)
        try policy.allowOnce(
            try #require(MerchantIdentifier("B")),
            minorUnitsMax: 3,
            until: Instant(milliseconds: 5),
            now: Instant(milliseconds: 4)
        )
        let shop = "53484F50" + String(repeating: "20", count: 11)
        let other = "42" + String(repeating: "20", count: 14)
        let expected =
            "01 03 00000001 01" + "00000001 \(other) 0000000000000003 0000000000000005"
            + "0978 02 FFC4 49" + "00000000000001F4" + "00000000000007D0" + "00000009"
            + String(repeating: "000000", count: 6) + "000001" + "02 01 \(shop)"
            + "01 02 0742 5812"
        #expect(Hex.text(policy.bytes).uppercased() == expected.filter { $0 != " " })
    }

    @Test func `each truncation and one byte more is a failure with a path`() throws {
        let bytes = try longest().bytes
        for count in 0..<bytes.count {
            let failure = #expect(throws: WireFailure.self) {
                try SpendingPolicy(Array(bytes[..<count]))
            }
            #expect(failure?.problem == .truncated)
        }
        #expect(throws: WireFailure(path: "spending policy: end", problem: .tooLong)) {
            try SpendingPolicy(bytes + [0])
        }
    }

    @Test func `damaged bytes are another policy or a failure, and never a trap`() throws {
        var samples = Samples(8)
        for policy in [try longest(), try samples.policy(), .none] {
            for _ in 0..<5_000 {
                let damaged = samples.random.damaged(policy.bytes)
                guard let again = try? SpendingPolicy(damaged) else { continue }
                #expect(again.bytes == damaged)
            }
        }
    }

    @Test func `exceptions without limits are refused`() throws {
        let bytes = SpendingPolicy(isFrozen: true).bytes
        let exception: [UInt8] =
            [0, 0, 0, 1] + (try #require(MerchantIdentifier("B"))).bytes
            + [UInt8](repeating: 0, count: 16)
        let forged = Array(bytes[..<5]) + [1, 1] + exception
        #expect(throws: WireFailure(path: "spending policy: exceptions", problem: .invalid)) {
            try SpendingPolicy(forged)
        }
    }
}
