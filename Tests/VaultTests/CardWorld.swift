// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Crypto
import HSM
import Kernel
import Keys
import Records
import SecurityModule
import Testing
import Wire

/// One module, one store and one card in it, with a reader for whoever wants one.
struct CardWorld {
    /// R of the dialogues: 1, 2, 3 … or always the same.
    struct Random: RandomSource {
        let next: @Sendable () -> UInt64

        func bytes(_ count: Int) -> [UInt8] { Array(next().bigEndianBytes.prefix(count)) }
    }

    static let noon = Instant(milliseconds: 1_795_000_000_000)
    static let version: UInt8 = 1
    static let securityCard = SecurityCardIdentifier(acquirer: 7, serial: 9)

    let module = SoftwareModule(
        LocalMasterKey(SymmetricKey(data: [UInt8](repeating: 1, count: 32)))
    )
    let store: any RecordStore
    let card: CardIdentifier
    let keys: IssuerMasterKeys
    private let random: Random

    /// Stores the card; `random` gives R of each dialogue.
    init(
        _ card: Card,
        keys: IssuerMasterKeys = .make(),
        store: any RecordStore = MemoryStore(),
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) async throws {
        self.store = store
        self.card = card.identifier
        self.keys = keys
        self.random = Random(next: random)
        module.install(
            keys,
            as: SoftwareModule.KeyName(issuer: card.identifier.issuer, version: Self.version)
        )
        try await put(module.seal(CardRecord(card), revision: 1))
    }

    /// A card with 10.00 EUR, at most 50.00 EUR.
    static func euros(
        _ balance: UInt64 = 1_000,
        lastNumber: UInt32 = 0,
        isBlocked: Bool = false,
        expiry: UInt32 = 0x27_1231,
        number: String = "6368121221882974"
    ) throws -> Card {
        Card(
            identifier: try #require(CardIdentifier(number)),
            expiry: try #require(CardDate(bcd: expiry)),
            purchaseKeyVersion: version,
            loadKeyVersion: version,
            lastNumber: lastNumber,
            isBlocked: isBlocked,
            purses: [
                Purse(currency: .euro, exponent: .cents, balance: balance, balanceMax: 5_000)
            ]
        )
    }

    static func amount(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
    }

    var emulator: Emulator { Emulator(module: module, store: store, random: random) }

    func reader(
        isShared: Bool = false,
        at moment: Instant = noon,
        asking categories: (any MerchantCategorySource)? = nil
    ) -> PseudoReader {
        var emulator = emulator
        emulator.categories = categories
        return PseudoReader(card, emulator: emulator, isShared: isShared) { moment }
    }

    /// Makes a setting durable, with its row.
    func set(_ setting: CardSetting, at moment: Instant = noon) async throws {
        let sealed = try await sealed()
        let outcome = try await module.set(
            setting,
            by: "operator",
            on: sealed,
            context: CardContext(random: 0, now: moment, note: "")
        )
        try await emulator.commit(try outcome.get(), expected: sealed.revision)
    }

    func put(_ sealed: SealedCard) async throws {
        let key = Emulator.key(sealed.card)
        let revision = try await store.read(key)?.revision ?? 0
        let outcome = try await store.commit(
            Transition(writes: [.put(key, expectedRevision: revision, body: sealed.body)])
        )
        #expect(outcome == .committed)
    }

