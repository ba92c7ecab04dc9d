// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records
import Testing
import Wire

/// What issuers say that they have swept, in the books.
@Suite struct SweepPostingTests {
    private static func notice(
        _ number: UInt64,
        _ event: SweepNotice.Event = .swept(.expired),
        _ minorUnits: UInt64 = 500,
        _ currency: Currency = .euro,
        transaction: UInt64? = nil
    ) throws -> SweepNotice {
        try #require(
            SweepNotice(
                number: number,
                transaction: TransactionIdentifier(high: 1, low: transaction ?? number),
                amount: Money(minorUnits: minorUnits, currency: currency, exponent: .cents),
                event: event
            )
        )
    }

    private func pass(_ clearing: ClearingWorld) async throws -> ClearingHouse.SweepRound {
        try await clearing.house.passSweeps { ClearingWorld.noon }
    }

    @Test func `sweeps are posted once, page by page, and returns undo them`() async throws {
        let clearing = try await ClearingWorld()
        let count = UInt64(IssuerMessage.sweepsMax) + 5
        for number in 1...count { clearing.issuer.sweep(try Self.notice(10 * number)) }
        #expect(try await pass(clearing).posted == Int(count))
        #expect(try await pass(clearing).posted == 0)
        let all = Int64(count) * 500
        #expect(try await clearing.balance(.expired(clearing.bin)) == .cents(all))
        #expect(try await clearing.balance(.pool(clearing.bin)) == .cents(-all))
        let last = 10 * count
        clearing.issuer.sweep(try Self.notice(last + 1, .givenBack(20), transaction: 20))
        #expect(try await pass(clearing).posted == 1)
        #expect(try await clearing.balance(.expired(clearing.bin)) == .cents(all - 500))
        try await clearing.expectSound()
    }

    @Test func `a sweep and its return may come together`() async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        clearing.issuer.sweep(try Self.notice(11, .givenBack(10), transaction: 10))
        #expect(try await pass(clearing).posted == 2)
        #expect(try await clearing.balance(.expired(clearing.bin)) == .zero)
        try await clearing.expectSound()
    }

    @Test(arguments: 0..<5) func `what does not fit is not posted, and waits`(
        case number: Int
    ) async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        _ = try await pass(clearing)
        let wrong = [
            // Nothing was swept under this number.
            try Self.notice(11, .givenBack(9), transaction: 9),
            // Another amount.
            try Self.notice(11, .givenBack(10), 400, transaction: 10),
            // Another transaction.
            try Self.notice(11, .givenBack(10), transaction: 12),
            // A currency in which the issuer has no pool.
            try Self.notice(11, .swept(.dormant), 500, .franc),
            // A return is not given back.
            try Self.notice(12, .givenBack(11), transaction: 10),
        ]
        if number == 4 {
            clearing.issuer.sweep(try Self.notice(11, .givenBack(10), transaction: 10))
            _ = try await pass(clearing)
        }
        let before = try await clearing.balance(.expired(clearing.bin))
        clearing.issuer.sweep(wrong[number])
        clearing.issuer.sweep(try Self.notice(20))
        let round = try await pass(clearing)
        #expect(round.posted == 0 && round.waiting.keys.map(\.digits) == ["999001"])
        #expect(try await clearing.balance(.expired(clearing.bin)) == before)
        try await clearing.expectSound()
    }

    @Test func `an issuer that repeats numbers that were posted gets nothing posted`()
        async throws
    {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        _ = try await pass(clearing)
        clearing.issuer.ignoresPlace()
        let round = try await pass(clearing)
        #expect(round.posted == 0 && round.waiting.count == 1)
        #expect(try await clearing.balance(.expired(clearing.bin)) == .cents(500))
        try await clearing.expectSound()
    }

    @Test func `an issuer that is away is asked again`() async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        clearing.issuer.set(isAway: true)
        #expect(try await pass(clearing).silent == [clearing.bin])
        clearing.issuer.set(isAway: false)
        #expect(try await pass(clearing).posted == 1)
    }

    @Test func `expired value without its sweep is named`() async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        _ = try await pass(clearing)
        let kind = RecordKind("sweep", keyBytes: 11...11)
        let record = try #require(
            try await clearing.store.list(kind, after: nil, limit: 1, order: .ascending).first
        )
        let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
        _ = try await clearing.store.commit(Transition(writes: [write]))
        let findings = try await clearing.audit().findings.map(\.description)
        #expect(findings.contains { $0.contains("expired value of 999001") })
    }
}
