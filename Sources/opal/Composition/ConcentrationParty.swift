// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Keys
import Records
import SecurityModule
import Wire

/// Concentration point 68, composed: what it has to pass on, and the rounds that do.
struct ConcentrationParty {
    let store: PartyStore
    let module: ConcentrationPoint
    private let lock: FolderLock

    /// `paymentServer`: the name in its certificate.
    /// `clearingHouse`: the link on.
    /// `alarm`: told once of each batch that does not get on.
    init(
        _ folder: DataFolder,
        passphrase: String?,
        paymentServer: String,
        clearingHouse: any Link,
        alarm: @escaping @Sendable (BatchAlarm) -> Void = { _ in }
    ) throws {
        lock = try folder.lock(.concentrationPoint)
        let master = try KeyFile.read(
            at: folder.keyFile(.concentrationPoint),
            passphrase: passphrase
        )
        store = try PartyStore(folder, .concentrationPoint, ConcentrationPoint.schema)
        module = ConcentrationPoint(
            store: store,
            seals: RecordSealer(master, party: ConcentrationPoint.schema.party),
            checking: BatchKeys(),
            senders: [paymentServer: [PaymentServerParty.acquirer]],
            clearingHouse: clearingHouse,
            alarm: alarm
        )
    }

    /// Offers what is whole here to the clearing house. Where the database does not answer, the
    /// next round goes on.
    func forward() async {
        _ = try? await module.forward()
    }

    /// Asks the clearing house what is new, for payment servers.
    func refreshUpdates() async {
        _ = try? await module.refreshUpdates()
    }
}
