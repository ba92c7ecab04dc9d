// SPDX-License-Identifier: Apache-2.0

import Foundation
import FundingNetwork
import Keys
import Logging
import Records
import Synchronization

/// The simulated funding network, composed: its accounts and holds, and the file that says how it
/// behaves, which may be changed while it runs.
struct NetworkParty {
    let store: PartyStore
    let network: SimulatedNetwork
    private let lock: FolderLock
    private let behaviours: NetworkBehaviours

    init(
        _ folder: DataFolder,
        passphrase: String?,
        settings: FundingSettings,
        logger: Logger
    ) throws {
        lock = try folder.lock(.network)
        let master = try KeyFile.read(at: folder.keyFile(.network), passphrase: passphrase)
        store = try PartyStore(folder, .network, SimulatedNetwork.schema)
        behaviours = NetworkBehaviours(settings.behaviours ?? folder.networkBehaviours, logger)
        network = Self.network(
            store,
            master,
            settings: settings,
            script: try behaviours.first(isNamed: settings.behaviours != nil)
        )
    }

    /// The network on a store.
    static func network(
        _ store: any RecordStore,
        _ master: LocalMasterKey,
        settings: FundingSettings,
        script: NetworkScript = .standard
    ) -> SimulatedNetwork {
        let hasher = TokenHasher(master)
        return SimulatedNetwork(
            SimulatedNetwork.Profile(
                dialect: settings.dialect,
                acquirers: [settings.acquirer: settings.keyCheckValue ?? ""],
                openingBalance: settings.openingBalance == 0 ? nil : settings.openingBalance
            ),
            script: script,
            store: store,
            seals: RecordSealer(master, party: SimulatedNetwork.schema.party),
            hash: { hasher.hash($0) },
            random: SystemRandom(),
            now: SystemClock.now,
            uptime: SystemClock.uptime
        )
    }

    /// Reads a file with behaviours.
    static func script(_ data: Data, _ path: String) throws -> NetworkScript {
        do {
            return try NetworkScript(String(decoding: data, as: UTF8.self))
        } catch {
            throw CommandFailure(
                error.line == 0
                    ? "\(path) is too long."
                    : "\(path), line \(error.line): this is no rule. See docs/operating.md."
            )
        }
    }

    /// Follows the file where it was changed.
    func tick() {
        if let script = behaviours.changed() { network.follow(script) }
    }
}

/// The file that says how the simulated network behaves.
private final class NetworkBehaviours: Sendable {
    private let path: String
    private let logger: Logger
    /// As it was last read, also where it was no script.
    private let last = Mutex<Data?>(nil)

    init(_ path: String, _ logger: Logger) {
        self.path = path
        self.logger = logger
    }

    /// At the start a wrong script is an error.
    ///
    /// `isNamed`: whether the operator has named the file; else there may be none.
    func first(isNamed: Bool) throws -> NetworkScript {
        guard let data = FileManager.default.contents(atPath: path) else {
            if isNamed { throw CommandFailure("There is no file \(path) (network.behaviours).") }
            return .standard
        }
        last.withLock { $0 = data }
        return try NetworkParty.script(data, path)
    }

    /// - Returns: the new script where the file was changed; a wrong one is logged, and the last
    ///   right one goes on.
    func changed() -> NetworkScript? {
        guard let data = FileManager.default.contents(atPath: path),
            last.withLock({ exchange(&$0, with: data) }) != data
        else { return nil }
        do {
            return try NetworkParty.script(data, path)
        } catch {
            logger.error("the network's behaviours", metadata: ["reason": "\(error)"])
            return nil
        }
    }
}
