// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import ClientCode
package import Kernel
import SessionKeys
import Synchronization
package import Wire

/// A client terminal with a card in its reader (FIG. 2). It crashes like a party: what it remembers
/// outlives it, and so does the card, which is a party of its own.
package final class ClientTerminal: Sendable {
    package let card: CardIdentifier
    /// To the payment server's entry for client terminals.
    package let link: FaultyLink
    /// The card is taken out before or after it has answered.
    package let removals = FaultPlan<CrashMoment>()
    private let reader: PseudoReader
    private let memory = TerminalMemory()
    private let fates: Fates
    private let isBusy = Mutex(false)

    /// Who asks an open HTTPS entry has no name.
    static let caller = "anybody"

    init(_ card: CardIdentifier, _ reader: PseudoReader, _ link: FaultyLink, _ fates: Fates) {
        self.card = card
        self.reader = reader
        self.link = link
        self.fates = fates
    }

    /// Payments that have not come to their end, or whose result was not brought to the shop.
    var open: [OpenPayment] { memory.open }

    /// Does something as the only user of the terminal.
    ///
    /// - Returns: nil where it is in use, or down, or crashes meanwhile.
    func using<Value: Sendable>(_ work: (CardPayment) async -> Value) async -> Value? {
        let life = fates.life(.clientTerminal)
        guard !life.isOver, begin() else { return nil }
        defer { isBusy.withLock { $0 = false } }
        let value = await work(payment(as: life))
        return life.isOver ? nil : value
    }

    /// Pays with the card in the reader; the person agrees.
    ///
    /// - Returns: nil where no end is seen.
    package func pay(_ page: OrderPage) async -> CardPaymentEnd? {
        await using { payment in
            await payment.pay(
                page,
                paymentServer: "https://\(World.paymentServer)",
                order: page.terms.statusURL
            ) { _ in true }
        }
    }

    private func begin() -> Bool {
        isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
    }

    /// The result was brought to the shop.
    func forget(_ transaction: TransactionIdentifier) { memory.forget(transaction) }

    private func payment(as life: Life) -> CardPayment {
        let (fates, clock) = (fates, fates.clock)
        let fate = MortalTerminal(life: life, fates: fates)
        return CardPayment(
            channel: MortalReader(reader: reader, fate: fate, removals: removals),
            link: MortalLink(inner: link, life: life),
            keys: DrawSealer(),
            memory: MortalMemory(memory: memory, fate: fate),
            now: { fates.now(of: .clientTerminal) },
            pause: { await clock.sleep(for: $0) }
        )
    }
}

/// What a client terminal has on its disk.
private final class TerminalMemory: Sendable {
    private let payments = Mutex<[TransactionIdentifier: OpenPayment]>([:])

    /// The oldest first.
    var open: [OpenPayment] {
        payments.withLock { payments in
            payments.values.sorted { $0.terms.madeAt < $1.terms.madeAt }
        }
    }

    func keep(_ payment: OpenPayment) {
        payments.withLock { $0[payment.terms.transaction] = payment }
    }

    func forget(_ transaction: TransactionIdentifier) {
        payments.withLock { $0[transaction] = nil }
    }
}

/// One life of a client terminal, and when it ends.
private struct MortalTerminal: Sendable {
    let life: Life
    let fates: Fates

    /// The crash that the next step meets.
    func next() -> CrashMoment? {
        let plans = (fates.commitCrashes[.clientTerminal], fates.crashes[.clientTerminal])
        return plans.0?.next() ?? plans.1?.next()
    }

    func crash(_ moment: CrashMoment) { fates.crash(.clientTerminal, life, moment) }
}

/// What a client terminal remembers, as one life of it sees it.
private struct MortalMemory: PaymentMemory {
    let memory: TerminalMemory
    let fate: MortalTerminal

    func keep(_ payment: OpenPayment) throws(PaymentMemoryFailure) {
        try mortally { memory.keep(payment) }
    }

    func forget(_ transaction: TransactionIdentifier) throws(PaymentMemoryFailure) {
        try mortally { memory.forget(transaction) }
    }

    private func mortally(_ write: () -> Void) throws(PaymentMemoryFailure) {
        let dead = PaymentMemoryFailure("the terminal has crashed")
        if fate.life.isOver { throw dead }
        let moment = fate.next()
        if moment == .before { fate.crash(.before) }
        if fate.life.isOver { throw dead }
        write()
        if moment == .after { fate.crash(.after) }
        if fate.life.isOver { throw dead }
    }
}

/// The reader, as one life of the terminal sees it.
private struct MortalReader: CardChannel {
    let reader: PseudoReader
    let fate: MortalTerminal
    let removals: FaultPlan<CrashMoment>

    func reset() async throws(ChannelFailure) -> [UInt8] {
        if fate.life.isOver { throw .removed }
        return try await reader.reset()
    }

    func transmit(_ command: [UInt8]) async throws(ChannelFailure) -> [UInt8] {
        if fate.life.isOver { throw .removed }
        let (removal, moment) = (removals.next(), fate.next())
        if moment == .before { fate.crash(.before) }
        if fate.life.isOver || removal == .before { throw .removed }
        let response = try await reader.transmit(command)
        if moment == .after { fate.crash(.after) }
        if fate.life.isOver || removal == .after { throw .removed }
        return response
    }
}
