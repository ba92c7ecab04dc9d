// SPDX-License-Identifier: Apache-2.0

import ClientCode
import Kernel
import Merchant
import Synchronization
import Wire

/// A person of a ``Run`` with a card in a reader at home, as `opal pay --reader` serves them: what
/// is open is finished before anything else is paid.
final class ReaderCustomer: Sendable {
    private let world: World
    private let story: Story
    private let terminal: ClientTerminal
    private let orders = Mutex<[TransactionIdentifier: Order]>([:])

    private struct Order: Sendable {
        let shop: Int
        let ticket: MerchantModule.Ticket
    }

    private static let name = "Fay"

    /// - Returns: nil where the world has no such terminal.
    init?(_ world: World, _ story: Story) {
        guard let terminal = world.clientTerminal else { return nil }
        self.world = world
        self.story = story
        self.terminal = terminal
    }

    /// Whether no payment waits for its end.
    var isIdle: Bool { terminal.open.isEmpty }

    func pay(_ page: OrderPage, _ ticket: MerchantModule.Ticket, at shop: Int) async {
        await finish()
        guard terminal.open.isEmpty, !world.isDown(.clientTerminal) else { return }
        let transaction = page.terms.transaction
        orders.withLock { $0[transaction] = Order(shop: shop, ticket: ticket) }
        let cents = page.terms.amount.minorUnits
        tell("pays \(story.name(transaction)), \(cents) cents, with the card in the reader")
        await take(await terminal.pay(page), of: transaction)
    }

    /// Brings payments that were left open to their end.
    func finish() async {
        for open in terminal.open {
            let transaction = open.terms.transaction
            let end = await terminal.using { await $0.finish(open) }
            switch end {
            case .pending, nil: break
            default: story.note(.readerFinished)
            }
            await take(end, of: transaction)
        }
    }

    private func take(_ end: CardPaymentEnd?, of transaction: TransactionIdentifier) async {
        let word = story.tell(end, of: transaction)
        tell("is told of \(story.name(transaction)): \(word)")
        guard case .paid(let receipt) = end,
            let order = orders.withLock({ $0[transaction] })
        else { return }
        do throws(OrderFailure) {
            story.note(
                try await world.fetch(receipt.resultForMerchant, order.ticket, at: order.shop)
            )
            story.add("\(story.name(transaction)) is handed out")
            terminal.forget(transaction)
        } catch {
            story.add("\(story.name(transaction)) is not handed out: \(error)")
            // The shop has it, or asks for it by itself.
            if !error.isTransient { terminal.forget(transaction) }
        }
    }

    private func tell(_ what: String) { story.add("\(Self.name) \(what)") }
}
