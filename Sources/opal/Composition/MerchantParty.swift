// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import Merchant
import Records
import SecurityModule
import SessionKeys
import Synchronization
import Wire

/// A merchant server 208, composed: the demo shop, or what the web server 208' of the airline takes
/// orders with.
struct MerchantParty {
    let store: PartyStore
    let merchant: MerchantModule
    private let lock: FolderLock
    private let rounds = Rounds()

    static let shop = "FARTHINGPRESS01"
    static let airline = "SKYLARKAIR00001"

    /// `party`: whose folder it is.
    /// `identifier`: MERCH.
    /// `paymentServer`: its name in the acquirer directory.
    /// `statusURL`: where browsers bring results.
    init(
        _ party: DataFolder.Party,
        as identifier: String,
        in folder: DataFolder,
        passphrase: String?,
        paymentServer: String,
        link: any Link,
        statusURL: String
    ) async throws {
        lock = try folder.lock(party)
        let master = try KeyFile.read(at: folder.keyFile(party), passphrase: passphrase)
        store = try PartyStore(folder, party, MerchantRecords.schema)
        let seals = RecordSealer(master, party: MerchantRecords.schema.party)
        var keys: [SharedKey] = []
        for record in try await store.list(
            MerchantRecords.sharedKey,
            after: nil,
            limit: 8,
            order: .descending
        ) {
            let name = String(decoding: record.key.bytes, as: UTF8.self)
            let wrapped = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            if let key = SharedKey(name: name, bytes: try master.unwrapBytes(wrapped)) {
                keys.append(key)
            }
        }
        guard let identifier = MerchantIdentifier(identifier) else {
            preconditionFailure("The names of the demo's merchants are names.")
        }
        let policy = try await MerchantRecords.policy(of: identifier, in: store, sealedBy: seals)
        guard let current = keys.first,
            let profile = MerchantModule.Profile(
                merchant: identifier,
                paymentServer: paymentServer,
                policy: policy,
                statusURL: statusURL
            )
        else { throw CommandFailure("The \(party.rawValue) has no key. Make its folder anew.") }
        merchant = MerchantModule(
            profile,
            sealing: OrderSealer(
                merchant: identifier,
                current: current,
                older: Array(keys.dropFirst())
            ),
            recordSealing: seals,
            store: store,
            link: link,
            random: SystemRandom(),
            uptime: SystemClock.uptime
        )
    }

    /// Goes on where the last round ended, so that many open orders are all asked about.
    func tick() async {
        let last = rounds.withLock { $0 }
        let round = try? await merchant.settleOpen(now: SystemClock.now(), after: last)
        rounds.withLock { $0 = round?.next }
        _ = try? await merchant.settleRefunds(now: SystemClock.now())
    }
}

/// Where the last round of questions ended.
private final class Rounds: Sendable {
    private let last = Mutex<TransactionIdentifier?>(nil)

    func withLock<Value>(_ body: (inout TransactionIdentifier?) -> Value) -> Value {
        last.withLock { body(&$0) }
    }
}
