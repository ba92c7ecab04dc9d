// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Keys
import Logging
import Records
import SecurityModule
import Settlement
import Wire

/// Clearing and administration 110, composed: its books, and the rounds that credit batches and pay
/// merchants.
struct ClearingParty {
    let store: PartyStore
    let seals: RecordSealer
    let module: ClearingHouse
    private let lock: FolderLock
    private let master: LocalMasterKey
    private let batches = BatchKeys()
    private let watch: ClearingWatch
    private let files: SettlementFolder
    /// Settlements whose files are looked for.
    private static let lookedAtMax = 10

    /// `issuers`: gives the link to who proves sales of a BIN; nil where there is none.
    init(
        _ folder: DataFolder,
        passphrase: String?,
        issuers: @escaping @Sendable (IssuerIdentifier) -> (any Link)?,
        logger: Logger
    ) async throws {
        lock = try folder.lock(.clearing)
        master = try KeyFile.read(at: folder.keyFile(.clearing), passphrase: passphrase)
        store = try PartyStore(folder, .clearing, ClearingRecords.schema)
        seals = RecordSealer(master, party: ClearingRecords.schema.party)
        module = ClearingHouse(
            store: store,
            sealing: seals,
            batches: batches,
            issuers: issuers
        )
        watch = ClearingWatch(logger)
        files = SettlementFolder(folder.settlementFiles, module)
        batches.use(try await Self.batchMasters(in: store, seals, master))
    }

    /// Takes what was made or retired beside the running clearing house.
    func followBatchKeys() async {
        do {
            batches.use(try await Self.batchMasters(in: store, seals, master))
            watch.works(.batchKeys)
        } catch {
            watch.tell(problem: "\(error)", .batchKeys)
        }
    }

    /// KB of the acquirers that are cleared for.
    ///
    /// `withRetired`: also those that nothing new is taken with, for an audit.
    static func batchMasters(
        in store: any RecordStore,
        _ seals: RecordSealer,
        _ master: LocalMasterKey,
        withRetired: Bool = false
    ) async throws -> [UInt32: [CMACKey]] {
        let keys: [AcquirerKey]
        do throws(ClearingFailure) {
            keys = try await AcquirerKey.all(in: store, sealedBy: seals)
        } catch {
            throw CommandFailure(error.words)
        }
        var masters: [UInt32: [CMACKey]] = [:]
        for key in keys {
            let isUsed = withRetired || !key.isRetired
            masters[key.acquirer, default: []] +=
                isUsed ? [CMACKey(try master.unwrap(key.wrapped))] : []
        }
        return masters
    }

    /// Passes on which cards issuers have blocked.
    func passBlocks() async {
        do throws(ClearingFailure) {
            try await module.passBlocks()
            watch.works(.blockingList)
        } catch {
            watch.tell(error, .blockingList)
        }
    }

    /// Posts what issuers have swept from cards that nobody uses.
    func passSweeps() async {
        do throws(ClearingFailure) {
            watch.tell(try await module.passSweeps(SystemClock.now))
        } catch {
            watch.tell(error, .sweeps)
        }
    }

    /// Takes disputes to the merchants, and the answers back.
    func passDisputes() async {
        do throws(ClearingFailure) {
            watch.tell(try await module.passDisputes(SystemClock.now))
        } catch {
            watch.tell(error, .disputes)
        }
    }

    /// Credits what is whole here, and passes refunds on. Where something keeps it from that, the
    /// operator is told once, and the next round goes on.
    func credit() async {
        do throws(ClearingFailure) {
            watch.tell(try await module.credit(SystemClock.now))
            watch.tell(try await module.passRefunds(SystemClock.now))
        } catch {
            watch.tell(error, .crediting)
        }
    }

    /// Pays what is due since the last cut-off, and writes the files for the bank.
    func settle() async {
        do throws(ClearingFailure) {
            let run = try await module.settle(SystemClock.now())
            // Also those of a run after which the server went down.
            for ended in try await module.runs(before: nil, limit: Self.lookedAtMax)
            where ended.endedAt != nil && !files.isWritten(ended.day) {
                watch.tell(ended, await writeFiles(of: ended.day))
            }
            if let run { watch.tell(leftOutOf: run) } else { watch.works(.settlement) }
        } catch {
            watch.tell(error, .settlement)
        }
    }

    /// Returns whether the files of a settled day are written.
    func writeFiles(of day: BusinessDay) async -> Bool {
        do {
            _ = try await files.write(day)
            return true
        } catch {
            return false
        }
    }
}
