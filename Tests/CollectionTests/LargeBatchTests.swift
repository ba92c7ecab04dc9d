// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Foundation
import PaymentServer
import Records
import RecordsSQLite
import Simulation
import Testing
import Wire

/// A batch of many parts, on stores on the disk.
@Suite struct LargeBatchTests {
    private static let partCount = 24

    @Test func `a batch of many parts goes through, cut again and again`() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "opal-collection-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let payment = try SQLiteStore(
            path: folder.appending(path: "payment.db").path,
            schema: PaymentModule.schema
        )
        let point = try SQLiteStore(
            path: folder.appending(path: "point.db").path,
            schema: ConcentrationPoint.schema
        )
        let route = Route(paymentStore: payment, pointStore: point)
        let batch = try Batch(sales: Self.partCount * CollectionMessage.partMax - 1)
        try await route.keep(batch)
        var sent = 0
        for _ in 0..<4 {
            // After some parts nothing comes through any more, and all are started anew.
            route.link.plan.script(.refuse(.timedOut), at: 8)
            route.start()
            sent += try await route.sender().run().sent
        }
        // What came through is not sent again.
        #expect(sent < batch.sales.count + 5 * CollectionMessage.partMax)
        #expect(try await route.settle())
        #expect(try await route.hasCleared([batch]))
    }
}
