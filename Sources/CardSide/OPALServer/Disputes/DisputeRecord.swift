// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A dispute in the issuer's store, sealed by TRX of its sale; open until it has an outcome. Format
/// 1: card 8, MERCH 15, CURR 2, CEXP 1, M 8, paid at 8, reason 1, words (counted), by a guardian 1,
/// filed at 8, state 11 as in ``DisputeNotice``, asked at 8 (0 before), presence and the merchant's
/// answer with its moment 8, presence and the decision (who (counted), words (counted), moment 8),
/// changed at 8, charge-backs 1.
package struct DisputeRecord: Equatable, Sendable {
    package static let kind = RecordKind("dispute", keyBytes: 16...16)
    private static let format: UInt8 = 1

    package var dispute: Dispute

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    package var key: RecordKey { DisputeRecord.key(dispute.sale.transaction) }

    init(_ dispute: Dispute) {
        self.dispute = dispute
    }

    package init(_ bytes: [UInt8], key: RecordKey) throws(WireFailure) {
        var name = ByteReader(key.bytes, of: "dispute key")
        let transaction = try name.transaction()
        var reader = ByteReader(bytes, of: "dispute")
        guard try reader.byte("format") == DisputeRecord.format else {
            throw reader.failure("format", .invalid)
        }
        let sale = try reader.disputedSale(transaction)
        let complaint = try reader.complaint()
        let state = try reader.disputeState(of: sale.paid)
        let asked = try reader.moment("asked")
        let answer = try reader.optional("answer") { reader throws(WireFailure) in
            (try reader.disputeAnswer(), at: try reader.moment("answered"))
        }
        let decision = try reader.optional("decision") { reader throws(WireFailure) in
            try reader.decision()
        }
        let changedAt = try reader.moment("changed")
        let dispute = Dispute(
            of: sale,
            complaint,
            state: state,
            askedAt: asked.milliseconds == 0 ? nil : asked,
            answer: answer,
            decision: decision,
            changedAt: changedAt,
            chargeBacks: try reader.byte("charge-backs")
        )
        try reader.end()
        guard let dispute else { throw reader.failure("state", .invalid) }
        self.dispute = dispute
    }

    package var bytes: [UInt8] {
        let (sale, complaint) = (dispute.sale, dispute.complaint)
        var writer = ByteWriter(capacity: 256)
        writer.byte(DisputeRecord.format)
        writer.card(sale.card)
        writer.merchant(sale.merchant)
        writer.money(sale.paid)
        writer.moment(sale.paidAt)
        writer.byte(complaint.reason.rawValue)
        writer.text(complaint.words)
        writer.flag(complaint.isByGuardian)
        writer.moment(complaint.filedAt)
        writer.disputeState(dispute.state)
        writer.moment(dispute.askedAt ?? Instant(milliseconds: 0))
        writer.optional(dispute.answer) { writer, answer in
            writer.disputeAnswer(answer)
            writer.moment(dispute.answeredAt ?? Instant(milliseconds: 0))
        }
        writer.optional(dispute.decision) { writer, decision in
            writer.text(decision.decider)
            writer.text(decision.words)
            writer.moment(decision.decidedAt)
        }
        writer.moment(dispute.changedAt)
        writer.byte(dispute.chargeBacks)
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func disputedSale(
        _ transaction: TransactionIdentifier
    ) throws(WireFailure) -> Dispute.Sale {
        let card = try card()
        let merchant = try merchant()
        let paid = try money()
        return Dispute.Sale(
            transaction: transaction,
            card: card,
            merchant: merchant,
            paid: paid,
            paidAt: try moment("paid")
        )
    }

    fileprivate mutating func complaint() throws(WireFailure) -> Dispute.Complaint {
        let reason = try disputeReason()
        let words = try disputeWords()
        let isByGuardian = try flag("guardian")
        let complaint = Dispute.Complaint(
            reason,
            words: words,
            isByGuardian: isByGuardian,
            filedAt: try moment("filed")
        )
        guard let complaint else { throw failure("words", .invalid) }
        return complaint
    }

    fileprivate mutating func decision() throws(WireFailure) -> Dispute.Decision {
        let decider = try text("decider", bytesMax: DisputeLimits.deciderBytesMax)
        let words = try disputeWords()
        let decision = Dispute.Decision(
            by: decider,
            words: words,
            decidedAt: try moment("decided")
        )
        guard let decision else { throw failure("decision", .invalid) }
        return decision
    }
}
