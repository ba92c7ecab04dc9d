// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Batches
import ClearingHouse
import Kernel
import Keys
import PaymentServer
import Records
import RecordsSQLite
import Sites

extension BatchCommand {
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "KB, with which security cards sign their batches: a new one, and its end.",
            discussion: """
                add, then `opal terminal share` for each host of terminals, and retire the old one \
                once nothing waits that is signed with it. Each needs two operators of the \
                console. May be used beside the running servers, which follow after some seconds.
                """,
            subcommands: [Add.self, List.self, Retire.self, Accept.self]
        )

        /// Payment server and clearing house of a data folder.
        struct Parties {
            let acquirer: PartyAccess
            let clearing: PartyAccess

            /// All KB of the payment server, the newest last.
            func keys() async throws -> [BatchKeyRecord] {
                try await AcquirerBatchKey.all(of: acquirer)
            }

            /// Those that the clearing house has.
            func known() async throws -> [AcquirerKey] {
                try await AcquirerKey.all(in: clearing.store, sealedBy: clearing.seals)
                    .filter { $0.acquirer == PaymentServerParty.acquirer }
            }

            /// Says at the clearing house whether something new is taken that is signed with a KB.
            func set(_ key: AcquirerKey, isRetired: Bool) async throws {
                guard
                    try await key.set(
                        isRetired: isRetired,
                        in: clearing.store,
                        sealedBy: clearing.seals
                    )
                else { throw CommandFailure("The clearing house has this key no more.") }
            }

            /// What is signed with each KB.
            func use(of keys: [BatchKeyRecord]) async throws -> [UInt8: Use] {
                var use: [UInt8: Use] = [:]
                let checks = try keys.map { key in
                    let master = CMACKey(try acquirer.master.unwrap(key.wrapped))
                    return (key.version, BatchKeys([PaymentServerParty.acquirer: [master]]))
                }
                let book = BatchBook(store: acquirer.store, seals: acquirer.seals)
                try await book.forEachClosed { batch in
                    for (version, keys) in checks
                    where (try? await keys.isGenuine(batch.header)) == true {
                        use[version, default: Use()].count(batch)
                    }
                }
                return use
            }
        }

        /// What is signed with a KB.
        struct Use {
            private(set) var batches = 0
            /// Not at the clearing house yet.
            private(set) var waiting = 0
            private(set) var last: Instant?

            fileprivate mutating func count(_ batch: BatchRecord) {
                batches += 1
                if !batch.isAcknowledged { waiting += 1 }
                last = max(last ?? batch.header.closedAt, batch.header.closedAt)
            }
        }

        /// Does something with the keys, and closes the data.
        static func step(
            _ options: DataOptions,
            _ step: (Parties) async throws -> Void
        ) async throws {
            guard options.folder.exists(.clearing) else {
                throw CommandFailure(
                    "The clearing house has to be in the same data folder: it gets the key first."
                )
            }
            let parties = Parties(
                acquirer: try PartyAccess(options, .paymentServer, PaymentModule.schema),
                clearing: try PartyAccess(options, .clearing, ClearingRecords.schema)
            )
            let ended: Result<Void, any Error>
            do {
                ended = .success(try await step(parties))
            } catch let failure as ClearingFailure {
                ended = .failure(CommandFailure(failure.words))
            } catch {
                ended = .failure(error)
            }
            await parties.acquirer.store.close()
            await parties.clearing.store.close()
            try ended.get()
        }
    }
}

