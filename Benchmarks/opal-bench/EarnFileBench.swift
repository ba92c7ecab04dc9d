// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Keys
import LoyaltyServer
import Records
import RecordsSQLite
import SecurityModule
import Wire

/// An earn file of a million lines for ten thousand members, beside the bare store that commits the
/// same transitions: each of them goes to both databases, one after the other, so that both meet
/// the same machine.
struct EarnFileBench {
    private static let members = 10_000
    private static let lines = 1_000_000
    /// 2026-03-04.
    private static let now = Instant(milliseconds: 1_772_625_600_000)

    let folder: String

    func run(_ report: inout Report) async throws {
        let (inner, bare) = (try store("points"), try store("bare"))
        let twin = TwinStore(inner, bare)
        let module = LoyaltyModule(
            recordSealing: RecordSealer(.make(), party: "loyalty_server"),
            store: twin,
            link: NoLink(),
            random: SystemRandom()
        )
        let programme = try Self.programme()
        try await found(module, programme)
        guard let name = EarnBatch.Name(programme: programme.code, digest: SystemRandom().bytes(32))
        else { throw BenchFailure("a digest has 32 bytes") }
        _ = try await module.begin(
            name,
            fileName: "bench.csv",
            header: Array("reference,member,points,date".utf8)[...],
            lines: UInt64(Self.lines),
            now: Self.now
        )
        twin.reset()
        let samples = try await Samples.run(
            callers: 1,
            operations: Self.lines / LoyaltyLimits.chunkMax
        ) { _, chunk in
            let first = chunk * LoyaltyLimits.chunkMax
            _ = try await module.apply(
                (first..<first + LoyaltyLimits.chunkMax).map(Self.line),
                of: name,
                from: UInt64(first),
                now: Self.now
            )
        }
        let batch = try await module.batch(name)
        guard batch.accepted == UInt64(Self.lines) else {
            throw BenchFailure("a line was not accepted")
        }
        let bareTime = twin.bareTime
        let earnTime = samples.elapsed - bareTime
        var row = Row("earn file: lines", of: Self.lines, in: earnTime)
        row.memoryMiB["bench"] = residentMiB()
        try report.add(row)
        try report.add(Row("bare store: the same transitions", of: Self.lines, in: bareTime))
        report.note(String(format: "    earn file / bare store: %.2f", bareTime / earnTime))
        await inner.close()
        await bare.close()
    }

    private func store(_ name: String) throws -> SQLiteStore {
        let path = "\(folder)/\(name)-\(UInt32.random(in: 0...UInt32.max)).sqlite"
        return try SQLiteStore(path: path, schema: LoyaltyRecords.schema)
    }

    private static func programme() throws -> Programme {
        guard let code = Currency(bcd: 0x9001),
            let programme = Programme(
                code: code,
                exponent: .units,
                name: "Harbour Air",
                home: .database,
                balanceMax: 1_000_000_000,
                sites: [],
                partners: []
            )
        else { throw BenchFailure("a programme was refused") }
        return programme
    }

    private func found(_ module: LoyaltyModule, _ programme: Programme) async throws {
        let rule = try EarnRule(
            points: 1,
            per: Money(minorUnits: 10, currency: .euro, exponent: .cents),
            rounding: .down,
            pendingDays: 14,
            expiry: .months(24)
        )
        try await module.create(programme, rule, now: Self.now)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<64 {
                group.addTask {
                    for member in stride(from: caller, to: Self.members, by: 64) {
                        _ = try await module.enrol(
                            CardPseudonym(high: 1, low: UInt64(member)),
                            proof: TransactionIdentifier(high: 1, low: UInt64(member)),
                            in: programme.code,
                            as: MemberNumber(Self.number(member)),
                            now: Self.now
                        )
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func number(_ member: Int) -> String { "BENCH-\(member)" }

    /// Members come in no order.
    private static func line(_ index: Int) -> ArraySlice<UInt8> {
        let member = Int(UInt64(index) &* 0x9E37_79B9_7F4A_7C15 >> 20 % UInt64(members))
        return Array("2026-03-\(index),\(number(member)),\(index % 500 + 1),2026-03-01".utf8)[...]
    }

    private struct SystemRandom: RandomSource {
        func bytes(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: 0...255) }
        }
    }

    private struct NoLink: Link {
        func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] { throw .notSent }
    }
}
