// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import Merchant
import Records
import RecordsSQLite
import SecurityModule
import SessionKeys
import Synchronization
import Wire

/// The merchant server 208 of the demo shop, composed.
struct ShopParty {
    let store: SQLiteStore
    let merchant: MerchantModule
    private let lock: FolderLock
    private let rounds = Rounds()

    static let identifier = "FARTHINGPRESS01"

    /// `paymentServer`: its name in the acquirer directory.
    /// `statusURL`: where browsers bring results.
    init(
        _ folder: DataFolder,
        passphrase: String?,
        paymentServer: String,
        link: any Link,
        statusURL: String
    ) async throws {
        lock = try folder.lock(.shop)
        let master = try KeyFile.read(at: folder.keyFile(.shop), passphrase: passphrase)
        store = try SQLiteStore(path: folder.database(.shop), schema: MerchantRecords.schema)
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
        guard let identifier = MerchantIdentifier(Self.identifier) else {
            preconditionFailure("The name of the demo's shop is a name.")
        }
        let policy = try await MerchantRecords.policy(of: identifier, in: store, sealedBy: seals)
        guard let current = keys.first,
            let profile = MerchantModule.Profile(
                merchant: identifier,
                paymentServer: paymentServer,
                policy: policy,
                statusURL: statusURL
            )
        else { throw CommandFailure("The shop has no key. Make its folder anew.") }
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
    }
}

/// Where the last round of questions ended.
private final class Rounds: Sendable {
    private let last = Mutex<TransactionIdentifier?>(nil)

    func withLock<Value>(_ body: (inout TransactionIdentifier?) -> Value) -> Value {
        last.withLock { body(&$0) }
    }
}
