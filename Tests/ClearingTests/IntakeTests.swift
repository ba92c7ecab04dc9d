// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Crypto
import Kernel
import Keys
import Records
import Testing
import Wire

/// Batches come in: what is taken, and what is not.
@Suite struct IntakeTests {
    @Test func `a batch is acknowledged when all of it is here, and credited once`() async throws {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(count: 3)
        #expect(try await world.ask(.offer(batch.header)) == .wanted(batch.name, from: 1))
        #expect(try await world.ask(batch.part(from: 1, count: 2)) == .wanted(batch.name, from: 3))
        #expect(try await world.credit().cleared == 0)
        #expect(try await world.ask(batch.part(from: 3)) == .acknowledged(batch.name))
        #expect(try await world.credit().cleared == 3)
        #expect(try await world.merchantBalance() == .cents(450))
        #expect(try await world.balance(.pool(world.bin)) == .cents(-450))
        try await world.expectSound()
    }

    @Test func `a batch that comes twice is acknowledged again and credited once`() async throws {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(count: 3)
        try await world.clear(batch)
        let report = try await world.clear(batch)
        #expect(report.cleared == 0 && report.suspended == 0)
        #expect(try await world.ask(batch.part(from: 1)) == .acknowledged(batch.name))
        #expect(try await world.merchantBalance() == .cents(450))
        try await world.expectSound()
    }

    @Test func `a batch that is cut in the middle goes on where it was cut`() async throws {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(count: 1_200)
        _ = try await world.ask(.offer(batch.header))
        _ = try await world.ask(batch.part(from: 1))
        #expect(try await world.ask(.offer(batch.header)) == .wanted(batch.name, from: 513))
        #expect(try await world.ask(batch.part(from: 1)) == .wanted(batch.name, from: 513))
        #expect(try await world.ask(batch.part(from: 600)) == .wanted(batch.name, from: 513))
        #expect(try await world.clear(batch).cleared == 1_200)
        try await world.expectSound()
    }

    @Test func `a batch with one byte altered is not taken, and the right one is`() async throws {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(count: 2)
        var altered = batch.sales
        altered[1][50] ^= 1
        _ = try await world.ask(.offer(batch.header))
        let answer = try await world.ask(.part(batch.name, from: 1, sales: altered))
        #expect(answer == .refused(batch.name, .contentsDiffer))
        #expect(try await world.credit().cleared == 0)
        #expect(try await world.clear(batch).cleared == 2)
        try await world.expectSound()
    }

    @Test func `a header with one byte altered is not taken`() async throws {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(count: 2)
        var signature = batch.header.signature
        signature[3] ^= 1
        let altered = batch.header.with(signature: signature)
        #expect(try await world.ask(.offer(altered)) == .refused(batch.name, .signatureWrong))
    }

    @Test func `batches of an unknown security card, or from somebody else, are not taken`()
        async throws
    {
        let world = try await ClearingWorld()
        let stranger = try PlayedBatch(acquirer: 8, of: [PlayedSale(transaction: 1)])
        let refused = CollectionMessage.refused(stranger.name, .unknownSecurityCard)
        #expect(try await world.ask(.offer(stranger.header)) == refused)
        let batch = try PlayedBatch(count: 1)
        #expect(
            try await world.ask(.offer(batch.header), as: "somebody")
                == .refused(batch.name, .unknownSecurityCard)
        )
    }

    @Test func `a batch out of order waits for the one before`() async throws {
        let world = try await ClearingWorld()
        let (one, two) = (try PlayedBatch(1, count: 2), try PlayedBatch(2, count: 2, from: 3))
        #expect(try await world.send(two) == .refused(two.name, .gap))
        try await world.clear(one, two)
        #expect(try await world.merchantBalance() == .cents(600))
        try await world.expectSound()
    }

    @Test func `another batch of a name that is taken is not`() async throws {
        let world = try await ClearingWorld()
        let (one, other) = (try PlayedBatch(count: 2), try PlayedBatch(count: 3, from: 9))
        try await world.clear(one)
        #expect(try await world.send(other) == .refused(other.name, .nameTaken))
        #expect(try await world.merchantBalance() == .cents(300))
    }

    @Test func `what is not understood, or damaged, is answered and changes nothing`() async throws
    {
        let world = try await ClearingWorld()
        let sender = ClearingWorld.sender
        let messages: [[UInt8]] = [
            [], [1], [1, 0x91], [2, 0x91, 0, 0], CollectionMessage.unavailable.bytes,
        ]
        for bytes in messages {
            let answer = await world.house.answer(bytes, from: sender)
            #expect(answer == CollectionMessage.unavailable.bytes)
        }
        try await world.expectSound()
    }
}
