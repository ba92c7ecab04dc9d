// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records
import Simulation
import Testing
import Wire

/// What clears, what is set aside, and what becomes of it.
@Suite struct CreditingTests {
    @Test func `a sale that its issuer does not prove is set aside, and the others clear`()
        async throws
    {
        let world = try await ClearingWorld()
        let proofs: [UInt64: SaleProof] = [
            2: .forged, 3: .unknownCard, 4: .numberUsedTwice, 5: .recovered,
            6: .unknownKeyVersion,
        ]
        for (transaction, proof) in proofs { world.issuer.say(proof, of: transaction) }
        let report = try await world.clear(try PlayedBatch(count: 7))
        #expect(report.cleared == 2 && report.suspended == 5)
        #expect(try await world.suspended() == proofs.mapValues { .issuer($0) })
        #expect(try await world.merchantBalance() == .cents(300))
        #expect(try await world.balance(.pool(world.bin)) == .cents(-300))
        try await world.expectSound()
    }

    @Test func `the story of a sale that was set aside says why, also where no money moved`()
        async throws
    {
        let world = try await ClearingWorld()
        world.issuer.say(.forged, of: 2)
        let batch = try PlayedBatch(count: 3) { if $0.transaction == 3 { $0.merchant = "NEW" } }
        try await world.clear(batch)
        let reasons: [SuspenseReason?] = [nil, .issuer(.forged), .unknownMerchant]
        for (index, reason) in reasons.enumerated() {
            let transaction = TransactionIdentifier(high: 1, low: UInt64(index + 1))
            let story = try #require(try await world.house.story(of: transaction))
            #expect(story.reason == reason && story.isCredited == (reason == nil))
            #expect(story.place == BatchPlace(batch.name, UInt32(index + 1)))
            #expect(story.sale.transaction == transaction)
        }
        #expect(try await world.house.story(of: TransactionIdentifier(high: 1, low: 4)) == nil)
    }

    @Test func `a sale that was cleared with another batch is not cleared again`() async throws {
        let world = try await ClearingWorld()
        try await world.clear(try PlayedBatch(1, count: 2))
        // The same sales, in another batch and from another security card.
        try await world.clear(try PlayedBatch(2, count: 3), try PlayedBatch(1, count: 1, serial: 2))
        #expect(try await world.merchantBalance() == .cents(450))
        let reasons = try await world.house.suspended(limit: 10).map(\.reason)
        #expect(reasons == [.alreadyCleared, .alreadyCleared, .alreadyCleared])
        try await world.expectSound()
    }

    @Test func `a sale that is twice in one batch is cleared once`() async throws {
        let world = try await ClearingWorld()
        var again = PlayedSale(transaction: 1)
        again.securityCardNumber = 1
        let batch = try PlayedBatch(of: [PlayedSale(transaction: 1), again])
        let report = try await world.clear(batch)
        #expect(report.cleared == 1 && report.suspended == 1)
        #expect(try await world.suspended() == [1: .alreadyCleared])
        try await world.expectSound()
    }

    @Test func `a security card's number is that of one sale`() async throws {
        let world = try await ClearingWorld()
        var other = PlayedSale(transaction: 2)
        other.securityCardNumber = 1
        try await world.clear(try PlayedBatch(of: [PlayedSale(transaction: 1), other]))
        #expect(try await world.suspended() == [2: .securityCardNumberUsedTwice])
        try await world.expectSound()
    }

