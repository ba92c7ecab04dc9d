// SPDX-License-Identifier: Apache-2.0

import Bank
import CardEmulator
import ClientCode
import HSM
import Kernel
import Keys
import LoadSecurityModule
import LoadServer
import OPALServer
import Records
import SecurityModule
import SessionKeys
import Simulation
import Synchronization
import Testing
import Wire

/// A bank, a load server with its module 864, and an OPAL server with a few cards, each with its
/// own store and keys, on links and stores that can fail.
final class LoadWorld: Sendable {
    /// What runs now; each can be started again from its store.
    private struct Running: Sendable {
        var loads: Loads
        var desk: LoadDesk
        var bank: BankModule
    }

    struct Stores {
        var opal: any RecordStore = MemoryStore()
        var loadServer: any RecordStore = MemoryStore()
        var bank: any RecordStore = MemoryStore()
    }

    static let loadServer = "loads.example"
    static let opalServer = "opal-server"
    static let bankIdentifier = BankIdentifier(bits: 0xBA4C_0000_0000_0001)
    static let deposit: UInt64 = 100_000
    static let minimum: UInt64 = 500
    static let balanceMax: UInt64 = 50_000
    private static let version: UInt8 = 1

    let clock = VirtualClock()
    let random: SeededRandom
    let opalStore: FaultyStore
    let loadStore: FaultyStore
    let bankStore: FaultyStore
    /// From the OPAL server to the load server.
    let link: FaultyLink
    /// From the bank to the load server.
    let bankLink: FaultyLink
    let issuer: IssuerIdentifier
    let issuerKeys = IssuerMasterKeys.make()
    let account: AccountNumber
    let dollarAccount: AccountNumber
    /// HSM 268.
    let module: SoftwareModule
    /// HSM 864.
    let loadModule: SoftwareLoadModule
    let keys: LoadSealer
    let order: LoadOrderSealer
    private let door = TestDoor(LoadWorld.opalServer)
    private let bankDoor = TestDoor("bank")
    private let masters: (opal: LocalMasterKey, loadServer: LocalMasterKey, bank: LocalMasterKey)
    private let running: Mutex<Running?> = Mutex(nil)
    private let made = Mutex<[CardIdentifier]>([])

    /// `cardValues`: a card for each, with so many cents from its issuer.
    init(
        _ cardValues: [UInt64] = [1_000, 2_000],
        stores: Stores = Stores(),
        seed: UInt64 = 1
    ) async throws {
        let random = SeededRandom(seed: seed)
        self.random = random
        opalStore = FaultyStore(stores.opal)
        loadStore = FaultyStore(stores.loadServer)
        bankStore = FaultyStore(stores.bank)
        link = FaultyLink(door)
        bankLink = FaultyLink(bankDoor)
        issuer = try #require(IssuerIdentifier("412345"))
        account = try #require(AccountNumber("DE-4711"))
        dollarAccount = try #require(AccountNumber("US-4711"))
        masters = (.make(), .make(), .make())
        module = SoftwareModule(masters.opal)
        loadModule = SoftwareLoadModule(masters.loadServer)
        let wrapped = try issuerKeys.wrapped(under: masters.opal)
        try module.install(wrapped, as: .init(issuer: issuer, version: Self.version))
        try loadModule.install(
            module.exportLoadKeys(wrapped, to: masters.loadServer),
            as: .init(issuer: issuer, version: Self.version)
        )
        let shared = try #require(SharedKey(name: "k1", bytes: random.bytes(32)))
        let directory = BankKeyDirectory()
        #expect(directory.add(shared, for: Self.bankIdentifier))
        keys = LoadSealer(directory: directory, pseudonymKey: random.bytes(32))
        order = LoadOrderSealer(bank: Self.bankIdentifier, current: shared)
        restartLoadServer()
        running.withLock {
            $0 = Running(loads: makeLoads(), desk: makeDesk(), bank: makeBank())
        }
        try await found(cardValues)
    }

