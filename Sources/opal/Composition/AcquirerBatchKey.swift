// SPDX-License-Identifier: Apache-2.0

import Batches
import ClearingHouse
import Crypto
import Keys
import PaymentServer
import Records
import RecordsSQLite

/// KB of the acquirer (`docs/decisions/0026`, `0038`): made at its payment server, and given from
/// there to hosts of terminals and to the clearing house, for each wrapped under its own local
/// master key. It is never in clear outside the process that wraps it.
enum AcquirerBatchKey {
    /// A new KB, wrapped under the local master key of the payment server.
    static func make(_ master: LocalMasterKey, version: UInt8 = 0) throws -> BatchKeyRecord {
        BatchKeyRecord(
            version: version,
            wrapped: try master.wrap(SymmetricKey(size: .bits256))
        )
    }

    /// The newest KB of a payment server, wrapped under its local master key. A payment server that
    /// was made before there were batches gets one.
    ///
    /// - Throws: `StoreFailure`; `.damaged` where it does not open: another one would leave what is
    ///   closed already without a right signature.
    static func ensured(
        in store: any RecordStore,
        _ master: LocalMasterKey,
        _ seals: RecordSealer
    ) async throws -> BatchKeyRecord {
        if let known = try await BatchKeyRecord.newest(in: store, sealedBy: seals) { return known }
        // Where a command beside the server was first, its KB is the one.
        let write = try await make(master).write(sealedBy: seals)
        _ = try await store.commit(Transition(writes: [write]))
        guard let kept = try await BatchKeyRecord.newest(in: store, sealedBy: seals) else {
            throw CommandFailure("The batch key of the payment server was not kept.")
        }
        return kept
    }

    /// All KB of an opened payment server, the newest last.
    static func all(of acquirer: PartyAccess) async throws -> [BatchKeyRecord] {
        _ = try await ensured(in: acquirer.store, acquirer.master, acquirer.seals)
        return try await BatchKeyRecord.all(in: acquirer.store, sealedBy: acquirer.seals)
    }

    /// All KB of an opened payment server, the newest last, wrapped for another party.
    static func export(
        from acquirer: PartyAccess,
        to other: LocalMasterKey
    ) async throws -> [BatchKeyRecord] {
        try await all(of: acquirer).map { try $0.rewrapped(from: acquirer.master, for: other) }
    }

    /// The KB of an opened payment server that signs, wrapped for a host of terminals.
    static func newest(
        of acquirer: PartyAccess,
        for host: LocalMasterKey
    ) async throws -> BatchKeyRecord {
        try await ensured(in: acquirer.store, acquirer.master, acquirer.seals)
            .rewrapped(from: acquirer.master, for: host)
    }

    /// What the clearing house that is made beside the payment server of a data folder gets.
    static func shared(
        of folder: DataFolder,
        passphrase: String?,
        with clearingHouse: LocalMasterKey
    ) async throws -> [AcquirerKey] {
        let acquirer = try PartyAccess(
            folder,
            passphrase: passphrase,
            .paymentServer,
            PaymentModule.schema
        )
        let keys = try await export(from: acquirer, to: clearingHouse)
        await acquirer.store.close()
        return keys.map(\.ofAcquirer)
    }
}

extension BatchKeyRecord {
    /// The same KB for another party.
    func rewrapped(
        from own: LocalMasterKey,
        for other: LocalMasterKey
    ) throws(KeyFailure) -> BatchKeyRecord {
        BatchKeyRecord(version: version, wrapped: try other.wrap(try own.unwrap(wrapped)))
    }

    /// As the clearing house keeps it.
    var ofAcquirer: AcquirerKey {
        AcquirerKey(PaymentServerParty.acquirer, version: version, wrapped: wrapped)
    }
}
