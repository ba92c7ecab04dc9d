// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Simulation
import Synchronization
import Testing
import Wire

/// A client terminal with a card of a world in its reader (FIG. 2).
struct CardTerminal {
    let world: World
    let link: FaultyLink
    let reader: PseudoReader
    let memory = PaymentList()

    init(_ world: World, card: Int = 0) async {
        self.world = world
        link = FaultyLink(DirectLink(to: world.entryForClientTerminals, as: "anybody"))
        reader = await world.reader(card)
    }

    private func payment(over link: any Link) -> CardPayment {
        CardPayment(
            channel: reader,
            link: link,
            keys: world.drawKeys,
            memory: memory,
            now: { [clock = world.clock] in clock.now },
            pause: { _ in }
        )
    }

    func pay(_ order: Purchased) async -> CardPaymentEnd {
        await payment(over: link).pay(
            order.page,
            paymentServer: "https://pay.example",
            order: "https://press.example/order/1"
        ) { _ in true }
    }

    /// Finishes what is open; over another link, if one is given.
    func finish(over other: (any Link)? = nil) async throws -> CardPaymentEnd {
        let open = try #require(memory.open.first)
        return await payment(over: other ?? link).finish(open)
    }
}

/// The open payments of a terminal.
final class PaymentList: PaymentMemory {
    private let payments = Mutex<[TransactionIdentifier: OpenPayment]>([:])

    var open: [OpenPayment] { payments.withLock { Array($0.values) } }

    func keep(_ payment: OpenPayment) throws(PaymentMemoryFailure) {
        payments.withLock { $0[payment.terms.transaction] = payment }
    }

    func forget(_ transaction: TransactionIdentifier) {
        payments.withLock { $0[transaction] = nil }
    }
}

extension World {
    /// The audits of the parties, where no draw is written for a card in a reader: nothing is found
    /// but at one card, and nothing is open.
    func expectSealed(
        except card: Int? = nil,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        await tidy()
        let known = card.map { CardAuditor.cardPlace(cards[$0].bytes) }
        let found = try await cardAuditor.run {}.findings.filter { $0.place != known }
        #expect(found == [], sourceLocation: place)
        #expect(try await saleAudit.run {}.findings == [], sourceLocation: place)
        #expect(try await orderAudit().run {}.findings == [], sourceLocation: place)
    }
}
