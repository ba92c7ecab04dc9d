// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Records

/// What the OPAL server keeps: card database 270, history 272, users, draws, debits in readers,
/// loads from banks and from funding accounts, standing orders, successions, refused purchases,
/// offers, issuers, what merchants sell, programmes, members, answers to enrolments, loads of
/// points, earn notices, cards made in bulk, refunds, disputes, and which of a card
/// are open, and sweeps of value that nobody uses.
package enum OPALServerRecords {
    package static let schema = RecordSchema(
        party: "opal_server",
        // 9: value that nobody uses is swept, and a card's history has a row for it.
        version: 9,
        kinds: [
            Emulator.cardKind, DrawRecord.kind, ReaderDebit.kind, LoadRecord.kind, Issuer.kind,
            Issuer.keyKind, MerchantDirectory.kind, AccountLoadRecord.kind, AllowanceRecord.kind,
            TopUpRecord.kind, SuccessionRecord.kind, RefusedPurchases.kind,
            ProgrammeDirectory.kind, MemberRecord.kind, PointsLoadRecord.kind,
            EnrolmentRecord.kind, EarnNoticeRecord.kind, CardOrderRecord.kind,
            RefundedSaleRecord.kind, DisputeRecord.kind, OpenDisputesRecord.kind,
            SweepRecord.kind, SweepCounter.kind,
        ] + Offers.kinds + UserRecordKinds.all()
    )
}
