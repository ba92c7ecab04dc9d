// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Records
import Testing

@Suite struct RedemptionCrashTests {
    private let desk = BenefitDesk()
    private let noon = BenefitDesk.noon

    @Test(arguments: [ShakyStore.Trouble.down, .answerLost])
    func `a step whose store fails is asked again and done once`(
        _ trouble: ShakyStore.Trouble
    ) async throws {
        try await desk.put(stock: 2)
        let (order, code) = (desk.order(), try BenefitDesk.code())
        let member = try BenefitDesk.member()
        func shaky() -> Benefits { desk.benefits(on: ShakyStore(desk.store, trouble)) }
        let reserving = shaky()
        await #expect(throws: BenefitFailure.self) {
            try await reserving.reserve(code, for: member, transaction: order, now: noon)
        }
        try await reserving.reserve(code, for: member, transaction: order, now: noon)
        let giving = shaky()
        await #expect(throws: BenefitFailure.self) { try await giving.fulfil(order, now: noon) }
        let given = try await giving.fulfil(order, now: noon)
        #expect(try await desk.benefits.fulfil(order, now: noon) == given)
        let view = try await desk.benefits.find(code)
        #expect(view.left == 1 && view.reserved == 0 && view.fulfilled == 1)
        #expect(try await desk.audit().findings == [])
    }

    @Test func `of two who want the last one at the same moment one gets it`() async throws {
        try await desk.put(stock: 1)
        let code = try BenefitDesk.code()
        let (first, second) = (desk.order(), desk.order())
        let (ada, ben) = (try BenefitDesk.member("SK-1"), try BenefitDesk.member("SK-2"))
        let benefits = desk.benefits
        let overtaken = ShakyStore(
            desk.store,
            .overtaken { [noon] in
                _ = try? await benefits.reserve(code, for: ben, transaction: second, now: noon)
            }
        )
        await #expect(throws: BenefitFailure.soldOut) {
            try await desk.benefits(on: overtaken).reserve(
                code,
                for: ada,
                transaction: first,
                now: noon
            )
        }
        #expect(try await benefits.redemption(second).member == ben)
        #expect(try await benefits.redemptions(limit: 10).count == 1)
        #expect(try await desk.audit().findings == [])
    }

    @Test func `many who come at once get no more than there is`() async throws {
        try await desk.put(stock: 5)
        let code = try BenefitDesk.code()
        let (benefits, noon) = (desk.benefits, desk.noon)
        let member = try BenefitDesk.member()
        let orders = (0..<12).map { _ in desk.order() }
        let got = await withTaskGroup(of: Bool.self) { group in
            for order in orders {
                group.addTask {
                    let kept = try? await benefits.reserve(
                        code,
                        for: member,
                        transaction: order,
                        now: noon
                    )
                    guard kept != nil else { return false }
                    return (try? await benefits.fulfil(order, now: noon)) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(got == 5)
        let report = try await desk.audit()
        #expect(report.findings == [] && report.fulfilledCount == 5 && report.owed == 0)
    }

    @Test func `result and release at the same moment leave one end`() async throws {
        try await desk.put(stock: 1)
        let (order, code) = (desk.order(), try BenefitDesk.code())
        let benefits = desk.benefits
        try await benefits.reserve(
            code,
            for: try BenefitDesk.member(),
            transaction: order,
            now: noon
        )
        let overtaken = ShakyStore(
            desk.store,
            .overtaken { [noon] in _ = try? await benefits.fulfil(order, now: noon) }
        )
        let end = try await desk.benefits(on: overtaken).release(order, now: noon)
        #expect(end.state == .fulfilled)
        #expect(try await benefits.find(code).left == 0)
    }

    @Test func `who is overtaken each time is told to come back`() async throws {
        try await desk.put(stock: nil)
        let (order, code) = (desk.order(), try BenefitDesk.code())
        let (benefits, noon, desk) = (desk.benefits, desk.noon, desk)
        let member = try BenefitDesk.member()
        let store = AlwaysOvertaken(desk.store) {
            _ = try? await benefits.reserve(
                code,
                for: member,
                transaction: desk.order(),
                now: noon
            )
        }
        await #expect(throws: BenefitFailure.busy) {
            try await desk.benefits(on: store).reserve(
                code,
                for: member,
                transaction: order,
                now: noon
            )
        }
        #expect(BenefitFailure.busy.isTransient)
    }
}

/// A store before which somebody else always writes.
private final class AlwaysOvertaken: RecordStoreLayer {
    let inner: any RecordStore
    private let other: @Sendable () async -> Void

    init(_ inner: any RecordStore, _ other: @escaping @Sendable () async -> Void) {
        self.inner = inner
        self.other = other
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        await other()
        return try await inner.commit(transition)
    }
}

extension BenefitDesk {
    fileprivate var noon: Instant { BenefitDesk.noon }
}
