// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Batches
import Foundation
import Kernel
import Keys
import PaymentServer
import Records
import RecordsSQLite
import SchemeAuthority
import SecurityCard
import TerminalHost
import Wire

struct TerminalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terminal",
        abstract: "Terminals of this payment server that stand on other hosts.",
        subcommands: [Create.self, Share.self, List.self]
    )

    /// The data folder of the host, as long as it is on this machine.
    struct HostFolder: ParsableArguments {
        @Option(name: .long, help: "The data folder of the host, to be moved there afterwards.")
        var to: String

        var folder: DataFolder { DataFolder(to) }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a host of terminals: its keys, its security cards, its certificate.",
            discussion: """
                Makes a data folder for the host with a local master key of its own, new security \
                cards, the issuers' purchase keys, the acquirer's batch key and a key shared with \
                the payment server, all wrapped, and, where the scheme's authority is in the data \
                folder, the host's certificate. Move the folder to the host, name its address in \
                `remoteTerminals`, and restart the payment server.
                """
        )

        @Argument(help: "The name of the host in its certificate; it begins with terminal-.")
        var name: String
        @Option(name: .long, help: "How many security cards it holds, 1 to 64.")
        var cards: UInt32 = 4
        @OptionGroup var host: HostFolder
        @OptionGroup var options: DataOptions

        func validate() throws {
            guard TerminalHeader.isTerminal(name), name == name.lowercased() else {
                throw ValidationError(
                    "The name begins with terminal-, is in lower case, and has at most "
                        + "\(TerminalHeader.nameBytesMax) characters."
                )
            }
            guard (1...64).contains(cards) else {
                throw ValidationError("A host holds 1 to 64 security cards.")
            }
        }

        func run() async throws {
            guard !host.folder.exists(.terminal) else {
                throw CommandFailure("\(host.to) holds a terminal already. It was not touched.")
            }
            let acquirer = try PartyAccess(options, .paymentServer, PaymentModule.schema)
            let known = try await AcquirerRecords.remoteTerminals(
                in: acquirer.store,
                sealedBy: acquirer.seals
            )
            guard !known.contains(where: { $0.host == name }) else {
                throw CommandFailure("There is a terminal host \(name) already.")
            }
            let certificate = try certificate()
            try host.folder.make(.terminal)
            let master = try KeyFile.create(
                at: host.folder.keyFile(.terminal),
                passphrase: try options.passphrase()
            )
            let keys = try LocalMasterKey.makeShared(acquirer.master, master)
            let first = max(
                TerminalCommand.firstSerial,
                (known.map(\.securityCard.serial).max() ?? 0) + 1
            )
            let identifiers = (first..<first + cards).map {
                SecurityCardIdentifier(acquirer: PaymentServerParty.acquirer, serial: $0)
            }
            try await equip(master, keys.second, identifiers, acquirer)
            if let certificate { try certificate.save(in: host.folder.certificates) }
            try await announce(identifiers, keys.first, to: acquirer)
            show(hasCertificate: certificate != nil)
        }

        /// Nil where the authority's key is not here.
        private func certificate() throws -> PartyCertificate? {
            let folder = options.folder.certificates
            guard FileManager.default.fileExists(atPath: "\(folder)/ca.key") else { return nil }
            return try SchemeAuthority.load(from: folder, now: Date()).issue(name, now: Date())
        }

        private func equip(
            _ master: LocalMasterKey,
            _ sharedKey: [UInt8],
            _ identifiers: [SecurityCardIdentifier],
            _ acquirer: PartyAccess
        ) async throws {
            let store = try SQLiteStore(
                path: host.folder.database(.terminal),
                schema: TerminalModule.schema
            )
            let seals = RecordSealer(master, party: TerminalModule.schema.party)
            let entry = TerminalRecords.Host(name: name, wrappedKey: sharedKey)
            let batchKey = try await AcquirerBatchKey.newest(of: acquirer, for: master)
            var writes = [
                try await TerminalRecords.write(entry, sealedBy: seals),
                try await batchKey.write(sealedBy: seals),
            ]
            for identifier in identifiers {
                let card = SoftwareSecurityCard(identifier, master: master)
                writes.append(TerminalRecords.memory(try await card.personalize()))
            }
            let issuerKeys = try await TerminalCommand.issuerKeys(of: acquirer, for: master)
            for key in issuerKeys {
                writes.append(try await TerminalRecords.write(key, sealedBy: seals))
            }
            let outcome = try await store.commit(Transition(writes: writes))
            await store.close()
            guard outcome == .committed else {
                throw CommandFailure("\(host.to) has data already. Choose an empty folder.")
            }
        }

        private func announce(
            _ identifiers: [SecurityCardIdentifier],
            _ sharedKey: [UInt8],
            to acquirer: PartyAccess
        ) async throws {
            var writes: [RecordWrite] = []
            for identifier in identifiers {
                let terminal = AcquirerRecords.RemoteTerminal(
                    securityCard: identifier,
                    host: name,
                    wrappedKey: sharedKey
                )
                writes.append(
                    try await AcquirerRecords.remoteTerminal(terminal, sealedBy: acquirer.seals)
                )
            }
            let outcome = try await acquirer.store.commit(Transition(writes: writes))
            await acquirer.store.close()
            guard outcome == .committed else {
                throw CommandFailure("Another host was made meanwhile. Remove \(host.to), again.")
            }
        }

        private func show(hasCertificate: Bool) {
            print("Made \(host.folder.folder(.terminal)) for \(name) with \(cards) security cards")
            if !hasCertificate {
                print("It has no certificate yet: run `opal ca issue \(name)` at the authority.")
            }
            print("Move it to its host, and start it there: opal serve terminal")
            print("Then add \(name)=<host>:<port> to remoteTerminals, and restart who reads it.")
        }
    }

    struct Share: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give the payment server's purchase keys and batch key to a host.",
            discussion: """
                After `opal issuer share`, `opal issuer key add` or `opal batch key add`, and once \
                for a host that was made before there were batches. A terminal that runs uses them \
                after some seconds.
                """
        )

        @OptionGroup var host: HostFolder
        @OptionGroup var options: DataOptions

        func run() async throws {
            let acquirer = try PartyAccess(options, .paymentServer, PaymentModule.schema)
            let master = try KeyFile.read(
                at: host.folder.keyFile(.terminal),
                passphrase: try options.passphrase()
            )
            let store = try SQLiteStore(
                path: host.folder.database(.terminal),
                schema: TerminalModule.schema
            )
            let seals = RecordSealer(master, party: TerminalModule.schema.party)
            var count = 0
            for key in try await TerminalCommand.issuerKeys(of: acquirer, for: master) {
                let write = try await TerminalRecords.write(key, sealedBy: seals)
                if try await store.commit(Transition(writes: [write])) == .committed { count += 1 }
            }
            let batchKey = try await AcquirerBatchKey.newest(of: acquirer, for: master)
                .write(sealedBy: seals)
            let isNew = try await store.commit(Transition(writes: [batchKey])) == .committed
            await store.close()
            await acquirer.store.close()
            print("\(count) new purchase keys" + (isNew ? ", and the batch key" : ""))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the remote terminals.")

        private struct Line: Encodable {
            let host: String
            let securityCard: String
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let acquirer = try PartyAccess(options, .paymentServer, PaymentModule.schema)
            let lines = try await AcquirerRecords.remoteTerminals(
                in: acquirer.store,
                sealedBy: acquirer.seals
            ).map { Line(host: $0.host, securityCard: $0.securityCard.text) }
            await acquirer.store.close()
            if output.json { return try Output.json(lines) }
            Output.table(["host", "security card"], lines.map { [$0.host, $0.securityCard] })
        }
    }

    /// Serials of remote security cards begin here: the payment server's own are at most
    /// ``ServerSettings/terminalsRange``.
    private static let firstSerial: UInt32 = 0x0001_0001

    /// The purchase keys that the payment server has, wrapped for the master key of a host.
    private static func issuerKeys(
        of acquirer: PartyAccess,
        for master: LocalMasterKey
    ) async throws -> [TerminalRecords.IssuerKey] {
        try await AcquirerRecords.issuerKeys(in: acquirer.store, sealedBy: acquirer.seals).map {
            TerminalRecords.IssuerKey(
                issuer: $0.issuer,
                version: $0.version,
                wrapped: try master.wrap(try acquirer.master.unwrap($0.wrapped))
            )
        }
    }
}