    private func found(_ cardValues: [UInt64]) async throws {
        try await bank.openPool(of: issuer, .euro, .cents, now: now)
        try await bank.openAccount(account, owner: "Ada Amsel", .euro, .cents, now: now)
        try await bank.openAccount(dollarAccount, owner: "Ada Amsel", .dollar, .cents, now: now)
        try await bank.deposit(Self.deposit, into: account, now: now)
        try await bank.deposit(Self.deposit, into: dollarAccount, now: now)
        for value in cardValues { try await addCard(value) }
    }

    var now: Instant { clock.now }
    var loads: Loads { present.loads }
    var bank: BankModule { present.bank }
    var desk: LoadDesk { present.desk }

    private var present: Running {
        guard let running = running.withLock({ $0 }) else {
            preconditionFailure("The parties run from the beginning.")
        }
        return running
    }

    var cards: [CardIdentifier] { made.withLock { $0 } }

    // MARK: Starting again

    func restartOPALServer() {
        let loads = makeLoads()
        running.withLock { $0?.loads = loads }
    }

    func restartLoadServer() {
        let desk = makeDesk()
        running.withLock { $0?.desk = desk }
        door.open(to: desk)
        bankDoor.open(to: desk)
    }

    func restartBank() {
        let bank = makeBank()
        running.withLock { $0?.bank = bank }
    }

    /// A load server that knows other banks, or other OPAL servers.
    func makeDesk(
        banks: Set<BankIdentifier> = [LoadWorld.bankIdentifier],
        peers: Set<String> = [LoadWorld.opalServer]
    ) -> LoadDesk {
        let clock = clock
        return LoadDesk(
            store: loadStore,
            seals: RecordSealer(masters.loadServer, party: "load_server"),
            keys: keys,
            module: loadModule,
            banks: banks,
            cardSidePeers: peers,
            now: { clock.now }
        )
    }

    /// Lets another load server stand behind the door.
    func open(_ desk: LoadDesk) { door.open(to: desk) }

    func makeLoads(_ names: [String] = [LoadWorld.loadServer]) -> Loads {
        let clock = clock
        return Loads(
            store: opalStore,
            seals: RecordSealer(masters.opal, party: "opal_server"),
            keys: CreditSealer(),
            emulator: emulator,
            directory: LoadServerDirectory(
                Dictionary(uniqueKeysWithValues: names.map { ($0, link) })
            ),
            now: { clock.now }
        )
    }

    private func makeBank() -> BankModule {
        guard
            let profile = BankModule.Profile(
                bank: Self.bankIdentifier,
                name: "Bank of the Harbour",
                loadServer: Self.loadServer,
                resultURL: "https://bank.example/result",
                informationURL: "https://bank.example/card",
                minimumLoad: Self.minimum
            )
        else { preconditionFailure("The profile is one.") }
        return BankModule(
            profile,
            sealing: order,
            recordSealing: RecordSealer(masters.bank, party: "bank"),
            store: bankStore,
            link: bankLink,
            random: random
        )
    }

    // MARK: Cards

    var emulator: Emulator { Emulator(module: module, store: opalStore, random: random) }

    var opalSeals: RecordSealer { RecordSealer(masters.opal, party: "opal_server") }

    private var cardDesk: CardDesk {
        CardDesk(
            store: opalStore,
            module: module,
            loads: module,
            seals: RecordSealer(masters.opal, party: "opal_server"),
            random: random,
            now: { [clock] in clock.now }
        )
    }

    func addCard(_ value: UInt64, validMonths: Int = 24) async throws {
        let issuer = Issuer(
            identifier: issuer,
            name: "Harbour Cards",
            currency: .euro,
            exponent: .cents,
            balanceMax: Self.balanceMax,
            validMonths: validMonths,
            newCardValue: 0
        )
        let new = try await cardDesk.make(for: issuer, value: value, now: now)
        let transition = Transition(writes: new.writes, history: new.history)
        #expect(try await opalStore.inner.commit(transition) == .committed)
        made.withLock { $0.append(new.card) }
    }

    func setBlocked(_ isBlocked: Bool, _ card: Int = 0) async throws {
        _ = try await cardDesk.setBlocked(isBlocked, cards[card])
    }

