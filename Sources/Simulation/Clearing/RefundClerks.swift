// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import Merchant
import OPALServer
import PaymentServer
import Synchronization
import Wire

/// Who gives money back in a ``Run``: clerks of the shops, and somebody at the payment server who
/// asks for more than was paid. What they do is drawn from a stream of their own.
final class RefundClerks: Sendable {
    private let world: World
    private let scenario: Scenario
    private let random: SeededRandom
    private let stepsLeft: Mutex<Int>

    private static let thinkMax = 12_000
    /// A false refund has a number that no shop comes to.
    static let falseNumbers: ClosedRange<UInt8> = 90...99
    /// A part of a sale is at most so many cents.
    private static let partMax = 120

    /// - Returns: nil where the world has no clearing house.
    init?(_ scenario: Scenario, _ seed: UInt64, steps: Int) {
        guard scenario.world.clearing != nil else { return nil }
        world = scenario.world
        self.scenario = scenario
        random = SeededRandom(seed: seed)
        stepsLeft = Mutex(steps)
    }

    private var story: Story { scenario.story }

    /// Nobody begins another step.
    func stop() { stepsLeft.withLock { $0 = 0 } }

    /// All their steps, until no more are left.
    func live() async {
        while true {
            await world.clock.sleep(for: .milliseconds(random.below(Self.thinkMax)))
            let isOver = stepsLeft.withLock { left in
                left -= 1
                return left < 0
            }
            if isOver { return }
            await step()
        }
    }

    private func step() async {
        switch random.below(12) {
        case 0..<4: await refund(isWhole: true)
        case 4..<8: await refund(isWhole: false)
        case 8: await refundTwice()
        case 9, 10: await cheat()
        default:
            story.add("the payment server closes all batches")
            await world.payments.closeBatches(.byOrder)
        }
    }

    /// One of the last orders, whatever became of it.
    private func any() -> Scenario.Purchase? {
        scenario.purchase { random.below($0) }
    }

    private func refund(isWhole: Bool) async {
        guard let purchase = any() else { return }
        await refund(purchase, isWhole ? nil : UInt64(1 + random.below(Self.partMax)))
    }

    private func refund(_ purchase: Scenario.Purchase, _ cents: UInt64?) async {
        let (transaction, shop) = (purchase.ticket.transaction, purchase.shop)
        let what = cents.map { "\($0) cents" } ?? "all"
        let now = world.fates.now(of: .shop(shop))
        do throws(OrderFailure) {
            let entry = try await world.merchant(shop).refunds.begin(
                transaction,
                minorUnits: cents,
                now: now
            )
            story.add("a shop gives back \(what) of \(story.name(transaction)), \(entry.number)")
        } catch {
            story.add("a shop cannot give back \(what) of \(story.name(transaction)): \(error)")
        }
    }

    /// Two clerks at the same time.
    private func refundTwice() async {
        guard let purchase = any() else { return }
        let parts = (0..<2).map { _ in UInt64(1 + random.below(Self.partMax)) }
        await withTaskGroup(of: Void.self) { group in
            for part in parts { group.addTask { await self.refund(purchase, part) } }
        }
    }

    /// Somebody at the payment server asks for as much as was paid, in the name of the shop: once
    /// something was given back, that is more than is left.
    private func cheat() async {
        guard let link = world.collectionLink, let purchase = any(),
            let order = RefundOrder(
                transaction: purchase.ticket.transaction,
                merchant: world.shops[purchase.shop].merchant,
                number: Self.falseNumbers.lowerBound + UInt8(random.below(Self.falseNumbers.count)),
                amount: purchase.page.terms.amount
            )
        else { return }
        let key = world.refundKey
        let request = CollectionMessage.refund(
            order,
            acquirer: key.acquirer,
            code: key.sign(order)
        )
        let name = story.name(order.transaction)
        story.add("a cheat at the payment server asks for all of \(name) back")
        _ = try? await link.request(request.bytes)
    }
}
