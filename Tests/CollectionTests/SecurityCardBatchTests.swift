// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import Keys
import SecurityCard
import SecurityModule
import Testing
import Wire

/// A security card counts into batches, and signs them.
@Suite struct SecurityCardBatchTests {
    private let checking = BatchKeys([acquirer: [CMACKey(batchMaster)]])

    /// The chain over what the security card gave places to.
    private func digest(_ sales: [Till.Sold], _ name: BatchName) -> [UInt8] {
        checking.extend(checking.start(of: name), with: sales.map(\.bytes))
    }

    @Test func `a batch is signed over the sales in the order of their places`() async throws {
        var till = try await Till()
        // Drawn in one order, completed in another one.
        var open: [Till.Drawn] = []
        for units in 1...6 { open.append(try await till.draw(UInt64(units) * 10)) }
        var sold: [Till.Sold] = []
        for index in [3, 0, 5, 1] { sold.append(try await till.complete(open[index])) }
        sold += try await till.count([open[4], open[2]])
        #expect(sold.map(\.place.index) == [1, 2, 3, 4, 5, 6])
        let header = try #require(try await till.close())
        #expect(header.count == 6)
        #expect(header.totals.map(\.count) == [6] && header.totals[0].sum.minorUnits == 210)
        #expect(header.digest == digest(sold, header.name))
        #expect(try await checking.isGenuine(header))
    }

    @Test func `batches are numbered without a gap, and an empty one is not closed`()
        async throws
    {
        var till = try await Till()
        let empty = try await till.close()
        #expect(empty == nil)
        for number in 1...3 {
            for _ in 0..<number { _ = try await till.complete(try await till.draw()) }
            let open = try await till.description.openBatch
            #expect(open.number == UInt32(number) && open.count == UInt32(number))
            let header = try #require(try await till.close())
            #expect(header.name == BatchName(till.identifier, UInt32(number)))
            let next = try await till.close()
            #expect(next == nil)
            #expect(try await till.description.openBatch.totals.isEmpty)
        }
        #expect(try await till.description.totals.map(\.count) == [6])
    }

    @Test func `any change of a header makes its signature wrong`() async throws {
        var till = try await Till()
        _ = try await till.complete(try await till.draw())
        let bytes = try #require(try await till.close()).bytes
        for byte in bytes.indices {
            var changed = bytes
            changed[byte] ^= 1
            guard let header = try? BatchHeader(changed) else { continue }
            #expect((try? await checking.isGenuine(header)) != true, "byte \(byte)")
        }
    }

    @Test func `a full batch counts no more until it is closed, and loses no sale`() async throws {
        var till = try await Till(batchMax: 2)
        var open: [Till.Drawn] = []
        for _ in 0..<5 { open.append(try await till.draw()) }
        _ = try await till.complete(open[0])
        // Of two the first has room.
        let counted = try await till.count([open[1], open[2]])
        #expect(counted.count == 1)
        await #expect(throws: ModuleFailure.self) { try await till.complete(open[3]) }
        #expect(try await till.description.openNumbers.count == 3)
        let header = try await till.close()
        #expect(header?.count == 2)
        let sold = [try await till.complete(open[3]), try await till.complete(open[2])]
        #expect(sold.map(\.place) == [1, 2].map { BatchPlace(BatchName(till.identifier, 2), $0) })
    }

    @Test func `proofs of identity and refusals are in no batch`() async throws {
        var till = try await Till()
        let proof = try await till.draw(0, type: .authentication)
        let proven = try await till.answer(proof, .done)
        #expect(proven.place == nil && proven.isCounted)
        let proofs = [try await till.draw(0, type: .authentication)]
        let counted = try await till.count(proofs)
        #expect(counted.isEmpty)
        let refused = try await till.draw()
        let completion = try await till.answer(refused, .insufficientValue)
        #expect(completion.place == nil && !completion.isCounted)
        let empty = try await till.close()
        #expect(empty == nil)
        let sold = try await till.complete(try await till.draw())
        #expect(sold.place.index == 1)
    }

    @Test func `without KB no batch is closed, and counting goes on`() async throws {
        var till = try await Till(hasBatchKey: false)
        _ = try await till.complete(try await till.draw())
        await #expect(throws: ModuleFailure.keyUnknown) { try await till.close() }
        let sold = try await till.complete(try await till.draw())
        #expect(sold.place.index == 2)
    }

    @Test func `a memory from before there were batches goes on with the first one`()
        async throws
    {
        var till = try await Till()
        try till.putBackToFormat1(lastNumber: 41, count: 40, units: 4_000)
        let before = try await till.description
        #expect(before.lastNumber == 41 && before.totals.map(\.count) == [40])
        #expect(before.openBatch == .init(number: 1, count: 0, totals: []))
        let sold = try await till.complete(try await till.draw())
        #expect(sold.place == BatchPlace(BatchName(till.identifier, 1), 1))
        let header = try #require(try await till.close())
        #expect(header.count == 1 && header.digest == digest([sold], header.name))
        #expect(try await till.description.totals.map(\.count) == [41])
    }
}
