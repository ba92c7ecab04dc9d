// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Kernel
import Records
import RecordsSQLite
import Simulation
import Testing
import Wire

/// Batches get from payment server to clearing house, whatever breaks in between.
@Suite struct PassingOnTests {
    /// Three parts.
    private static let saleCount = 2 * CollectionMessage.partMax + 10

    @Test func `a batch is acknowledged only when the clearing house has it`() async throws {
        let (route, batch) = (Route(), try Batch(sales: Self.saleCount))
        let point = route.start()
        try await route.keep(batch)
        let first = try await route.sender().run()
        #expect(first == .init(sent: Self.saleCount, underWay: 1))
        #expect(try await route.open == [batch.name])
        #expect(route.clearingHouse.now.acknowledged.isEmpty)
        let forwarded = try await point.forward()
        #expect(forwarded == .init(sent: Self.saleCount, acknowledged: 1))
        #expect(try await route.sender().run() == .init(acknowledged: 1))
        #expect(try await route.open.isEmpty)
        #expect(try await route.hasCleared([batch]))
        #expect(route.told.isEmpty)
    }

    @Test func `all batches of several security cards go in the order of their numbers`()
        async throws
    {
        let route = Route()
        var batches: [Batch] = []
        for serial in 1...3 {
            for number in 1...4 {
                batches.append(try Batch(UInt32(number), sales: number * 3, serial: UInt32(serial)))
            }
        }
        for batch in batches.reversed() { try await route.keep(batch) }
        #expect(try await route.settle())
        #expect(try await route.hasCleared(batches))
        for serial in 1...3 {
            let order = route.clearingHouse.now.acknowledged
                .filter { $0.securityCard.serial == serial }.map(\.number)
            #expect(order == [1, 2, 3, 4])
        }
    }

    /// Which of the messages of one round is lost, and where.
    @Test(arguments: 1...5, [FaultyLink.Fault.dropRequest, .dropResponse, .duplicate, .late])
    func `a cut at any message loses nothing and sends nothing twice to the end`(
        message: Int,
        fault: FaultyLink.Fault
    ) async throws {
        for isOnward in [false, true] {
            let (route, batch) = (Route(), try Batch(sales: Self.saleCount))
            let point = route.start()
            try await route.keep(batch)
            (isOnward ? route.onward : route.link).plan.script(fault, at: message)
            try await route.sender().run()
            try await point.forward()
            await route.link.deliverLate()
            await route.onward.deliverLate()
            #expect(try await route.settle())
            #expect(try await route.hasCleared([batch]))
        }
    }

    @Test(arguments: 0..<5, CrashingStore.Fault.allCases)
    func `a concentration point that crashes at any commit goes on where it was`(
        commits: Int,
        fault: CrashingStore.Fault
    ) async throws {
        let (route, batch) = (Route(), try Batch(sales: Self.saleCount))
        let store = CrashingStore(route.pointStore)
        try await route.keep(batch)
        store.crash(after: commits, fault)
        let point = route.start(on: store)
        try await route.sender().run()
        _ = try? await point.forward()
        _ = try? await point.forward()
        #expect(store.isDead)
        #expect(try await route.settle())
        #expect(try await route.hasCleared([batch]))
    }

    @Test(arguments: 0..<2, CrashingStore.Fault.allCases)
    func `a payment server that crashes at any commit goes on where it was`(
        commits: Int,
        fault: CrashingStore.Fault
    ) async throws {
        let (route, batch) = (Route(), try Batch(sales: 20))
        let store = CrashingStore(route.paymentStore)
        try await route.keep(batch)
        let point = route.start()
        store.crash(after: commits, fault)
        let sender = route.sender(on: store)
        try await sender.run()
        try await point.forward()
        await #expect(throws: StoreFailure.self) { try await sender.run() }
        #expect(store.isDead)
        #expect(try await route.settle())
        #expect(try await route.hasCleared([batch]))
    }

    @Test func `senders that run at once end with each batch once`() async throws {
        let route = Route()
        let batches = [try Batch(sales: Self.saleCount), try Batch(2, sales: 700)]
        for batch in batches { try await route.keep(batch) }
        let point = route.start()
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask { _ = try await route.sender().run() }
                group.addTask { _ = try await point.forward() }
            }
            try await group.waitForAll()
        }
        #expect(try await route.settle())
        #expect(try await route.hasCleared(batches))
    }

    @Test func `a clearing house that is away keeps everything open`() async throws {
        let (route, batch) = (Route(), try Batch(sales: 9))
        let point = route.start()
        try await route.keep(batch)
        route.clearingHouse.change { $0.isAway = true }
        for _ in 0..<3 {
            try await route.sender().run()
            #expect(try await point.forward().isAway)
        }
        #expect(try await route.open == [batch.name])
        route.clearingHouse.change { $0.isAway = false }
        #expect(try await route.settle())
        #expect(try await route.hasCleared([batch]))
    }

    @Test(arguments: BatchRefusal.allCases.filter { $0 != .notOffered })
    func `what is refused stays, is told once, and goes when the reason is gone`(
        reason: BatchRefusal
    ) async throws {
        let route = Route()
        let batches = [try Batch(sales: 9), try Batch(2, sales: 9)]
        for batch in batches { try await route.keep(batch) }
        let point = route.start()
        let sender = route.sender()
        route.clearingHouse.change { $0.refuses = reason }
        for _ in 0..<3 {
            try await sender.run()
            try await point.forward()
        }
        let refused = BatchAlarm.refused(batches[0].name, reason)
        // Once by the concentration point, once by the payment server.
        #expect(route.told == [refused, refused])
        #expect(try await route.open == batches.map(\.name))
        route.clearingHouse.change { $0.refuses = nil }
        #expect(try await route.settle())
        #expect(try await route.hasCleared(batches))
    }

    @Test func `a batch that waits for a sale does not hold up other security cards`()
        async throws
    {
        let (route, late) = (Route(), try Batch(sales: 9))
        let other = try Batch(sales: 9, serial: 2)
        for batch in [late, other] { try await route.keep(batch) }
        let key = RecordKey(
            RecordKind("collected", keyBytes: 16...16),
            BatchPlace(late.name, 5).bytes
        )
        let row = try #require(try await route.paymentStore.read(key))
        let remove = RecordWrite.delete(key, expectedRevision: 1)
        _ = try await route.paymentStore.commit(Transition(writes: [remove]))
        #expect(try await route.settle() == false)
        #expect(route.clearingHouse.now.acknowledged == [other.name])
        #expect(Set(route.told) == [.incomplete(late.name, missing: 5)])
        let back = RecordWrite.put(key, expectedRevision: 0, body: row.body)
        _ = try await route.paymentStore.commit(Transition(writes: [back]))
        #expect(try await route.settle())
        #expect(try await route.hasCleared([late, other]))
    }

    @Test func `a sale that somebody changed in the database stops its batch alone`() async throws {
        let (route, changed) = (Route(), try Batch(sales: 9))
        let other = try Batch(sales: 9, serial: 2)
        for batch in [changed, other] { try await route.keep(batch) }
        let key = RecordKey(
            RecordKind("collected", keyBytes: 16...16),
            BatchPlace(changed.name, 5).bytes
        )
        let row = try #require(try await route.paymentStore.read(key))
        var body = row.body
        body[20] ^= 1
        let write = RecordWrite.put(key, expectedRevision: 1, body: body)
        _ = try await route.paymentStore.commit(Transition(writes: [write]))
        #expect(try await route.settle() == false)
        #expect(route.clearingHouse.now.acknowledged == [other.name])
        #expect(Set(route.told) == [.damaged(changed.name)])
    }
}
