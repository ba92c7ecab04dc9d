// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import FundingNetwork
import Gateway
import HSM
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import Synchronization
import Testing
import Wire

@testable import Simulation

/// An OPAL server with real keys before the gateway of a ``GatewayWorld``: cards are loaded from
/// accounts of the simulated network.
final class LoadWorld: Sendable {
    struct Person: Sendable {
        let key: UserKey
        let card: CardIdentifier
        let account: FundingAccountNumber
    }

    static let opened: UInt64 = 1_000
    static let minimum: UInt64 = 100

    let funds: GatewayWorld
    let link: FaultyLink
    let store = MemoryStore()
    let random: SeededRandom
    private let master = LocalMasterKey.make()
    private let seals: RecordSealer
    private let module: SoftwareModule
    private let issuer: Issuer
    private let acceptor: CardAcceptor
    private let running: Mutex<Server?> = Mutex(nil)

    /// What one process of the OPAL server has.
    private struct Server: Sendable {
        let life: GatewayLife
        let users: UserDirectory
        let desk: CardDesk
        let loads: AccountLoads
    }

    private init(_ funds: GatewayWorld, seed: UInt64) async throws {
        self.funds = funds
        random = SeededRandom(seed: seed)
        seals = RecordSealer(master, party: OPALServerRecords.schema.party)
        link = FaultyLink(GatewayEnd(world: funds))
        acceptor = try GatewayWorld.acceptor()
        let identifier = try #require(IssuerIdentifier("412345"))
        issuer = Issuer(
            identifier: identifier,
            name: "Harbour Bank",
            currency: .euro,
            exponent: .cents,
            balanceMax: 50_000,
            validMonths: 24,
            newCardValue: Self.opened
        )
        module = SoftwareModule(master)
        module.install(.make(), as: SoftwareModule.KeyName(issuer: identifier, version: 1))
        let write = try await CardDesk.write(issuer, sealedBy: seals)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        link.run(at: Pace(funds.clock, funds.executor, seed: seed)) { _, _ in }
        restart()
    }

    /// Runs `body` in a world of its own.
    static func run<Value: Sendable>(
        seed: UInt64 = 1,
        _ body: @Sendable (LoadWorld) async throws -> Value
    ) async throws -> Value {
        try await GatewayWorld.run(seed: seed) { funds in
            try await body(try await LoadWorld(funds, seed: seed))
        }
    }

    private var server: Server {
        guard let server = running.withLock({ $0 }) else { preconditionFailure("It was started.") }
        return server
    }

    var loads: AccountLoads { server.loads }

    /// The process of the OPAL server ends where it stands, and a new one begins.
    func restart() {
        let life = GatewayLife()
        let (clock, hasher) = (funds.clock, TokenHasher(master))
        let store = MortalStore(store, life)
        let link = MortalCaller(inner: link, life: life)
        let users = UserDirectory(
            store: store,
            sealing: seals,
            passwords: PasswordKeeper(master, rounds: 16),
            accounts: GatewayAccountCheck(
                gateway: link,
                acceptor: acceptor,
                currency: .euro,
                exponent: .cents,
                random: random,
                now: { clock.now }
            ),
            random: random,
            tokenHash: { hasher.hash($0) },
            wording: MailWording(logonURL: "https://card.example/sign-in")
        )
        let desk = CardDesk(
            store: store,
            module: module,
            loads: module,
            seals: seals,
            random: random,
            now: { clock.now }
        )
        let loads = AccountLoads(
            users: users,
            desk: desk,
            emulator: Emulator(module: module, store: store, random: random),
            module: module,
            gateway: link,
            settings: .init(minimum: Self.minimum, menu: [], acceptor: acceptor),
            now: { clock.now }
        )
        let old = running.withLock { running in
            defer { running = Server(life: life, users: users, desk: desk, loads: loads) }
            return running
        }
        old?.life.end()
    }

    // MARK: People

    /// Somebody signs up with an account that ends in these digits and gets a card. The gateway
    /// finds the account good.
    func person(_ identifier: String = "anna", ending: String = "1111") async throws -> Person {
        let account = try GatewayWorld.account(ending: ending)
        funds.network.follow(NetworkScript([]))
        defer { funds.network.follow(.standard) }
        var form = SignUpForm()
        form.userIdentifier = identifier
        form.accountNumber = account.digits
        form.verificationValue = "739"
        form.expiry = "12/27"
        form.street = "1 Long Lane"
        form.city = "Springfield"
        form.postalCode = "12345"
        form.country = "us"
        form.email = "\(identifier)@example.org"
        form.password = "first chosen password"
        let (server, home) = (server, "192.0.2.1")
        let signUp = try await server.users.signUp(form, from: home, at: funds.clock.now)
        #expect(signUp == .checkYourMail)
        let outbox = MailOutbox(store: store, sealing: seals)
        let mail = try #require(try await outbox.waiting(limit: 1_000).last)
        let body = try #require(mail.message?.body)
        let password = try #require(body.firstMatch(of: /([A-Z]{4}-){3}[A-Z]{4}/))
        try await outbox.remove(mail)
        let logon = try await server.users.logOn(
            identifier,
            Password(String(password.output.0)),
            from: home,
            at: funds.clock.now
        )
        guard case .mustChangePassword(let ticket) = logon else { throw Unexpected() }
        let new = try await server.desk.make(
            for: issuer,
            value: Self.opened,
            now: funds.clock.now
        )
        let setup = try await server.users.completeSetup(
            ticket,
            newPassword: Password("correct horse battery"),
            card: new.card,
            extraWrites: new.writes,
            history: new.history,
            at: funds.clock.now
        )
        guard case .completed(let token) = setup else { throw Unexpected() }
        let user = try #require(try await server.users.session(token, at: funds.clock.now))
        return Person(key: user.key, card: new.card, account: account)
    }

    struct Unexpected: Error {}

    func request(
        _ cents: UInt64 = 2_500,
        by person: Person,
        code: String = "739"
    ) -> AccountLoadRequest {
        server.loads.proposal(
            by: person.key,
            onto: person.card,
            of: GatewayWorld.euros(cents),
            purpose: .own,
            verificationValue: CardVerificationValue(digits: code)
        )
    }

    func balance(_ person: Person) async throws -> UInt64 {
        let card = try #require(try await server.desk.describe(person.card))
        return try #require(card.purses.first).balance.minorUnits
    }

    /// The books of the cards; they must be in order.
    func cards() async throws -> CardAuditor.Report {
        let auditor = CardAuditor(store: store, module: module, seals: seals)
        let report = try await auditor.run {}
        #expect(report.findings.isEmpty, "\(report.findings)")
        return report
    }
}

/// The link as it comes out at the gateway: the process that is there when a request comes answers
/// it, or nobody.
private struct GatewayEnd: Link {
    let world: GatewayWorld

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let gateway = world.gateway
        let answer = await world.desk.answer(request, from: GatewayWorld.opalServer)
        if gateway !== world.gateway { throw .broken }
        return answer
    }
}

/// A link that a process which has ended does not have.
private struct MortalCaller: Link {
    let inner: any Link
    let life: GatewayLife

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        if life.hasEnded { throw .broken }
        let answer = try await inner.request(request)
        if life.hasEnded { throw .broken }
        return answer
    }
}

extension AccountLoadOutcome {
    var isPending: Bool { if case .pending = self { true } else { false } }
    var isLoaded: Bool { if case .loaded = self { true } else { false } }
    var refusal: AccountLoadRefusal? { if case .refused(let it) = self { it } else { nil } }
}