extension BatchCommand.Key {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the next KB, and sign with it from now on.",
            discussion: """
                The clearing house gets it first. The payment server's security cards sign with \
                it after some seconds, those of other hosts after `opal terminal share`; what is \
                signed with the one before is taken until that is retired.
                """
        )

        @OptionGroup var persons: TwoPersons
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await BatchCommand.Key.step(options) { parties in
                let keys = try await parties.keys().map(\.version)
                // Also behind one that only the clearing house got.
                let versions = try await parties.known().map(\.version) + keys
                guard let last = versions.max(), last < .max else {
                    throw CommandFailure("There are no more versions.")
                }
                let version = last + 1
                let acquirer = parties.acquirer
                let own = try AcquirerBatchKey.make(acquirer.master, version: version)
                let shared = try own.rewrapped(
                    from: acquirer.master,
                    for: parties.clearing.master
                )
                try await persons.agree(
                    on: .makeBatchKey(version: version),
                    ofKeysOf: .acquirer,
                    options
                )
                let (store, seals) = (parties.clearing.store, parties.clearing.seals)
                let isNew = try await shared.ofAcquirer.keep(in: store, sealedBy: seals)
                let write = try await own.write(sealedBy: acquirer.seals)
                guard isNew,
                    try await acquirer.store.commit(Transition(writes: [write])) == .committed
                else { throw CommandFailure("Somebody else made one at this moment. Try again.") }
                print("Made batch key \(version). The security cards sign with it from now on.")
                print("For each host of terminals: opal terminal share --to <folder>")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the batch keys, and what is signed with each."
        )

        private struct Line: Encodable {
            let version: UInt8
            /// `in-use`, `accepted`, `retired`, or `unknown` to the clearing house.
            let state: String
            let batches: Int
            /// Batches that are not at the clearing house yet.
            let waiting: Int
            /// When the last one was closed, RFC 3339 in UTC.
            let last: String?
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            try await BatchCommand.Key.step(options) { parties in
                let keys = try await parties.keys()
                let known = try await parties.known()
                let use = try await parties.use(of: keys)
                let versions = Set(keys.map(\.version) + known.map(\.version)).sorted()
                let lines = versions.map { version in
                    let there = known.first { $0.version == version }
                    let state = version == keys.last?.version ? "in-use" : "accepted"
                    let used = use[version]
                    return Line(
                        version: version,
                        state: there.map { $0.isRetired ? "retired" : state } ?? "unknown",
                        batches: used?.batches ?? 0,
                        waiting: used?.waiting ?? 0,
                        last: used?.last.map { Wording().reader(.english).iso($0) }
                    )
                }
                if output.json { return try Output.json(lines) }
                Output.table(
                    ["version", "state", "batches", "waiting", "last closed"],
                    lines.map {
                        [
                            "\($0.version)", $0.state, "\($0.batches)", "\($0.waiting)",
                            $0.last ?? "–",
                        ]
                    }
                )
            }
        }
    }

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take nothing new that is signed with a batch key.",
            discussion: """
                Refused before a batch is signed with the newest one, and while a batch waits at \
                the payment server that is signed with this one. A host of terminals that has not \
                got the newer one signs in vain from then on, until `accept`. What was taken \
                before stays checked.
                """
        )

        @Argument(help: "The version, as `opal batch key list` says.")
        var version: UInt8
        @Flag(name: .long, help: "Whatever waits: for stolen keys. `accept` lets it in later.")
        var despiteBatches = false
        @OptionGroup var persons: TwoPersons
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await BatchCommand.Key.step(options) { parties in
                let keys = try await parties.keys()
                // Also one that only the clearing house got.
                guard
                    let known = try await parties.known().first(where: { $0.version == version })
                else { throw CommandFailure("There is no batch key \(version).") }
                guard let newest = keys.last?.version, version != newest else {
                    throw CommandFailure(
                        "Batches are signed with \(version). Make another by `opal batch key add`."
                    )
                }
                if !despiteBatches {
                    try Self.check(version, newest, try await parties.use(of: keys))
                }
                try await persons.agree(
                    on: .retireBatchKey(version: version, despiteBatches: despiteBatches),
                    ofKeysOf: .acquirer,
                    options
                )
                try await parties.set(known, isRetired: true)
                print("Nothing new is taken that is signed with batch key \(version).")
            }
        }

        /// - Throws: `CommandFailure` where something would be signed in vain.
        private static func check(
            _ version: UInt8,
            _ newest: UInt8,
            _ use: [UInt8: Use]
        ) throws {
            // Else the server may not have followed yet.
            guard use[newest] != nil else {
                throw CommandFailure(
                    "No batch is signed with batch key \(newest) yet: `opal batch close` after a "
                        + "sale. Nothing was changed."
                )
            }
            let waiting = use[version]?.waiting ?? 0
            guard waiting == 0 else {
                throw CommandFailure(
                    "\(waiting) batches that are signed with it are not at the clearing house "
                        + "yet. Nothing was changed."
                )
            }
        }
    }

    struct Accept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take again what is signed with a batch key that was retired.",
            discussion: """
                For a batch that a host of terminals has closed with it since: nobody is paid for \
                it before it is taken. Retire the key again afterwards.
                """
        )

        @Argument(help: "The version, as `opal batch key list` says.")
        var version: UInt8
        @OptionGroup var persons: TwoPersons
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await BatchCommand.Key.step(options) { parties in
                guard
                    let known = try await parties.known().first(where: { $0.version == version }),
                    known.isRetired
                else { throw CommandFailure("There is no batch key \(version) that is retired.") }
                try await persons.agree(
                    on: .acceptBatchKey(version: version),
                    ofKeysOf: .acquirer,
                    options
                )
                try await parties.set(known, isRetired: false)
                print("What is signed with batch key \(version) is taken again.")
            }
        }
    }
}
