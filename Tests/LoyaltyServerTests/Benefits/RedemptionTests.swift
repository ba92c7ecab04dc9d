// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Records
import Testing

@Suite struct RedemptionTests {
    private let desk = BenefitDesk()
    private let noon = BenefitDesk.noon

    /// What somebody who wants the benefit hears; nil where a piece is kept for them.
    private func refusal(
        _ code: String = "lounge",
        _ order: TransactionIdentifier? = nil,
        for member: Membership? = nil
    ) async throws -> BenefitFailure? {
        let (code, order) = (try BenefitDesk.code(code), order ?? desk.order())
        let member = try member ?? BenefitDesk.member()
        do throws(BenefitFailure) {
            try await desk.benefits.reserve(code, for: member, transaction: order, now: noon)
            return nil
        } catch { return error }
    }

    // MARK: Refusals, in their order

    @Test func `the same order for another benefit or another member is refused`() async throws {
        try await desk.put(stock: 1)
        let order = desk.order()
        #expect(try await refusal("lounge", order) == nil)
        #expect(try await refusal("other", order) == .termsDiffer)
        let other = try BenefitDesk.member("SK-2")
        #expect(try await refusal("lounge", order, for: other) == .termsDiffer)
    }

    @Test func `a benefit that is not in the catalogue is unknown`() async throws {
        #expect(try await refusal() == .unknownBenefit)
    }

    @Test func `a benefit whose record somebody changed is damaged`() async throws {
        try await desk.put(stock: 1)
        let key = RecordKey(BenefitRecords.benefit, Array("lounge".utf8))
        let record = try #require(try await desk.store.read(key))
        let write = RecordWrite.put(
            key,
            expectedRevision: record.revision,
            body: record.body
        )
        #expect(try await desk.store.commit(Transition(writes: [write])) == .committed)
        #expect(try await refusal() == .damaged)
        #expect(try await desk.audit().findings.contains { $0.problem == "does not open" })
    }

    @Test func `a member of another programme gets nothing, also of what is withdrawn`()
        async throws
    {
        try await desk.put(stock: 1)
        try await desk.benefits.withdraw(try BenefitDesk.code(), now: noon)
        let member = try BenefitDesk.member(of: 0x9002)
        #expect(try await refusal(for: member) == .otherProgramme)
    }

    @Test func `what was withdrawn is not given until it is offered again`() async throws {
        try await desk.put(stock: 0)
        try await desk.benefits.withdraw(try BenefitDesk.code(), now: noon)
        #expect(try await refusal() == .withdrawn)
        try await desk.benefits.offer(try BenefitDesk.code(), now: noon)
        #expect(try await refusal() == .soldOut)
    }

    @Test func `the last piece is given once`() async throws {
        try await desk.put(stock: 1)
        #expect(try await refusal() == nil)
        #expect(try await refusal() == .soldOut)
        let view = try await desk.benefits.find(try BenefitDesk.code())
        #expect(view.state == .soldOut && view.left == 0 && view.reserved == 1)
    }

