// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Keys
import Records
import SecurityModule
import Synchronization
import Testing
import Wire

@testable import Simulation

/// A gateway and a funding network with a wire between them, in virtual time: hours pass in no
/// time, and the seed says in which order things happen.
final class GatewayWorld: Sendable {
    let clock: VirtualClock
    let executor: SeededExecutor
    let random: SeededRandom
    let dialect: ISODialect
    let gatewayStore = MemoryStore()
    let networkStore = MemoryStore()
    let gatewaySeals: any RecordSealing
    let networkSeals: any RecordSealing
    let wire: NetworkWire
    private let master = LocalMasterKey.make()
    private let ends: Mutex<Ends>

    private struct Ends: Sendable {
        var gateway: FundingGateway?
        var network: SimulatedNetwork?
        var life = GatewayLife()
    }

    static let openingBalance: UInt64 = 100_000
    static let acquirer = "400123"
    static let keyCheckValue = "A1B2C3"

    private init(
        _ clock: VirtualClock,
        _ executor: SeededExecutor,
        _ dialect: ISODialect,
        seed: UInt64
    ) {
        self.clock = clock
        self.executor = executor
        self.dialect = dialect
        random = SeededRandom(seed: seed)
        gatewaySeals = RecordSealer(master, party: "gateway")
        networkSeals = RecordSealer(master, party: "funding_network")
        wire = NetworkWire(clock, executor, random, dialect)
        ends = Mutex(Ends())
        restartNetwork()
        restartGateway()
    }

    /// Runs `body` in a world of its own, whose gateway has signed on.
    static func run<Value: Sendable>(
        seed: UInt64 = 1,
        dialect: ISODialect = .ascii1987,
        isSignedOn: Bool = true,
        _ body: @Sendable (GatewayWorld) async throws -> Value
    ) async throws -> Value {
        let clock = VirtualClock()
        let executor = SeededExecutor(seed: seed, clock: clock)
        return try await withTaskExecutorPreference(executor) {
            let world = GatewayWorld(clock, executor, dialect, seed: seed)
            if isSignedOn { try await world.gateway.signOn() }
            return try await body(world)
        }
    }

    var gateway: FundingGateway {
        guard let gateway = ends.withLock({ $0.gateway }) else {
            preconditionFailure("A world has a gateway.")
        }
        return gateway
    }

    var network: SimulatedNetwork {
        guard let network = ends.withLock({ $0.network }) else {
            preconditionFailure("A world has a network.")
        }
        return network
    }

    /// The gateway's process ends where it stands: what it was doing stores and sends nothing any
    /// more. A new one begins with the same store.
    func restartGateway(profile: GatewayProfile? = nil) {
        let life = GatewayLife()
        guard let profile = profile ?? Self.profile(dialect) else {
            preconditionFailure("The profile fits its elements.")
        }
        let clock = clock
        let gateway = FundingGateway(
            profile,
            store: MortalStore(gatewayStore, life),
            seals: gatewaySeals,
            link: MortalLink(wire, life),
            now: { clock.now }
        )
        ends.withLock { ends in
            ends.life.end()
            ends.life = life
            ends.gateway = gateway
        }
        wire.connect(gateway: gateway)
    }

    func restartNetwork(script: NetworkScript = .standard) {
        let clock = clock
        let hasher = TokenHasher(master)
        let network = SimulatedNetwork(
            SimulatedNetwork.Profile(
                dialect: dialect,
                acquirers: [Self.acquirer: Self.keyCheckValue],
                openingBalance: Self.openingBalance
            ),
            script: script,
            store: networkStore,
            seals: networkSeals,
            hash: { hasher.hash($0) },
            random: random,
            now: { clock.now }
        )
        ends.withLock { $0.network = network }
        wire.connect(network: network)
    }

    static func profile(
        _ dialect: ISODialect,
        keyCheckValue: String? = keyCheckValue,
        acceptedAddresses: Set<AddressResult> = GatewayProfile.usualAddresses
    ) -> GatewayProfile? {
        GatewayProfile(
            dialect: dialect,
            acquirer: acquirer,
            currencies: [.euro: .cents, .yen: .units],
            keyCheckValue: keyCheckValue,
            acceptedAddresses: acceptedAddresses
        )
    }

    /// Lets time go by.
    func pass(_ time: Duration) async { await clock.sleep(for: time) }

    // MARK: Requests

    static func euros(_ cents: UInt64) -> Money {
        Money(minorUnits: cents, currency: .euro, exponent: .cents)
    }

    /// An account whose number ends in these four digits.
    static func account(ending: String = "1111") throws -> FundingAccountNumber {
        try #require(
            (0...9).lazy.compactMap { FundingAccountNumber("40012300000\($0)\(ending)") }.first
        )
    }

    func request(
        _ cents: UInt64 = 2_500,
        account: FundingAccountNumber? = nil,
        address: BillingAddress = nowhere,
        code: String? = nil,
        name: AuthorizationName? = nil
    ) throws -> FundingRequest {
        FundingRequest(
            name: try name ?? self.name(),
            amount: Self.euros(cents),
            account: try account ?? Self.account(),
            expiry: try #require(ExpiryMonth(year: 2028, month: 12)),
            address: address,
            code: code.flatMap { CardVerificationValue(digits: $0) },
            acceptor: try Self.acceptor(),
            initiation: .person
        )
    }

    /// Of a transaction that is new.
    func name(of opalServer: String = opalServer) throws -> AuthorizationName {
        let transaction = TransactionIdentifier(at: clock.now, random: random.pair())
        return try #require(AuthorizationName(transaction, of: opalServer))
    }

    /// Of which nothing can be compared.
    static let nowhere = address("", "")
    static let opalServer = "opal-server"

    static func address(_ street: String, _ postalCode: String) -> BillingAddress {
        BillingAddress(street: street, city: "Cambridge", postalCode: postalCode, country: "GB")
    }

    static func acceptor(terminal: String = "OPAL01") throws -> CardAcceptor {
        let merchant = try #require(MerchantIdentifier("OPAL-LOADING"))
        return try #require(
            CardAcceptor(
                terminal: terminal,
                merchant: merchant,
                name: "OPAL card loading",
                city: "Cambridge",
                country: "GB"
            )
        )
    }

    // MARK: Books

    /// The gateway's books; they must be in order.
    func authorizations() async throws -> [AuthorizationName: Authorization] {
        let report = try await AuthorizationAudit(store: gatewayStore, seals: gatewaySeals).run()
        #expect(report.findings.isEmpty, "\(report.findings)")
        return report.authorizations
    }

    /// The network's books; they must be in order.
    func books() async throws -> NetworkAudit.Report {
        let report = try await NetworkAudit(store: networkStore, seals: networkSeals).run()
        #expect(report.findings.isEmpty, "\(report.findings)")
        return report
    }

    /// Forwards every few seconds until nothing is open that could be sent.
    func forwardAll(within time: Duration = .seconds(600)) async throws {
        let end = clock.now.adding(time)
        while clock.now < end {
            await gateway.forwardOpen()
            let isDone = try await authorizations().values.allSatisfy {
                !$0.state.isForwarded && $0.state != .asked
            }
            if isDone { return }
            await clock.sleep(for: .seconds(5))
        }
        Issue.record("something is still open")
    }
}
