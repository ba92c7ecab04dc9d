// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Kernel
import Records
import Simulation
import Testing
import Wire

/// What a concentration point says to batches that are not right; afterwards the right one gets
/// through.
@Suite struct BadBatchTests {
    private let route = Route()

    private func offerAndSend(_ batch: Batch, from first: Int = 1) async throws
        -> CollectionMessage
    {
        guard case .wanted = try await route.ask(.offer(batch.header)) else {
            return try await route.ask(.offer(batch.header))
        }
        return try await route.ask(batch.part(from: first, count: batch.sales.count))
    }

    /// The batch comes once more, as it is, and gets to the clearing house.
    private func expectTaken(_ batches: [Batch]) async throws {
        for batch in batches { try await route.keep(batch) }
        #expect(try await route.settle())
        #expect(try await route.hasCleared(batches))
    }

    @Test func `a batch that is sent twice is one batch`() async throws {
        let batch = try Batch(sales: 6)
        let point = route.start()
        let all = CollectionMessage.wanted(batch.name, from: 7)
        #expect(try await offerAndSend(batch) == all)
        #expect(try await route.ask(.offer(batch.header)) == all)
        #expect(try await route.ask(batch.part(from: 1, count: 6)) == all)
        try await point.forward()
        let done = CollectionMessage.acknowledged(batch.name)
        #expect(try await route.ask(.offer(batch.header)) == done)
        #expect(try await route.ask(batch.part(from: 1, count: 6)) == done)
        try await expectTaken([batch])
    }