    func describe(_ card: Int = 0) async throws -> CardDescription {
        try #require(try await cardDesk.describe(cards[card]))
    }

    func balance(_ card: Int = 0) async throws -> UInt64 {
        try await describe(card).purses[0].balance.minorUnits
    }

    /// Debits a card, as a purchase somewhere does: it consumes a number.
    ///
    /// - Returns: the command that puts the value back.
    @discardableResult
    func spend(_ minorUnits: UInt64, _ card: Int = 0) async throws -> RecoverValue {
        let (command, status) = try await spending(minorUnits, card)
        #expect(status == .done)
        return command
    }

    /// As ``spend(_:_:)``, where the card may refuse.
    func spending(
        _ minorUnits: UInt64,
        _ card: Int
    ) async throws -> (RecoverValue, StatusWord) {
        let clock = clock
        let reader = PseudoReader(cards[card], emulator: emulator) { clock.now }
        let amount = Self.euros(minorUnits)
        let begun = try await reader.send(
            .initializePurchase(InitializePurchase(type: .purchase, amount: amount))
        )
        let answer = try InitializePurchaseAnswer(begun.data)
        let unsigned = DebitIEP(
            securityCard: SecurityCardIdentifier(acquirer: 7, serial: 9),
            securityCardNumber: answer.number &+ 100,
            transaction: TransactionIdentifier(at: now, random: random.pair()),
            merchant: try #require(MerchantIdentifier("SHOP")),
            time: CardTime(now),
            amount: amount,
            signature: .none
        )
        let session = PurchaseSessionKey(
            cardKey: issuerKeys.ready.purchaseKey(answer.card),
            number: answer.number,
            random: answer.random,
            securityCard: unsigned.securityCard,
            securityCardNumber: unsigned.securityCardNumber,
            transaction: unsigned.transaction
        )
        let scope = PurchaseScope(
            type: .purchase,
            card: answer.card,
            number: answer.number,
            command: unsigned
        )
        let command = DebitIEP(
            securityCard: unsigned.securityCard,
            securityCardNumber: unsigned.securityCardNumber,
            transaction: unsigned.transaction,
            merchant: unsigned.merchant,
            time: unsigned.time,
            amount: amount,
            signature: session.securityCardSignature(scope)
        )
        let status = try await reader.send(.debit(command)).status
        let recovery = RecoverValue(
            number: answer.number,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction,
            minorUnits: minorUnits,
            voidProof: session.voidProof(scope)
        )
        return (recovery, status)
    }

    /// Puts a debited value back: it consumes no number.
    func recover(_ command: RecoverValue, _ card: Int = 0) async throws {
        let clock = clock
        let reader = PseudoReader(cards[card], emulator: emulator) { clock.now }
        #expect(try await reader.send(.recover(command)).status == .done)
    }

    static func euros(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
    }

    // MARK: Audits

    func cardReport() async throws -> CardAuditor.Report {
        try await CardAuditor(
            store: opalStore,
            module: module,
            seals: RecordSealer(masters.opal, party: "opal_server")
        ).run {}
    }

    func loadReport() async throws -> LoadAudit.Report {
        try await LoadAudit(
            store: loadStore,
            seals: RecordSealer(masters.loadServer, party: "load_server"),
            module: loadModule
        ).run {}
    }

    func bankReport() async throws -> BankAudit.Report {
        try await BankAudit(
            store: bankStore,
            sealing: RecordSealer(masters.bank, party: "bank")
        ).run {}
    }
}

/// A link to whoever is behind the door now.
final class TestDoor: Link {
    private let service: Mutex<(any LinkService)?> = Mutex(nil)
    private let name: String

    init(_ name: String) {
        self.name = name
    }

    func open(to next: any LinkService) { service.withLock { $0 = next } }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        guard let service = service.withLock({ $0 }) else { throw .notSent }
        return await service.answer(request, from: name)
    }
}

extension PseudoReader {
    func send(_ command: PurseCommand) async throws -> ResponseAPDU {
        try ResponseAPDU(try await transmit(command.apdu.bytes))
    }
}