    @Test func `a sale of an unknown merchant waits in suspense, and clears when it is known`()
        async throws
    {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(count: 2) { if $0.transaction == 2 { $0.merchant = "NEW" } }
        try await world.clear(batch)
        #expect(try await world.suspended() == [2: .unknownMerchant])
        #expect(try await world.balance(.suspense(acquirer)) == .cents(150))
        #expect(try await world.balance(.pool(world.bin)) == .cents(-300))
        try await world.expectSound()
        let place = BatchPlace(batch.name, 2)
        await #expect(throws: ClearingFailure.stillSuspended(.unknownMerchant)) {
            try await world.house.release(place, by: "Ann", now: ClearingWorld.noon)
        }
        try await world.house.set(world.merchant("NEW"))
        try await world.house.release(place, by: "Ann", now: ClearingWorld.noon)
        #expect(try await world.merchantBalance("NEW") == .cents(150))
        #expect(try await world.balance(.suspense(acquirer)) == .zero)
        #expect(try await world.suspended().isEmpty)
        await #expect(throws: ClearingFailure.suspenseEnded) {
            try await world.house.release(place, by: "Ann", now: ClearingWorld.noon)
        }
        try await world.expectSound()
    }

    @Test func `a sale that is given up goes back to its issuer`() async throws {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(count: 1) { $0.merchant = "NOBODY" }
        try await world.clear(batch)
        let place = BatchPlace(batch.name, 1)
        try await world.house.reject(place, by: "Ann", now: ClearingWorld.noon)
        #expect(try await world.balance(.suspense(acquirer)) == .zero)
        #expect(try await world.balance(.pool(world.bin)) == .zero)
        #expect(try await world.house.suspended(at: place)?.decision?.by == "Ann")
        try await world.expectSound()
    }

    @Test func `a merchant of another acquirer, or without an account, is not paid`() async throws {
        let world = try await ClearingWorld()
        try await world.house.set(
            ClearedAcquirer(8, name: "Other", payee: try world.payee("Other"), senders: [])
        )
        try await world.house.set(world.merchant("FAR", acquirer: 8))
        try await world.house.set(world.merchant("YEN", currencies: [.yen]))
        let batch = try PlayedBatch(count: 2) { $0.merchant = $0.transaction == 1 ? "FAR" : "YEN" }
        try await world.clear(batch)
        #expect(try await world.suspended() == [1: .unknownMerchant, 2: .noAccount])
        try await world.expectSound()
    }

    @Test func `a currency without pool and an issuer nobody knows move nothing`() async throws {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(count: 2) { sale in
            if sale.transaction == 1 { sale.currency = .dollar }
            if sale.transaction == 2 { sale.card = "8880010000000017" }
        }
        try await world.clear(batch)
        #expect(try await world.suspended() == [1: .noPool, 2: .unknownIssuer])
        #expect(try await world.house.accounts(after: nil, limit: 10).isEmpty)
        try await world.expectSound()
    }

    @Test
    func `a key version that has ended, and a sale after its batch was closed, are set aside`()
        async throws
    {
        let world = try await ClearingWorld()
        var issuer = try #require(try await world.house.issuer(world.bin))
        let lastDay = try #require(CardDate(bcd: 0x26_1127))
        issuer.endedVersions = [.init(3, lastDay: lastDay)]
        try await world.house.set(issuer)
        let batch = try PlayedBatch(count: 3) { sale in
            if sale.transaction == 1 { sale.keyVersion = 3 }
            if sale.transaction == 2 { sale.time = 0x2026_1201_120000 }
            if sale.transaction == 3 { (sale.keyVersion, sale.time) = (3, 0x2026_1127_235959) }
        }
        try await world.clear(batch)
        #expect(try await world.suspended() == [1: .keyVersionEnded, 2: .timeWrong])
        #expect(
            try await world.ask(.updatesQuestion(after: 0))
                == .updates(
                    revision: 1,
                    hasMore: false,
                    [.keyVersionEnds(world.bin, version: 3, lastDay: lastDay)]
                )
        )
        try await world.expectSound()
    }

    @Test func `an issuer on file that cannot be reached keeps its sales waiting`() async throws {
        let world = try await ClearingWorld()
        let other = try #require(IssuerIdentifier("888001"))
        try await world.house.set(
            ClearedIssuer(other, name: "Far", payee: world.payee("Far"), pools: [.euro])
        )
        let batch = try PlayedBatch(count: 2) { $0.card = "8880010000000017" }
        let report = try await world.clear(batch)
        #expect(report.silent == [other] && report.suspended == 0)
        try await world.expectSound()
    }

    @Test func `a sale in points is proved, and moves no money`() async throws {
        let world = try await ClearingWorld()
        let points = try #require(Currency(bcd: 0x9001))
        world.issuer.say(.forged, of: 2)
        let batch = try PlayedBatch(count: 2) { ($0.currency, $0.exponent) = (points, .units) }
        let report = try await world.clear(batch)
        #expect(report.cleared == 1 && report.suspended == 1)
        #expect(try await world.suspended() == [2: .issuer(.forged)])
        #expect(try await world.house.accounts(after: nil, limit: 10).isEmpty)
        try await world.expectSound()
    }

    @Test func `a batch of an issuer that is silent waits, and others do not`() async throws {
        let world = try await ClearingWorld()
        world.issuer.set(isAway: true)
        let stranger = try PlayedBatch(count: 1, from: 50, serial: 2) {
            $0.card = "8880010000000017"
        }
        let report = try await world.clear(try PlayedBatch(count: 2), stranger)
        #expect(report.silent == [world.bin])
        #expect(report.suspended == 1)
        world.issuer.set(isAway: false)
        #expect(try await world.credit().cleared == 2)
        try await world.expectSound()
    }

    @Test func `wherever a step fails, crediting goes on and each sale is credited once`()
        async throws
    {
        for failing in 1...12 {
            let inner = MemoryStore()
            let store = FaultyStore(inner)
            let world = try await ClearingWorld(store: store, fee: sample)
            let batch = try PlayedBatch(count: 1_100)
            try await world.send(batch)
            store.commits.script(
                failing.isMultiple(of: 2) ? .refuse(.diskFull) : .loseAnswer,
                at: (failing + 1) / 2
            )
            for _ in 0..<4 { _ = try? await world.credit() }
            store.clear()
            #expect(try await world.credit().silent.isEmpty)
            let paid = try await world.merchantBalance()
            #expect(try await world.balance(.pool(world.bin)) == .cents(-165_000))
            #expect(paid.adding(try await world.balance(.acquirer(acquirer))) == .cents(165_000))
            try await world.expectSound()
        }
    }

    private var sample: FeeRule {
        FeeRule(rate: 12_345, minimum: .zero, perBatch: .cents(10)) ?? .none
    }
}
