// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
package import Merchant
package import OPALServer
package import PaymentServer
import Records
package import SecurityModule

// The audits that each party can make of its own database.
extension World {
    /// What a record of the OPAL server says; nil where its seal is broken.
    func openedByOPALServer(_ record: Record) async -> [UInt8]? {
        try? await RecordSealer(keys.hsm, party: "opal_server").open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
    }

    package var cardAuditor: CardAuditor {
        CardAuditor(
            store: opalStore,
            module: cardModule,
            seals: RecordSealer(keys.hsm, party: "opal_server")
        )
    }

    package var saleAudit: SaleAudit {
        SaleAudit(
            store: paymentStore,
            seals: paymentSeals,
            batches: batchKeys,
            securityCards: (1..<UInt32(terminalCount) + 1).map { keys.securityCard($0) }
                + hosts.map { keys.securityCard($0.securityCard.serial) }
        )
    }

    /// Seals database 223.
    package var paymentSeals: any RecordSealing {
        RecordSealer(keys.acquirer, party: "payment_server")
    }

    package func orderAudit(at shop: Int = 0) -> OrderAudit {
        OrderAudit(store: shops[shop].store, sealing: shops[shop].records)
    }

    /// Checks batches with KB of the acquirer, as the clearing house does.
    package var batchKeys: any BatchChecking {
        BatchKeys([WorldKeys.acquirerNumber: [CMACKey(keys.batchMaster)]])
    }
}
