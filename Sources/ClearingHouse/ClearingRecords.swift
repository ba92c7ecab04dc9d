// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
package import Records
import Wire

/// What the clearing house keeps.
package enum ClearingRecords {
    /// One record, key 00.
    package static let terms = RecordKind("terms", keyBytes: 1...1)
    /// BIN 3.
    package static let issuer = RecordKind("issuer", keyBytes: 3...3)
    /// Acquirer 4.
    package static let acquirer = RecordKind("acquirer", keyBytes: 4...4)
    /// Acquirer 4: each KB, wrapped under the local master key.
    package static let batchKey = RecordKind("batch_key", keyBytes: 4...4)
    /// MERCH 15.
    package static let merchant = RecordKind("merchant", keyBytes: 15...15)
    /// See `LedgerAccount.key`.
    package static let account = RecordKind("account", keyBytes: 3...18)
    /// IDPSAM 8, batch number 4: how far a batch is credited; open until all of it is.
    package static let crediting = RecordKind("crediting", keyBytes: 12...12)
    /// IDPSAM 8, batch number 4, index of the first sale 4: what became of the sales of a part.
    package static let outcomes = RecordKind("outcomes", keyBytes: 16...16)
    /// TRX 16.
    package static let sale = RecordKind("sale", keyBytes: 16...16)
    /// IDPSAM 8, NTPSAM / 1024 4.
    package static let counted = RecordKind("counted", keyBytes: 12...12)
    /// IDPSAM 8, batch number 4, MERCH 15, CURR 2.
    package static let batchFee = RecordKind("batch_fee", keyBytes: 29...29)
    /// IDPSAM 8, batch number 4, index 4; open until somebody has decided.
    package static let suspended = RecordKind("suspended", keyBytes: 16...16)
    /// Day 4, number 4; open until it is on a bank statement.
    package static let payout = RecordKind("payout", keyBytes: 8...8)
    /// See `LedgerAccount.key`, and day 4: what the account's statement of the day covers.
    package static let accountDay = RecordKind("account_day", keyBytes: 7...22)
    /// Day 4; open until its last account.
    package static let run = RecordKind("settlement", keyBytes: 4...4)
    /// SHA-256 of the file 32; open until its last line.
    package static let statement = RecordKind("statement", keyBytes: 32...32)
    /// SHA-256 of the file 32, number of the line 4; open until somebody has decided.
    package static let unmatched = RecordKind("unmatched", keyBytes: 36...36)
    /// The bank's reference.
    package static let payIn = RecordKind("pay_in", keyBytes: 1...RecordLimits.keyBytesMax)
    /// TRX 16, number of the refund 1; open until the issuer has answered.
    package static let refund = RecordKind("refund", keyBytes: 17...17)
    /// TRX 16; open until the issuer says that it has ended.
    package static let dispute = RecordKind("dispute", keyBytes: 16...16)
    /// BIN 3: up to which revision the issuer's blocking list is here.
    package static let blockRevision = RecordKind("block_revision", keyBytes: 3...3)
    /// BIN 3, number 8: what the issuer has swept or given back.
    package static let sweep = RecordKind("sweep", keyBytes: 11...11)
    /// Revision 8.
    package static let update = RecordKind("scheme_update", keyBytes: 8...8)

    package static let schema = RecordSchema(
        party: "clearing_house",
        // 4: fees have the day from which they apply, and value that nobody uses is swept.
        version: 4,
        kinds: [
            terms, issuer, acquirer, batchKey, merchant, BatchRecord.kind, PartRecord.kind, account,
            crediting, outcomes, sale, counted, batchFee, suspended, payout, run, statement,
            unmatched, payIn, refund, dispute, blockRevision, update, accountDay,
            sweep,
        ]
    )
}

/// A record of the clearing house. What its key says, its body does not repeat: the seal covers
/// both.
protocol ClearingRecord: Equatable, Sendable {
    static var kind: RecordKind { get }
    /// The bytes of its key.
    var key: [UInt8] { get }
    var isOpen: Bool { get }
    var bytes: [UInt8] { get }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure)
}

extension ClearingRecord {
    var isOpen: Bool { false }
}
