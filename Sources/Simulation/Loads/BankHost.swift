// SPDX-License-Identifier: Apache-2.0

package import Bank
import HSM
package import Kernel
import Keys
import OPALServer
import Records
import SessionKeys
import Synchronization
import Wire

/// The bank of a ``World``: its own store and keys, on a link to the load server that can fail.
package final class BankHost: Sendable {
    package let store: FaultyStore
    /// Of customers, each with what the plan says.
    package let accounts: [AccountNumber]
    /// What was paid in, in minor units.
    package let deposited: UInt64
    private let master = LocalMasterKey.make()
    private let profile: BankModule.Profile
    private let sealing: LoadOrderSealer
    private let loadServer: LoadServerHost
    private let fates: Fates
    private let random: SeededRandom
    private let running: Mutex<BankModule?> = Mutex(nil)

    package static let identifier = BankIdentifier(bits: 0xBA4C_0000_0000_0001)
    /// The least that is loaded, in minor units.
    package static let minimumLoad: UInt64 = 100

    init(
        _ store: FaultyStore,
        accountValues: [UInt64],
        _ issuer: Issuer,
        _ loadServer: LoadServerHost,
        _ fates: Fates,
        _ random: SeededRandom
    ) async throws(WorldFailure) {
        let name = "Bank of the Harbour"
        guard let key = SharedKey(name: "k1", bytes: random.bytes(SharedKey.keyBytes)),
            loadServer.share(key, with: Self.identifier),
            let profile = BankModule.Profile(
                bank: Self.identifier,
                name: name,
                loadServer: LoadServerHost.name,
                resultURL: "https://bank.example/result",
                informationURL: "https://bank.example/card",
                minimumLoad: Self.minimumLoad
            )
        else { throw .noSuchName(name) }
        self.store = store
        self.profile = profile
        self.loadServer = loadServer
        self.fates = fates
        self.random = random
        sealing = LoadOrderSealer(bank: Self.identifier, current: key)
        accounts = accountValues.indices.compactMap { AccountNumber("DE-\(4711 + $0)") }
        deposited = accountValues.reduce(0, +)
        start(fates.life(.bank))
        do throws(BankFailure) {
            try await found(accountValues, issuer)
        } catch {
            throw .bank(error)
        }
    }

    private func found(_ values: [UInt64], _ issuer: Issuer) async throws(BankFailure) {
        let (reader, now) = (reader, fates.clock.now)
        try await reader.openPool(of: issuer.identifier, issuer.currency, issuer.exponent, now: now)
        for (number, value) in zip(accounts, values) {
            try await reader.openAccount(
                number,
                owner: "Somebody",
                issuer.currency,
                issuer.exponent,
                now: now
            )
            try await reader.deposit(value, into: number, now: now)
        }
    }

    /// The bank as it runs now.
    package var module: BankModule {
        guard let module = running.withLock({ $0 }) else {
            preconditionFailure("It runs from the beginning.")
        }
        return module
    }

    /// A bank on the same database in which nothing fails.
    package var reader: BankModule { module(on: store.inner, loadServer.bankLink) }

    /// Starts it anew from its store.
    package func start() {
        start(fates.begin(.bank))
    }

    private func start(_ life: Life) {
        let module = module(
            on: fates.store(store, .bank, life),
            MortalLink(inner: loadServer.bankLink, life: life)
        )
        running.withLock { $0 = module }
    }

    private func module(on store: any RecordStore, _ link: any Link) -> BankModule {
        BankModule(
            profile,
            sealing: sealing,
            recordSealing: RecordSealer(master, party: "bank"),
            store: store,
            link: link,
            random: random
        )
    }

    package var audit: BankAudit {
        BankAudit(store: store.inner, sealing: RecordSealer(master, party: "bank"))
    }
}
