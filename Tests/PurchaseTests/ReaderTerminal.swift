// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import PaymentServer
import Simulation
import Synchronization
import Wire

/// A client terminal with a card of a world in its reader. What it remembers outlives it.
struct ReaderTerminal {
    let world: World
    let link: FaultyLink
    let memory = RememberedPayments()
    let reader: ShakyReader

    init(_ world: World, card: Int = 0, beside other: ReaderTerminal? = nil) async {
        self.world = world
        link =
            other?.link
            ?? FaultyLink(DirectLink(to: world.entryForClientTerminals, as: "anybody"))
        reader = ShakyReader(await world.reader(card))
    }

    var payment: CardPayment {
        CardPayment(
            channel: reader,
            link: link,
            keys: world.drawKeys,
            memory: memory,
            now: { [clock = world.clock] in clock.now },
            pause: { _ in }
        )
    }

    func pay(_ page: OrderPage, agreeing: Bool = true) async -> CardPaymentEnd {
        await payment.pay(
            page,
            paymentServer: "https://pay.example",
            order: "https://press.example/order/1"
        ) { _ in agreeing }
    }

    /// The terminal gets no answer to what comes after the draw request.
    func silenceAfterDraw() {
        for number in 2...20 { link.plan.script(.dropRequest, at: number) }
    }
}

/// The memory of a client terminal, without a disk.
final class RememberedPayments: PaymentMemory {
    private struct State {
        var open: [TransactionIdentifier: OpenPayment] = [:]
        var kept: [OpenPayment] = []
        var isFull = false
    }

    private let state = Mutex(State())

    var open: [OpenPayment] { state.withLock { Array($0.open.values) } }
    /// All that was ever kept, in its order.
    var kept: [OpenPayment] { state.withLock(\.kept) }

    func fill() { state.withLock { $0.isFull = true } }

    func keep(_ payment: OpenPayment) throws(PaymentMemoryFailure) {
        try state.withLock { state throws(PaymentMemoryFailure) in
            if state.isFull { throw PaymentMemoryFailure("The disk is full.") }
            state.kept.append(payment)
            state.open[payment.terms.transaction] = payment
        }
    }

    func forget(_ transaction: TransactionIdentifier) {
        state.withLock { $0.open[transaction] = nil }
    }
}

/// A reader whose card can be taken out at DEBIT IEP: before the card has it, or after.
final class ShakyReader: CardChannel {
    enum Removal: Sendable {
        case beforeDebit, afterDebit
        /// After the debit, and it is not put in again.
        case forGood
    }

    private let card: PseudoReader
    private let removal = Mutex<Removal?>(nil)
    private let isOut = Mutex(false)

    init(_ card: PseudoReader) {
        self.card = card
    }

    func remove(_ moment: Removal) { removal.withLock { $0 = moment } }

    func putIn() {
        removal.withLock { $0 = nil }
        isOut.withLock { $0 = false }
    }

    func reset() async throws(ChannelFailure) -> [UInt8] {
        if isOut.withLock({ $0 }) { throw .removed }
        return try await card.reset()
    }

    func transmit(_ command: [UInt8]) async throws(ChannelFailure) -> [UInt8] {
        guard command[1] == 0x54 else { return try await card.transmit(command) }
        let moment = removal.withLock { $0 }
        if moment == .beforeDebit { throw .removed }
        let response = try await card.transmit(command)
        if moment == .forGood { isOut.withLock { $0 = true } }
        if moment != nil { throw .removed }
        return response
    }
}
