// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Records

/// What the OPAL server keeps: card database 270, history 272, users, draws, debits in readers,
/// loads from funding accounts, standing orders, successions, offers, issuers.
package enum OPALServerRecords {
    package static let schema = RecordSchema(
        party: "opal_server",
        version: 2,
        kinds: [
            Emulator.cardKind, DrawRecord.kind, ReaderDebit.kind, Offers.kind, Issuer.kind,
            Issuer.keyKind, AccountLoadRecord.kind, AllowanceRecord.kind, TopUpRecord.kind,
            SuccessionRecord.kind,
        ] + UserRecordKinds.all()
    )
}
