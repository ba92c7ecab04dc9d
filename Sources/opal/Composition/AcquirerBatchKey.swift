// SPDX-License-Identifier: Apache-2.0

import Crypto
import Keys
import PaymentServer
import Records
import RecordsSQLite

/// KB of the acquirer (`docs/decisions/0026`): made once at its payment server, and given from
/// there to hosts of terminals and to the clearing house, for each wrapped under its own local
/// master key. It is never in clear outside the process that wraps it.
enum AcquirerBatchKey {
    /// KB as the clearing house gets it.
    struct Shared {
        /// Whose security cards sign with it.
        let acquirer: UInt32
        /// Under the local master key of who gets it, ``LocalMasterKey/wrappedBytes``.
        let wrapped: [UInt8]
    }

    /// The first write of a new KB.
    static func make(
        _ master: LocalMasterKey,
        sealedBy seals: RecordSealer
    ) async throws -> RecordWrite {
        try await AcquirerRecords.write(
            batchKey: try master.wrap(SymmetricKey(size: .bits256)),
            sealedBy: seals
        )
    }

    /// KB of a payment server, wrapped under its local master key. A payment server that was made
    /// before there were batches gets one.
    ///
    /// - Throws: `StoreFailure`; `.damaged` where KB does not open: another one would leave what is
    ///   closed already without a right signature.
    static func ensured(
        in store: any RecordStore,
        _ master: LocalMasterKey,
        _ seals: RecordSealer
    ) async throws -> [UInt8] {
        if let wrapped = try await AcquirerRecords.batchKey(in: store, sealedBy: seals) {
            return wrapped
        }
        // Where a command beside the server was first, its KB is the one.
        _ = try await store.commit(Transition(writes: [try await make(master, sealedBy: seals)]))
        guard let wrapped = try await AcquirerRecords.batchKey(in: store, sealedBy: seals) else {
            throw CommandFailure("The batch key of the payment server was not kept.")
        }
        return wrapped
    }

    /// KB of an opened payment server, wrapped for another party.
    static func export(
        from acquirer: PartyAccess,
        to other: LocalMasterKey
    ) async throws -> [UInt8] {
        let own = try await ensured(in: acquirer.store, acquirer.master, acquirer.seals)
        return try other.wrap(try acquirer.master.unwrap(own))
    }

    /// KB of the payment server of a data folder, for the clearing house that is made beside it.
    static func shared(
        of folder: DataFolder,
        passphrase: String?,
        with clearingHouse: LocalMasterKey
    ) async throws -> Shared {
        let acquirer = try PartyAccess(
            folder,
            passphrase: passphrase,
            .paymentServer,
            PaymentModule.schema
        )
        let wrapped = try await export(from: acquirer, to: clearingHouse)
        await acquirer.store.close()
        return Shared(acquirer: PaymentServerParty.acquirer, wrapped: wrapped)
    }
}
