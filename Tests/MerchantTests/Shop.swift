// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import Merchant
import Records
import SecurityModule
import SessionKeys
import Synchronization
import Testing
import Wire

/// A merchant and a payment server that share a key, for one test.
struct Shop {
    let store = MemoryStore()
    let payments: PaymentServerDouble
    let orderSealer: any OrderSealing
    let recordSealer: any RecordSealing = RecordSealer(LocalMasterKey.make(), party: "merchant")
    let profile: MerchantModule.Profile
    let random = SeededRandom(seed: 1)

    static let noon = Instant(milliseconds: 1_780_000_000_000)

    init() throws {
        let merchant = try #require(MerchantIdentifier("PRESS-1"))
        let key = try #require(SharedKey(name: "k1", bytes: Array(0..<32)))
        let directory = SharedKeyDirectory()
        #expect(directory.add(key, for: merchant))
        orderSealer = OrderSealer(merchant: merchant, current: key)
        payments = PaymentServerDouble(
            SaleSealer(directory: directory, pseudonymKey: Array(repeating: 7, count: 32))
        )
        profile = try #require(
            MerchantModule.Profile(
                merchant: merchant,
                paymentServer: "payments.example",
                policy: .securityCard,
                statusURL: "https://press.example/result"
            )
        )
    }

    /// A new module on the shop's store, as after a restart.
    var module: MerchantModule { module(on: store) }

    func module(
        on store: any RecordStore,
        uptime: (@Sendable () -> Uptime)? = nil
    ) -> MerchantModule {
        MerchantModule(
            profile,
            sealing: orderSealer,
            recordSealing: recordSealer,
            store: store,
            link: payments,
            random: random,
            uptime: uptime
        )
    }

    static func article(
        _ price: UInt64 = 150,
        secondPrice: Money? = nil
    ) throws -> Article {
        try #require(
            Article(
                identifier: "fens",
                title: "The Fens",
                description: "A short story, 12 pages",
                price: Money(minorUnits: price, currency: .euro, exponent: .cents),
                secondPrice: secondPrice,
                contentFile: "fens.txt",
                mediaType: "text/plain"
            )
        )
    }

    /// Debit Result M for the order of a page, as its payment server seals it.
    func result(
        of page: OrderPage,
        _ outcome: SaleOutcome = .sold,
        amount: Money? = nil,
        number: UInt32 = 9
    ) async throws -> [UInt8] {
        let session = try await payments.sealer.session(for: page.terms, page.proof)
        return try await session.sealResult(
            MerchantDebitResult(
                transaction: page.terms.transaction,
                merchant: page.terms.merchant,
                amount: amount ?? page.terms.amount,
                outcome: outcome,
                reason: outcome == .refused ? .insufficientValue : nil,
                cardPseudonym: "00112233445566778899aabbccddeeff",
                securityCard: SecurityCardIdentifier(acquirer: 4, serial: 2),
                securityCardNumber: number,
                time: CardTime(Shop.noon)
            )
        )
    }

    func page(_ ticket: MerchantModule.Ticket, now: Instant = noon) async throws -> OrderPage {
        try await module.page(
            of: ticket.transaction,
            receiptKey: ticket.receiptKey,
            now: now
        )
    }

    /// How many journal rows tell of a delivery.
    func deliveries(of ticket: MerchantModule.Ticket) async throws -> Int {
        try await module.journal(of: ticket.transaction).count { $0.event == .delivered }
    }
}

extension MerchantModule {
    func find(_ ticket: Ticket) async throws(OrderFailure) -> OrderView {
        try await find(ticket.transaction, receiptKey: ticket.receiptKey)
    }

    func deliver(_ ticket: Ticket, now: Instant = Shop.noon) async throws(OrderFailure) -> Delivery
    {
        try await deliver(ticket.transaction, receiptKey: ticket.receiptKey, now: now)
    }

    func reorder(_ ticket: Ticket, now: Instant = Shop.noon) async throws(OrderFailure) -> Ticket {
        try await reorder(ticket.transaction, receiptKey: ticket.receiptKey, now: now)
    }
}

extension Instant {
    func after(seconds: Int) -> Instant { adding(.seconds(seconds)) }
}

/// The payment server as a merchant sees it: it answers what the test tells it to.
final class PaymentServerDouble: Link {
    enum Behaviour {
        case unknown
        case open
        case ended(SaleState, sealed: [UInt8])
        case refuses(Refusal)
        case silent(LinkFailure)
        case bytes([UInt8])
    }

    private struct Content {
        var behaviours: [TransactionIdentifier: Behaviour] = [:]
        var asked: [TransactionIdentifier] = []
    }

    let sealer: any SaleSealing
    private let content = Mutex(Content())

    init(_ sealer: any SaleSealing) {
        self.sealer = sealer
    }

    var asked: [TransactionIdentifier] { content.withLock(\.asked) }

    func behave(_ behaviour: Behaviour, for transaction: TransactionIdentifier) {
        content.withLock { $0.behaviours[transaction] = behaviour }
    }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        guard case .saleQuestion(let question) = try? PartyMessage(request) else { return [] }
        let transaction = question.terms.transaction
        do throws(ModuleFailure) { try await sealer.check(question) } catch {
            return PartyMessage.refusal(transaction, .orderForged).bytes
        }
        let behaviour = content.withLock { content in
            content.asked.append(transaction)
            return content.behaviours[transaction] ?? .unknown
        }
        return switch behaviour {
        case .unknown: PartyMessage.refusal(transaction, .orderUnknown).bytes
        case .open: PartyMessage.saleAnswer(transaction, .drawn, forMerchant: []).bytes
        case .ended(let state, let sealed):
            PartyMessage.saleAnswer(transaction, state, forMerchant: sealed).bytes
        case .refuses(let refusal): PartyMessage.refusal(transaction, refusal).bytes
        case .silent(let failure): throw failure
        case .bytes(let bytes): bytes
        }
    }
}

/// A store whose next commits conflict, or fail after they were made.
final class TroubledStore: RecordStoreLayer {
    let inner: any RecordStore
    private let conflicts: Mutex<Int>
    private let lostAnswers: Mutex<Int>

    init(_ inner: any RecordStore, conflicts: Int = 0, lostAnswers: Int = 0) {
        self.inner = inner
        self.conflicts = Mutex(conflicts)
        self.lostAnswers = Mutex(lostAnswers)
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        if takes(conflicts) { return .conflict }
        let outcome = try await inner.commit(transition)
        if takes(lostAnswers) { throw .unavailable("the answer was lost") }
        return outcome
    }

    private func takes(_ counter: borrowing Mutex<Int>) -> Bool {
        counter.withLock { count in
            count -= 1
            return count >= 0
        }
    }
}

/// SplitMix64 from a seed, so that a test does the same each time.
final class SeededRandom: RandomSource {
    private let state: Mutex<UInt64>

    init(seed: UInt64) {
        state = Mutex(seed)
    }

    func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
