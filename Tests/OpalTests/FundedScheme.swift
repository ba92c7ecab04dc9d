// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Foundation
import Kernel
import Logging
import NetworkEdge
import OPALServer
import RecordsSQLite
import SecurityModule
import Testing
import Wire

@testable import opal

/// A scheme in a folder of its own, with the parties that load cards from funding accounts composed
/// as `opal up` composes them, and its cardholder `demo`.
struct FundedScheme {
    let folder: DataFolder

    /// The parties while they run.
    struct Running {
        let network: NetworkParty
        let gateway: GatewayParty
        let opal: OPALServerParty

        func close() async {
            await opal.float.store.close()
            await opal.store.close()
            await gateway.close()
            await network.store.close()
        }
    }

    /// Runs `body` with a new scheme, and removes it afterwards.
    static func with(_ body: (FundedScheme) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "/opal-\(UUID().uuidString)"
        let scheme = FundedScheme(folder: DataFolder(path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await Founding(folder: scheme.folder, passphrase: nil).run()
        try await body(scheme)
    }

    /// Starts the parties, does something, and stops them.
    func running(
        hasLoadModule: Bool = false,
        _ body: (Running) async throws -> Void
    ) async throws {
        let running = try await start(hasLoadModule: hasLoadModule)
        do {
            try await DemoData(folder: folder).make(running.opal)
            try await body(running)
        } catch {
            await running.close()
            throw error
        }
        await running.close()
    }

    private func start(hasLoadModule: Bool) async throws -> Running {
        var settings = ServerSettings.up(data: folder.path, port: 8400)
        settings.funding.hasLoadModule = hasLoadModule
        let system = try ServerSystem(
            settings,
            roles: [.network, .gateway, .opalServer],
            logger: Logger(label: "test")
        )
        let network = try NetworkParty(
            folder,
            passphrase: nil,
            settings: settings.funding,
            logger: system.logger
        )
        let gateway = try GatewayParty(
            folder,
            passphrase: nil,
            profile: try settings.funding.profile(),
            connection: .direct(DirectNetworkLink(to: network.network))
        )
        await gateway.start()
        let opal = try await OPALServerParty(
            folder,
            passphrase: nil,
            directory: AcquirerDirectory([:]),
            funding: try system.fundingAccess(gateway),
            logonURL: "http://localhost/sign-in"
        )
        return Running(network: network, gateway: gateway, opal: opal)
    }

    /// What the audit says of the folder.
    func audit() async throws -> SchemeAudit.Report {
        try await SchemeAudit(
            folder: folder,
            passphrase: nil,
            progress: ProgressLine(isShown: false)
        ).run()
    }

    // MARK: Copies

    /// Keeps the folder of a party as it is now. No server may run.
    func keep(_ party: DataFolder.Party) throws {
        try FileManager.default.copyItem(atPath: folder.folder(party), toPath: copy(party))
    }

    /// Sets a party back to what was kept.
    func setBack(_ party: DataFolder.Party) throws {
        try FileManager.default.removeItem(atPath: folder.folder(party))
        try FileManager.default.moveItem(atPath: copy(party), toPath: folder.folder(party))
    }

    private func copy(_ party: DataFolder.Party) -> String { "\(folder.path)/kept-\(party)" }
}

extension FundedScheme.Running {
    /// Loads the card of `demo` from its account.
    func load(_ minorUnits: UInt64, _ folder: DataFolder) async throws -> AccountLoadOutcome {
        let user = try await cardholder(folder)
        return await opal.accountLoads.begin(
            opal.accountLoads.proposal(
                by: user.key,
                onto: user.card,
                of: Money(minorUnits: minorUnits, currency: .euro, exponent: .cents),
                purpose: .own
            )
        )
    }

    /// What somebody does who may use HSM 268, beside everything that keeps a record of loads.
    ///
    /// - Returns: the card.
    func plant(
        _ minorUnits: UInt64,
        from bank: (CardIdentifier) -> BankIdentifier,
        _ folder: DataFolder
    ) async throws -> CardIdentifier {
        let card = try await cardholder(folder).card
        let (now, random) = (SystemClock.now(), SystemRandom())
        let request = InitializeLoad(
            bank: bank(card),
            transaction: TransactionIdentifier(at: now, random: random.pair()),
            time: CardTime(now),
            amount: Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
        )
        let module: any CardModule & LoadModule = opal.module
        let emulator = Emulator(module: module, store: opal.store, random: random)
        let context = CardContext(random: random.integer(), now: now, note: "")
        let sealed = try #require(try await emulator.fetch(card))
        let begun = try await module.process(
            .initializeLoad(request),
            on: sealed,
            dialogue: nil,
            context: context
        )
        let credit = try await module.authorize(
            request,
            try InitializeLoadAnswer(begun.response.data),
            completion: .done
        )
        let credited = try await module.process(
            .credit(credit),
            on: sealed,
            dialogue: begun.dialogue,
            context: context
        )
        try await emulator.commit(try #require(credited.change), expected: sealed.revision)
        return card
    }

    func cardholder(_ folder: DataFolder) async throws -> SignedInUser {
        let password = try DataFolder.read(secret: folder.demoPassword)
        let now = SystemClock.now()
        let verified = try await opal.users.verify(
            "demo",
            Password(password),
            from: "test",
            at: now
        )
        guard case .verified(let user) = verified else {
            Issue.record("the demo cardholder cannot log on: \(verified)")
            throw CommandFailure("no session")
        }
        return user
    }
}