    @Test(arguments: 1...6)
    func `a batch that is cut at any sale goes on from there after a restart`(
        index: Int
    ) async throws {
        let batch = try Batch(sales: 6)
        route.start()
        #expect(try await route.ask(.offer(batch.header)) == .wanted(batch.name, from: 1))
        for first in 1..<index {
            _ = try await route.ask(batch.part(from: first, count: 1))
        }
        route.start()
        let wanted = CollectionMessage.wanted(batch.name, from: UInt32(index))
        #expect(try await route.ask(.offer(batch.header)) == wanted)
        #expect(
            try await route.ask(batch.part(from: index, count: 6))
                == .wanted(batch.name, from: 7)
        )
        try await expectTaken([batch])
    }

    @Test func `parts out of order, twice or overlapping are answered with what is wanted`()
        async throws
    {
        let batch = try Batch(sales: 9)
        route.start()
        func wanted(_ index: UInt32) -> CollectionMessage { .wanted(batch.name, from: index) }
        #expect(
            try await route.ask(batch.part(from: 1, count: 3)) == .refused(batch.name, .notOffered)
        )
        #expect(try await route.ask(.offer(batch.header)) == wanted(1))
        #expect(try await route.ask(batch.part(from: 4, count: 3)) == wanted(1))
        #expect(try await route.ask(batch.part(from: 1, count: 3)) == wanted(4))
        #expect(try await route.ask(batch.part(from: 1, count: 3)) == wanted(4))
        #expect(try await route.ask(batch.part(from: 2, count: 6)) == wanted(4))
        #expect(try await route.ask(batch.part(from: 7, count: 3)) == wanted(4))
        #expect(try await route.ask(batch.part(from: 4, count: 3)) == wanted(7))
        #expect(try await route.ask(batch.part(from: 7, count: 3)) == wanted(10))
        try await expectTaken([batch])
    }

    @Test func `a batch before its turn is refused, and taken in its turn`() async throws {
        let batches = [try Batch(sales: 4), try Batch(2, sales: 4), try Batch(3, sales: 4)]
        route.start()
        #expect(
            try await route.ask(.offer(batches[1].header)) == .refused(batches[1].name, .gap)
        )
        // Offered is not yet whole.
        _ = try await route.ask(.offer(batches[0].header))
        #expect(
            try await route.ask(.offer(batches[1].header)) == .refused(batches[1].name, .gap)
        )
        _ = try await offerAndSend(batches[0])
        #expect(
            try await route.ask(.offer(batches[2].header)) == .refused(batches[2].name, .gap)
        )
        let zero = BatchHeader(
            name: BatchName(batches[0].name.securityCard, 0),
            count: 1,
            totals: batches[0].header.totals,
            digest: batches[0].header.digest,
            closedAt: batches[0].header.closedAt,
            signature: batches[0].header.signature
        )
        #expect(try await route.ask(.offer(zero)) == .refused(zero.name, .gap))
        try await expectTaken(batches)
    }

    @Test func `a sale in which any byte is another one is found, and nothing of it is kept`()
        async throws
    {
        let batch = try Batch(sales: 3)
        route.start()
        for byte in 0..<CollectedSale.length {
            _ = try await route.ask(.offer(batch.header))
            var sales = batch.sales
            sales[1][byte] ^= 0x01
            let answer = try await route.ask(.part(batch.name, from: 1, sales: sales))
            #expect(answer == .refused(batch.name, .contentsDiffer), "byte \(byte)")
            #expect(
                try await route.ask(.offer(batch.header)) == .wanted(batch.name, from: 1)
            )
        }
        try await expectTaken([batch])
    }

    @Test func `a header in which any byte is another one does not keep the right one out`()
        async throws
    {
        let batch = try Batch(sales: 3)
        let point = route.start()
        let bytes = CollectionMessage.offer(batch.header).bytes
        for byte in bytes.indices.dropFirst(2) {
            var changed = bytes
            changed[byte] ^= 0x01
            guard case .offer(let header) = try? CollectionMessage(changed),
                case .wanted = try await route.ask(.offer(header))
            else { continue }
            _ = try await route.ask(.part(header.name, from: 1, sales: batch.sales))
            // Where its sales come to it all the same, the clearing house finds it out.
            try await point.forward()
            #expect(route.clearingHouse.now.acknowledged.isEmpty, "byte \(byte)")
        }
        try await route.keep(batch)
        #expect(try await route.settle())
        #expect(route.clearingHouse.now.acknowledged == [batch.name])
        #expect(route.clearingHouse.now.sales == [batch.name: batch.sales])
    }

    @Test func `totals that the sales do not come to are refused`() async throws {
        let batch = try Batch(sales: 6)
        let totals = batch.header.totals
        let more = BatchHeader.Total(
            count: totals[0].count,
            sum: Money(
                minorUnits: totals[0].sum.minorUnits + 1,
                currency: totals[0].sum.currency,
                exponent: totals[0].sum.exponent
            )
        )
        let fewer = BatchHeader.Total(count: totals[0].count - 1, sum: totals[0].sum)
        route.start()
        for wrong in [[more, totals[1]], [fewer, totals[1]], [totals[0]], [totals[1]]] {
            // Signed by the security card: it lies.
            let lie = Batch(batch.name, batch.sales, wrong)
            #expect(try await offerAndSend(lie) == .refused(batch.name, .contentsDiffer))
        }
        try await expectTaken([batch])
    }

    @Test func `more sales than the header says are refused`() async throws {
        let (batch, longer) = (try Batch(sales: 6), try Batch(sales: 8))
        route.start()
        _ = try await route.ask(.offer(batch.header))
        #expect(
            try await route.ask(.part(batch.name, from: 1, sales: longer.sales))
                == .refused(batch.name, .contentsDiffer)
        )
        try await expectTaken([batch])
    }

    @Test func `sales of another batch or another security card are refused`() async throws {
        let batch = try Batch(sales: 6)
        route.start()
        for other in [try Batch(2, sales: 6), try Batch(sales: 6, serial: 2)] {
            _ = try await route.ask(.offer(batch.header))
            #expect(
                try await route.ask(.part(batch.name, from: 1, sales: other.sales))
                    == .refused(batch.name, .contentsDiffer)
            )
        }
        try await expectTaken([batch])
    }

    @Test func `security cards of an acquirer that the sender does not speak for are unknown`()
        async throws
    {
        let batch = try Batch(sales: 6)
        route.start()
        let unknown = CollectionMessage.refused(batch.name, .unknownSecurityCard)
        for peer in ["other", "nobody"] {
            #expect(try await route.ask(.offer(batch.header), as: peer) == unknown)
            #expect(try await route.ask(batch.part(from: 1, count: 6), as: peer) == unknown)
        }
        #expect(try await route.ask(.updatesQuestion(after: 0), as: "nobody") == .unavailable)
        #expect(try await route.pointStore.count(BatchRecord.kind) == 0)
        try await expectTaken([batch])
    }

    @Test func `another batch under a name that is taken is refused`() async throws {
        let (batch, other) = (try Batch(sales: 6), try Batch(sales: 6, tag: 1))
        route.start()
        _ = try await offerAndSend(batch)
        #expect(
            try await route.ask(.offer(other.header)) == .refused(batch.name, .nameTaken)
        )
        try await expectTaken([batch])
    }

    @Test func `a batch with a wrong signature makes room for the right one`() async throws {
        let batch = try Batch(sales: 6)
        var signature = batch.header.signature
        signature[15] ^= 1
        let forged = batch.header.with(signature: signature)
        let point = route.start()
        #expect(try await route.ask(.offer(forged)) == .wanted(batch.name, from: 1))
        #expect(
            try await route.ask(batch.part(from: 1, count: 6)) == .wanted(batch.name, from: 7)
        )
        #expect(
            try await route.ask(.offer(batch.header)) == .refused(batch.name, .nameTaken)
        )
        #expect(try await point.forward().refused == 1)
        #expect(route.told == [.refused(batch.name, .signatureWrong)])
        #expect(
            try await route.ask(.offer(forged)) == .refused(batch.name, .signatureWrong)
        )
        try await expectTaken([batch])
    }

    @Test func `what is no message is not answered with anything about a batch`() async throws {
        let (batch, point) = (try Batch(sales: 2), route.start())
        for bytes in [[], [1], [1, 0x91], CollectionMessage.acknowledged(batch.name).bytes] {
            let answer = await point.answer(bytes, from: Route.paymentServer)
            #expect(try CollectionMessage(answer) == .unavailable)
        }
    }
}
