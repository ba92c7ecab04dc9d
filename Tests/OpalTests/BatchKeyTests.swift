// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Batches
import ClearingHouse
import Foundation
import Kernel
import Keys
import PaymentServer
import Records
import RecordsSQLite
import TerminalHost
import Testing

@testable import opal

/// KB is at the payment server from the first start on, and the same at all who share it.
@Suite struct BatchKeyTests {
    @Test func `a new scheme has a batch key`() async throws {
        try await FundedScheme.with { scheme in
            let key = try await batchKey(scheme.folder)
            #expect(key != nil)
            #expect(try await scheme.audit().isClean)
        }
    }

    @Test func `a folder made before there were batches gets its key at the next start`()
        async throws
    {
        try await FundedScheme.with { scheme in
            try await forgetBatchKey(scheme.folder)
            var found: [[UInt8]?] = []
            for _ in 1...2 {
                let party = try await PaymentServerParty(
                    scheme.folder,
                    passphrase: nil,
                    terminals: 1
                )
                await party.store.close()
                found.append(try await batchKey(scheme.folder))
            }
            #expect(found[0] != nil)
            #expect(found[0] == found[1])
            #expect(try await scheme.audit().isClean)
        }
    }

    @Test func `the clearing house gets the acquirer's key, wrapped for itself`() async throws {
        try await FundedScheme.with { scheme in
            let clearingHouse = LocalMasterKey.make()
            let shared = try await AcquirerBatchKey.shared(
                of: scheme.folder,
                passphrase: nil,
                with: clearingHouse
            )
            #expect(shared.map(\.acquirer) == [PaymentServerParty.acquirer])
            let unwrapped = try shared.map { try clearingHouse.unwrapBytes($0.wrapped) }
            #expect(unwrapped == [try await batchKey(scheme.folder)])
        }
    }

    @Test func `a host of terminals gets the key when it is made, or by share afterwards`()
        async throws
    {
        try await FundedScheme.with { scheme in
            let host = DataFolder(scheme.folder.path + "/host-a")
            let places = ["--to", host.path, "--data", scheme.folder.path]
            let create = try TerminalCommand.Create.parse(["terminal-a", "--cards", "1"] + places)
            try await create.run()
            let key = try await batchKey(scheme.folder)
            #expect(key != nil)
            #expect(try await hostKey(host) == key)
            try await remove(host, .terminal, TerminalModule.schema)
            #expect(try await hostKey(host) == nil)
            let share = try TerminalCommand.Share.parse(places)
            try await share.run()
            #expect(try await hostKey(host) == key)
        }
    }

    @Test func `a security card signs with the newest key, whichever came first`() throws {
        let master = LocalMasterKey.make()
        let rack = SecurityCardRack()
        let keys = try (0...2).map { try AcquirerBatchKey.make(master, version: $0) }
        #expect(try rack.install(keys[0]))
        #expect(try rack.install(keys[2]))
        #expect(try !rack.install(keys[1]))
        #expect(try !rack.install(keys[2]))
    }

    @Test func `an old key that does not open keeps nobody from signing with the newest`()
        async throws
    {
        try await FundedScheme.with { scheme in
            let access = try PartyAccess(
                scheme.folder,
                passphrase: nil,
                .paymentServer,
                PaymentModule.schema
            )
            let newest = try AcquirerBatchKey.make(access.master, version: 1)
            let damaged = RecordWrite.put(
                RecordKey(BatchKeyRecord.kind, [0]),
                expectedRevision: 1,
                body: [UInt8](repeating: 0xA5, count: 80)
            )
            let writes = [damaged, try await newest.write(sealedBy: access.seals)]
            #expect(try await access.store.commit(Transition(writes: writes)) == .committed)
            let found = try await BatchKeyRecord.newest(in: access.store, sealedBy: access.seals)
            #expect(found == newest)
            await access.store.close()
            let party = try await PaymentServerParty(scheme.folder, passphrase: nil, terminals: 1)
            await party.store.close()
        }
    }

    // MARK: What is on record

    /// KB of the payment server, 32 bytes.
    private func batchKey(_ folder: DataFolder) async throws -> [UInt8]? {
        let access = try PartyAccess(
            folder,
            passphrase: nil,
            .paymentServer,
            PaymentModule.schema
        )
        return try await newest(access)
    }

    private func hostKey(_ folder: DataFolder) async throws -> [UInt8]? {
        try await newest(
            PartyAccess(folder, passphrase: nil, .terminal, TerminalModule.schema)
        )
    }

    private func newest(_ access: PartyAccess) async throws -> [UInt8]? {
        let keys = try await BatchKeyRecord.all(in: access.store, sealedBy: access.seals)
        await access.store.close()
        return try keys.last.map { try access.master.unwrapBytes($0.wrapped) }
    }

    private func forgetBatchKey(_ folder: DataFolder) async throws {
        try await remove(folder, .paymentServer, PaymentModule.schema)
    }

    /// Removes the first batch key.
    private func remove(
        _ folder: DataFolder,
        _ party: DataFolder.Party,
        _ schema: RecordSchema
    ) async throws {
        let access = try PartyAccess(folder, passphrase: nil, party, schema)
        try await access.commit(.delete(RecordKey(BatchKeyRecord.kind, [0]), expectedRevision: 1))
    }
}
