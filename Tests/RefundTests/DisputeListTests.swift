// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// However many disputes are open, each reaches the clearing house and stands in a list, and one
/// card keeps nobody else waiting.
@Suite struct DisputeListTests {
    @Test func `a round goes on where the last one ended, and begins anew behind the last dispute`()
        async throws
    {
        let world = try await RefundWorld()
        let sales = try await world.disputed(DisputeLimits.pageMax + 1)
        let last = try #require(sales.last)
        let now = { @Sendable in world.world.now }
        let first = try await world.house.passDisputes(pages: 1, now)
        #expect(first.received == DisputeLimits.pageMax)
        #expect(try await world.state(last) == .filed)
        #expect(try await world.house.passDisputes(pages: 1, now).received == 1)
        #expect(try await world.state(last) == .merchantAsked)
        // Decided behind the first page, withdrawn on it: two rounds come to both.
        _ = try await world.decide(last).get()
        let card = world.world.cards[0]
        _ = try await world.disputes.withdraw(sales[0], of: card).get()
        for _ in 0..<2 { try await world.house.passDisputes(pages: 1, now) }
        await world.rounds(1)
        #expect(try await world.state(last) == .refunded(try world.chargeBack(101, 150)))
        #expect(try await world.house.dispute(of: sales[0])?.notice.state == .withdrawn)
        try await world.expectSound()
    }

    @Test func `a round asks by name for nothing that another page of the issuer may have`()
        async throws
    {
        let world = try await RefundWorld()
        _ = try await world.disputed(DisputeLimits.pageMax + 1)
        await world.disputeRounds(1)
        let before = world.toIssuer.exchanges.count
        _ = try await world.house.passDisputes(pages: 1) { world.world.now }
        #expect(world.toIssuer.exchanges.count == before + 1)
    }

    @Test func `a card has a number of open disputes at most, and room again once one has ended`()
        async throws
    {
        let world = try await RefundWorld()
        let sales = try await world.disputed(DisputeLimits.openPerCardMax)
        let (one, other) = (try await world.buy(), try await world.buy())
        try await world.collect()
        let card = world.world.cards[0]
        #expect(try await world.disputes.disputable(one, of: card) == .failure(.tooManyOpen))
        #expect(try await world.file(one) == .failure(.tooManyOpen))
        _ = try await world.disputes.withdraw(sales[3], of: card).get()
        async let first = world.file(one)
        async let second = world.file(other)
        let outcomes = [try await first, try await second]
        #expect(outcomes.filter { $0 == .failure(.tooManyOpen) }.count == 1)
        try await world.expectSound()
    }

    @Test func `the audit names a card's list of disputes that does not open`() async throws {
        let world = try await RefundWorld()
        _ = try await world.disputed()
        let (store, key) = (world.world.opalStore, OpenDisputesRecord.key(world.world.cards[0]))
        let record = try #require(try await store.read(key))
        let write = RecordWrite.put(key, expectedRevision: record.revision, body: record.body)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        let findings = try await world.audit()
        #expect(findings.contains { $0.hasPrefix("OPAL server, open_disputes") })
    }

    @Test func `the pages of a merchant's disputes have each of them, once`() async throws {
        let world = try await RefundWorld()
        let sales = try await world.disputed(5)
        await world.disputeRounds(1)
        var (seen, beyond): ([TransactionIdentifier], TransactionIdentifier?) = ([], nil)
        repeat {
            let page = try await world.listed(areOpen: true, beyond: beyond, limit: 2)
            seen += page.cases.map(\.notice.transaction)
            beyond = page.next
        } while beyond != nil
        #expect(seen == sales)
        for sale in sales.prefix(3) {
            _ = try await world.disputes.withdraw(sale, of: world.world.cards[0]).get()
        }
        await world.disputeRounds(1)
        #expect(try await world.listed(areOpen: true).cases.count == 2)
        let page = try await world.listed(areOpen: false, limit: 2)
        #expect(page.cases.map(\.notice.transaction) == [sales[2], sales[1]])
        let rest = try await world.listed(areOpen: false, beyond: page.next, limit: 2)
        #expect(rest.cases.map(\.notice.transaction) == [sales[0]] && rest.next == nil)
    }

    @Test func `the pages of an issuer's disputes have each of them, once`() async throws {
        let world = try await RefundWorld()
        let sales = try await world.disputed(5)
        let (desk, issuer) = (world.disputes, world.world.issuer.identifier)
        let first = try await desk.open(of: issuer, limit: 3)
        #expect(first.disputes.count == 3 && first.next == sales[2])
        let second = try await desk.open(of: issuer, after: first.next, limit: 3)
        let open = (first.disputes + second.disputes).map(\.sale.transaction)
        #expect(Set(open) == Set(sales) && open.count == 5 && second.next == nil)
        for sale in sales.prefix(3) { _ = try await desk.reject(sale, by: "maria", words: "No.") }
        let newest = try await desk.ended(of: issuer, limit: 2)
        #expect(newest.disputes.map(\.sale.transaction) == [sales[2], sales[1]])
        let rest = try await desk.ended(of: issuer, before: newest.next, limit: 2)
        #expect(rest.disputes.map(\.sale.transaction) == [sales[0]] && rest.next == nil)
        let other = try #require(IssuerIdentifier("111111"))
        #expect(try await desk.open(of: other).disputes == [])
    }
}
