// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Foundation
import Kernel
import Settlement
import SettlementFiles
import Testing

/// A merchant's report of its payouts, as a file and as parts.
@Suite struct MerchantReportTests {
    /// 2026-11-29 00:30, behind the cut-off of the 28th.
    private let night = Instant(milliseconds: 1_795_912_200_000)
    private static let day = Duration.seconds(24 * 3600)

    /// The payouts of a merchant, oldest first: of 1,200 sales, and of one on the next day.
    private func payouts(in world: ClearingWorld) async throws -> [Payout] {
        try await world.clear(
            try PlayedBatch(1, count: 1_800) { sale in
                if sale.transaction % 3 == 0 { sale.merchant = "CAFE" }
            }
        )
        _ = try await world.house.settle(night)
        try await world.clear(try PlayedBatch(2, count: 1, from: 9_000))
        _ = try await world.house.settle(night.adding(Self.day))
        let shop = LedgerAccount(.merchant(try world.identifier("SHOP")), .euro)
        return try await world.house.payouts(of: shop, limit: 3).reversed()
    }

    private func parts(_ report: MerchantReportParts) async throws -> [[UInt8]] {
        var parts: [[UInt8]] = []
        while let part = try await report.next() { parts.append(part) }
        return parts
    }

    @Test func `the parts of a report are its file, which has each sale once`() async throws {
        let world = try await ClearingWorld()
        let payouts = try await payouts(in: world)
        #expect(payouts.map(\.content.count) == [1_200, 1])
        let path = FileManager.default.temporaryDirectory
            .appending(path: "report-\(UUID().uuidString).csv")
        defer { try? FileManager.default.removeItem(at: path) }
        try await MerchantReports(world.house).write(csv: path.path, of: payouts, now: night)
        let report = MerchantReportParts(world.house, of: payouts, now: night)
        let parts = try await parts(report)
        #expect(parts.count > 2 && parts.allSatisfy { !$0.isEmpty })
        #expect(try Data(contentsOf: path) == Data(parts.joined()))
        #expect(try await report.next() == nil)
        let lines = String(decoding: parts.joined(), as: UTF8.self).split(separator: "\r\n")
        #expect(lines.count == 1 + 2 + 1_201)
        #expect(lines.filter { $0.hasPrefix("payout,") }.count == 2)
        #expect(Set(lines.filter { $0.hasPrefix("sale,") }).count == 1_201)
    }

    @Test func `a report that does not add up is broken off and never ended`() async throws {
        let world = try await ClearingWorld(
            fee: try #require(FeeRule(rate: 100_000, minimum: .zero, perBatch: .zero))
        )
        _ = try await payouts(in: world)
        // The acquirer is paid fees, and no sale is in its payout.
        let acquirer = LedgerAccount(.acquirer(acquirer), .euro)
        let payout = try #require(
            try await world.house.payouts(of: acquirer, limit: 1).first
        )
        let report = MerchantReportParts(world.house, of: [payout], now: night)
        let differs = SettlementFileFailure.reportDiffers(payout: payout.name.reference)
        await #expect(throws: SettlementFailure.file(differs)) {
            while try await report.next() != nil {}
        }
        #expect(try await report.next() == nil)
    }

    @Test func `a report as PDF is whole`() async throws {
        let world = try await ClearingWorld()
        let payouts = try await payouts(in: world)
        let bytes = try await MerchantReports(world.house).pdf(of: payouts, now: night)
        let pdf = try #require(bytes)
        #expect(pdf.starts(with: Array("%PDF-".utf8)))
        #expect(String(decoding: pdf.suffix(8), as: UTF8.self).contains("%%EOF"))
    }
}
