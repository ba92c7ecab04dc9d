// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// A mixed payment under way: money and points for one article, as one outcome. Each half is a
/// debit with signatures of its own; the payment server counts both or gives up both, and what it
/// gives up comes back with SV.
struct MixedPurchase {
    private let first: Purchase
    private let second: Purchase
    private let link: any Link
    private let purchases: Purchases

    /// The first half is told first, then the second one, then the first one learns the outcome;
    /// once more where a message was lost.
    private static let rounds = 2

    init(
        _ page: OrderPage,
        _ second: OrderPage,
        _ card: CardIdentifier,
        _ link: any Link,
        _ purchases: Purchases
    ) {
        first = Purchase(page, card, link, purchases)
        self.second = Purchase(second, card, link, purchases)
        self.link = link
        self.purchases = purchases
    }

    func run() async throws(Refusal) -> PurchaseOutcome {
        // What is short in the second purse is said before the first one is touched.
        if let refusal = try await second.wouldRefuse() { return .refusedByLimit(refusal) }
        let one: Half
        switch try await first.debited() {
        case .ended(let outcome): return outcome
        case .debited(let stored, let session): one = Half(stored, session)
        }
        do throws(Refusal) {
            switch try await second.debited() {
            case .debited(let stored, let session):
                return await settled(one, Half(stored, session))
            case .ended(.refusedByLimit(let refusal)):
                return await givenUp(one) ?? .refusedByLimit(refusal)
            // Whether it was debited is not known, or somebody else has done it: both end together.
            case .ended: return await pending(one)
            }
        } catch {
            return await givenUp(one) ?? .refused(error)
        }
    }

    /// A debited half with the keys of its order.
    private struct Half {
        var stored: Purchases.Stored
        let session: any DrawSession

        init(_ stored: Purchases.Stored, _ session: any DrawSession) {
            self.stored = stored
            self.session = session
        }

        var isOpen: Bool { stored.draw.state.isOpen }
    }

    /// Tells the payment server what the card answered, for each half, until both have ended.
    private func settled(_ one: Half, _ two: Half) async -> PurchaseOutcome {
        var (one, two) = (one, two)
        for _ in 0..<MixedPurchase.rounds {
            await tell(&one)
            await tell(&two)
            if !one.isOpen { break }
        }
        if one.isOpen { await tell(&one) }
        let balance = two.stored.draw.answer.balance
        switch one.stored.outcome {
        case .paid(let receipt): return .paid(receipt.with(secondBalance: balance))
        case .refused(let refusal):
            // The second half comes back as well; where it has not yet, the person is told so.
            return two.isOpen ? await pending(two) : .refused(refusal)
        default: return await pending(one)
        }
    }

    private func tell(_ half: inout Half) async {
        guard half.isOpen, let reply = try? await link.request(half.stored.reply) else { return }
        half.stored = await purchases.settled(
            half.stored,
            answered: reply,
            session: half.session,
            wasPending: false
        )
    }

    /// Gives the first half up, because the second one was not debited.
    ///
    /// - Returns: nil once its value is on the card again; else that it is pending.
    private func givenUp(_ one: Half) async -> PurchaseOutcome? {
        let message = PartyMessage.otherHalfRefused(one.stored.draw.terms.transaction)
        guard let reply = try? await link.request(message.bytes) else {
            return await pending(one)
        }
        let stored = await purchases.settled(
            one.stored,
            answered: reply,
            session: one.session,
            wasPending: false
        )
        return stored.draw.state == .recovered ? nil : await pending(Half(stored, one.session))
    }

    private func pending(_ half: Half) async -> PurchaseOutcome {
        await purchases.markedAsPending(half.stored).outcome
    }
}