    func sealed() async throws -> SealedCard { try #require(try await emulator.fetch(card)) }
    func describe() async throws -> CardDescription { try await module.describe(sealed()) }

    func balance() async throws -> UInt64 {
        try #require(try await describe().purses.first).balance.minorUnits
    }

    func rows() async throws -> [ChainedRow] {
        try await store.history(card.bytes, after: 0, limit: RecordLimits.pageMax)
            .map { ChainedRow(number: $0.number, hash: $0.hash, body: $0.body) }
    }

    // MARK: The other side of the card

    /// What a security card would send for this Initialize.
    func command(
        for answer: InitializePurchaseAnswer,
        _ amount: Money,
        type: TransactionType = .purchase,
        transaction: UInt64 = 1,
        merchant: String = "SHOP",
        at time: CardTime = CardTime(noon)
    ) throws -> DebitIEP {
        let unsigned = DebitIEP(
            securityCard: Self.securityCard,
            securityCardNumber: answer.number &+ 100,
            transaction: TransactionIdentifier(high: 5, low: transaction),
            merchant: try #require(MerchantIdentifier(merchant)),
            time: time,
            amount: amount,
            signature: .none
        )
        let signature = session(answer, unsigned).securityCardSignature(
            PurchaseScope(
                type: type,
                card: answer.card,
                number: answer.number,
                command: unsigned
            )
        )
        return unsigned.signed(signature)
    }

    func session(_ answer: InitializePurchaseAnswer, _ command: DebitIEP) -> PurchaseSessionKey {
        PurchaseSessionKey(
            cardKey: keys.ready.purchaseKey(answer.card),
            number: answer.number,
            random: answer.random,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction
        )
    }

    func scope(_ answer: InitializePurchaseAnswer, _ command: DebitIEP) -> PurchaseScope {
        PurchaseScope(type: .purchase, card: answer.card, number: answer.number, command: command)
    }

    func recovery(_ answer: InitializePurchaseAnswer, _ command: DebitIEP) -> RecoverValue {
        RecoverValue(
            number: answer.number,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction,
            minorUnits: command.amount.minorUnits,
            voidProof: session(answer, command).voidProof(scope(answer, command))
        )
    }

    // MARK: Whole transactions

    @discardableResult
    func pay(
        _ minorUnits: UInt64,
        in reader: PseudoReader
    ) async throws -> (InitializePurchaseAnswer, DebitIEP, DebitAnswer) {
        let amount = Self.amount(minorUnits)
        let initialized = try await reader.initialize(amount)
        let command = try command(for: initialized, amount)
        let response = try await reader.send(.debit(command))
        #expect(response.status == .done)
        return (initialized, command, try DebitAnswer(response.data))
    }

    @discardableResult
    func load(_ minorUnits: UInt64, in reader: PseudoReader) async throws -> CreditAnswer {
        let request = InitializeLoad(
            bank: BankIdentifier(bits: 3),
            transaction: TransactionIdentifier(high: 6, low: 1),
            time: CardTime(Self.noon),
            amount: Self.amount(minorUnits)
        )
        let initialized = try await reader.send(.initializeLoad(request))
        #expect(initialized.status == .done)
        let answer = try InitializeLoadAnswer(initialized.data)
        let credit = try await module.authorize(request, answer, completion: .done)
        let response = try await reader.send(.credit(credit))
        #expect(response.status == .done)
        let credited = try CreditAnswer(response.data)
        try await module.verify(credited, to: credit, of: request, answer)
        return credited
    }
}

extension PseudoReader {
    func send(_ command: PurseCommand) async throws -> ResponseAPDU {
        try ResponseAPDU(try await transmit(command.apdu.bytes))
    }

    /// Sends a command in hexadecimal text and gives the response as such.
    func send(_ hex: String) async throws -> String {
        let bytes = try #require(Hex.bytes(hex.filter { $0 != " " }))
        return Hex.text(try await transmit(bytes)).uppercased()
    }

    func initialize(
        _ amount: Money,
        type: TransactionType = .purchase
    ) async throws -> InitializePurchaseAnswer {
        let response = try await send(
            .initializePurchase(InitializePurchase(type: type, amount: amount))
        )
        #expect(response.status == .done)
        return try InitializePurchaseAnswer(response.data)
    }
}

extension DebitIEP {
    func signed(_ signature: Signature) -> DebitIEP {
        DebitIEP(
            securityCard: securityCard,
            securityCardNumber: securityCardNumber,
            transaction: transaction,
            merchant: merchant,
            time: time,
            amount: amount,
            signature: signature
        )
    }

    /// The same command with one bit of S2 wrong.
    var forged: DebitIEP { signed(Signature(bits: signature.bits ^ 1)) }
}

extension DebitIEP {
    /// The same command with another amount, as a forger makes it.
    func with(amount: Money) -> DebitIEP {
        DebitIEP(
            securityCard: securityCard,
            securityCardNumber: securityCardNumber,
            transaction: transaction,
            merchant: merchant,
            time: time,
            amount: amount,
            signature: signature
        )
    }
}