    @Test func `what has no end is never sold out`() async throws {
        try await desk.put(stock: nil)
        for _ in 0..<20 { #expect(try await refusal() == nil) }
        let view = try await desk.benefits.find(try BenefitDesk.code())
        #expect(view.left == nil && view.reserved == 20 && view.owed == 0)
        #expect(try await desk.audit().findings == [])
    }

    // MARK: From reservation to end

    @Test func `a reservation asked for again keeps one piece`() async throws {
        try await desk.put(stock: 2)
        let order = desk.order()
        for _ in 0..<3 { #expect(try await refusal("lounge", order) == nil) }
        #expect(try await desk.benefits.find(try BenefitDesk.code()).left == 1)
    }

    @Test func `a voucher code is fixed once, whoever asks how often`() async throws {
        try await desk.put(stock: 2)
        let order = desk.order()
        #expect(try await refusal("lounge", order) == nil)
        let first = try await desk.benefits.fulfil(order, now: noon)
        let again = try await desk.benefits.fulfil(order, now: noon.adding(.seconds(9)))
        #expect(first == again && first.endedAt == noon)
        let code = try #require(first.voucher).reveal()
        #expect(code.wholeMatch(of: /([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}/) != nil)
        #expect("\(first)".contains("(a voucher code)") && !"\(first)".contains(code))
        // Who comes back to the reservation later finds what became of it.
        #expect(try await refusal("lounge", order) == nil)
        let view = try await desk.benefits.find(try BenefitDesk.code())
        #expect(view.left == 1 && view.reserved == 0 && view.fulfilled == 1)
    }

    @Test func `two redemptions have two codes`() async throws {
        try await desk.put(stock: 2)
        var codes: Set<String> = []
        for _ in 0..<2 {
            let order = desk.order()
            #expect(try await refusal("lounge", order) == nil)
            let redemption = try await desk.benefits.fulfil(order, now: noon)
            codes.insert(try #require(redemption.voucher).reveal())
        }
        #expect(codes.count == 2)
    }

    @Test func `a file needs no code`() async throws {
        let file = Benefit.Handout.file(name: "map.svg", mediaType: "image/svg+xml")
        let map = try BenefitDesk.lounge(handout: file)
        try await desk.benefits.put(map, stock: 1, now: noon)
        let order = desk.order()
        #expect(try await refusal("lounge", order) == nil)
        #expect(try await desk.benefits.fulfil(order, now: noon).voucher == nil)
    }

    @Test func `what is released can be had by another`() async throws {
        try await desk.put(stock: 1)
        let order = desk.order()
        #expect(try await refusal("lounge", order) == nil)
        for _ in 0..<2 {
            let redemption = try await desk.benefits.release(order, now: noon)
            #expect(redemption.state == .released && redemption.voucher == nil)
        }
        #expect(try await refusal() == nil)
        #expect(try await desk.audit().findings == [])
    }

    @Test func `what was paid for after its release is given all the same, and owed`()
        async throws
    {
        try await desk.put(stock: 1)
        let late = desk.order()
        #expect(try await refusal("lounge", late) == nil)
        try await desk.benefits.release(late, now: noon)
        let next = desk.order()
        #expect(try await refusal("lounge", next) == nil)
        try await desk.benefits.fulfil(next, now: noon)
        let redemption = try await desk.benefits.fulfil(late, now: noon)
        #expect(redemption.state == .fulfilled && redemption.wasReleased)
        #expect(redemption.voucher != nil)
        let view = try await desk.benefits.find(try BenefitDesk.code())
        #expect(view.owed == 1 && view.left == 0 && view.state == .soldOut)
        let report = try await desk.audit()
        #expect(report.findings == [] && report.owed == 1 && report.fulfilledCount == 2)
        try await desk.benefits.restock(try BenefitDesk.code(), to: 2, now: noon)
        #expect(try await desk.audit().owed == 0)
    }

    @Test func `what cost nothing but a proof is not given after its release`() async throws {
        try await desk.put(stock: 1)
        let order = desk.order()
        #expect(try await refusal("lounge", order) == nil)
        let released = try await desk.benefits.release(order, now: noon)
        let again = try await desk.benefits.fulfil(order, unlessReleased: true, now: noon)
        #expect(again == released && again.voucher == nil)
        #expect(try await desk.benefits.find(try BenefitDesk.code()).left == 1)
    }

    @Test func `what was given is not released`() async throws {
        try await desk.put(stock: 1)
        let order = desk.order()
        #expect(try await refusal("lounge", order) == nil)
        let given = try await desk.benefits.fulfil(order, now: noon)
        #expect(try await desk.benefits.release(order, now: noon) == given)
        #expect(try await refusal() == .soldOut)
    }

    @Test func `an order without a reservation is neither given nor released`() async throws {
        let order = desk.order()
        await #expect(throws: BenefitFailure.unknownRedemption) {
            try await desk.benefits.fulfil(order, now: noon)
        }
        await #expect(throws: BenefitFailure.unknownRedemption) {
            try await desk.benefits.release(order, now: noon)
        }
    }

    @Test func `what was ordered keeps its price and is given though it is withdrawn`()
        async throws
    {
        try await desk.put(stock: 1)
        let order = desk.order()
        #expect(try await refusal("lounge", order) == nil)
        try await desk.benefits.put(try BenefitDesk.lounge(900), stock: 1, now: noon)
        try await desk.benefits.withdraw(try BenefitDesk.code(), now: noon)
        let redemption = try await desk.benefits.fulfil(order, now: noon)
        #expect(redemption.benefit.price.points?.minorUnits == 500)
        #expect(redemption.state == .fulfilled)
    }
}
