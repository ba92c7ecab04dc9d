// SPDX-License-Identifier: Apache-2.0

import Bank
import HSM
import Kernel
import LoadServer
import OPALServer
import PaymentServer
import Records
import RecordsSQLite

/// Gives all key versions of an issuer to the parties of the data folder that need them: they
/// travel wrapped, from the HSM's local master key to that of the other party.
struct IssuerSharing {
    let access: OperatorAccess
    let options: DataOptions

    /// Which versions of an issuer a party has.
    struct Versions {
        /// Nil where the party is not in the data folder.
        var atPaymentServer: Set<UInt8>?
        var atLoadServer: Set<UInt8>?

        /// The parties that lack a version.
        func lacking(_ version: UInt8) -> [String] {
            [("payment server", atPaymentServer), ("load server", atLoadServer)]
                .compactMap { name, versions in
                    versions.map { $0.contains(version) } ?? true ? nil : name
                }
        }
    }

    /// The key versions that the OPAL server has of an issuer, in their order.
    func keys(
        of issuer: IssuerIdentifier
    ) async throws -> [(version: UInt8, wrapped: [UInt8])] {
        var records: [Record] = []
        try await access.store.forEach(Issuer.keyKind) { records.append($0) }
        var keys: [(version: UInt8, wrapped: [UInt8])] = []
        for record in records {
            let opened = try await IssuerKeys.open(record, sealedBy: access.seals)
            if opened.issuer == issuer { keys.append((opened.version, opened.wrapped)) }
        }
        return keys.sorted { $0.version < $1.version }
    }

    /// Changes the issuer's record.
    ///
    /// - Throws: `CommandFailure` where somebody else was first; then nothing was done.
    func change(_ issuer: Issuer, _ change: (inout Issuer) -> Void) async throws {
        guard try await access.desk.change(issuer.identifier, change) else {
            throw CommandFailure("It was changed meanwhile. Look again.")
        }
    }

    /// Which versions the parties of the data folder have.
    func versions(of issuer: IssuerIdentifier) async throws -> Versions {
        var versions = Versions()
        if options.folder.exists(.paymentServer) {
            let party = try PartyAccess(options, .paymentServer, PaymentModule.schema)
            let keys = try await AcquirerRecords.issuerKeys(in: party.store, sealedBy: party.seals)
            versions.atPaymentServer = Set(keys.filter { $0.issuer == issuer }.map(\.version))
            await party.store.close()
        }
        if options.folder.exists(.loadServer) {
            let party = try PartyAccess(options, .loadServer, LoadServerRecords.schema)
            let keys = try await LoadServerRecords.issuerKeys(
                in: party.store,
                sealedBy: party.seals
            )
            versions.atLoadServer = Set(keys.filter { $0.issuer == issuer }.map(\.version))
            await party.store.close()
        }
        return versions
    }

    /// The purchase keys, to the payment server.
    ///
    /// - Returns: how many versions are new there.
    func sharePurchaseKeys(of issuer: Issuer) async throws -> Int {
        let acquirer = try PartyAccess(options, .paymentServer, PaymentModule.schema)
        var count = 0
        for key in try await keys(of: issuer.identifier) {
            let write = try await AcquirerRecords.issuerKey(
                AcquirerRecords.IssuerKey(
                    issuer: issuer.identifier,
                    version: key.version,
                    wrapped: try access.module.exportPurchaseKey(key.wrapped, to: acquirer.master)
                ),
                sealedBy: acquirer.seals
            )
            let outcome = try await acquirer.store.commit(Transition(writes: [write]))
            if outcome == .committed { count += 1 }
        }
        await acquirer.store.close()
        return count
    }

    /// What loading needs, to the load server; the bank opens a funds pool. The same again changes
    /// nothing.
    func shareLoadKeys(of issuer: Issuer) async throws {
        let loadServer = try PartyAccess(options, .loadServer, LoadServerRecords.schema)
        for key in try await keys(of: issuer.identifier) {
            let write = try await LoadServerRecords.write(
                LoadServerRecords.IssuerKey(
                    issuer: issuer.identifier,
                    version: key.version,
                    wrapped: try access.module.exportLoadKeys(key.wrapped, to: loadServer.master)
                ),
                sealedBy: loadServer.seals
            )
            _ = try await loadServer.store.commit(Transition(writes: [write]))
        }
        await loadServer.store.close()
        guard options.folder.exists(.bank) else { return }
        try await BankCommand.Access(options).step { bank in
            try await bank.openPool(
                of: issuer.identifier,
                issuer.currency,
                issuer.exponent,
                now: SystemClock.now()
            )
        }
    }
}
