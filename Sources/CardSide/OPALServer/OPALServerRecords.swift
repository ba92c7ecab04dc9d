// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Records

/// What the OPAL server keeps: card database 270, history 272, users, draws, debits in readers,
/// loads, offers, issuers, what merchants sell.
package enum OPALServerRecords {
    package static let schema = RecordSchema(
        party: "opal_server",
        version: 2,
        kinds: [
            Emulator.cardKind, DrawRecord.kind, ReaderDebit.kind, LoadRecord.kind, Issuer.kind,
            Issuer.keyKind, MerchantDirectory.kind,
        ] + Offers.kinds + UserRecordKinds.all()
    )
}
