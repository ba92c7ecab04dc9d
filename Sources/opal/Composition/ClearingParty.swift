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
        let master = try KeyFile.read(at: folder.keyFile(.clearing), passphrase: passphrase)
        store = try PartyStore(folder, .clearing, ClearingRecords.schema)
        seals = RecordSealer(master, party: ClearingRecords.schema.party)
        module = ClearingHouse(
            store: store,
            sealing: seals,
            batches: try await Self.batchKeys(in: store, seals, master),
            issuers: issuers
        )
        watch = ClearingWatch(logger)
        files = SettlementFolder(folder.settlementFiles, module)
    }

    /// KB of the acquirers that are cleared for.
    static func batchKeys(
        in store: any RecordStore,
        _ seals: RecordSealer,
        _ master: LocalMasterKey
    ) async throws -> BatchKeys {
        let keys: [AcquirerKey]
        do throws(ClearingFailure) {
            keys = try await AcquirerKey.all(in: store, sealedBy: seals)
        } catch {
            throw CommandFailure(error.words)
        }
        var masters: [UInt32: CMACKey] = [:]
        for key in keys { masters[key.acquirer] = CMACKey(try master.unwrap(key.wrapped)) }
        return BatchKeys(masters)
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
