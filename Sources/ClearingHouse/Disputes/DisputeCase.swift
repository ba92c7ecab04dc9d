// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
package import Wire

/// A dispute between issuer and merchant, as the clearing house keeps it. Format 1: BIN 3,
/// ``DisputeNotice``, received at 8, presence and the merchant's answer with its moment 8, whether
/// the issuer has it 1. The key is TRX of the sale. Open until the issuer says that it has ended.
package struct DisputeCase: Equatable, Sendable {
    package let issuer: IssuerIdentifier
    /// What the issuer has said last.
    package internal(set) var notice: DisputeNotice
    package let receivedAt: Instant
    package internal(set) var answer: DisputeAnswer?
    package internal(set) var answeredAt: Instant?
    /// Whether the issuer has acknowledged the answer.
    package internal(set) var isTold = false

    private static let format: UInt8 = 1

    init(_ notice: DisputeNotice, of issuer: IssuerIdentifier, at moment: Instant) {
        self.notice = notice
        self.issuer = issuer
        receivedAt = moment
    }

    /// By when the merchant is to answer.
    package var answerBy: Instant { notice.filedAt.adding(DisputeLimits.answerTime) }

    /// Why the merchant cannot answer; nil where it can.
    package var refusalOfAnswer: DisputeRefusal? {
        if notice.state.isFinal { return .ended }
        guard notice.state.isUndecided else { return .decidedBefore }
        return answer == nil || canAgreeAgain ? nil : .answeredBefore
    }

    /// Whether the merchant has answered, a charge-back came to nothing since, and it has not
    /// agreed after that.
    package var canAgreeAgain: Bool {
        guard let answer, case .cameToNothing(let back, _) = notice.state else { return false }
        return answer.after != back.number && canAgree
    }

    /// Whether a charge-back is left that the merchant may begin by agreeing.
    package var canAgree: Bool {
        guard case .cameToNothing(let back, _) = notice.state else { return true }
        return back.number < DisputeLimits.agreedNumberMax
    }

    /// Why this answer is not taken; nil where it is.
    package func refusal(of next: DisputeAnswer) -> DisputeRefusal? {
        if let reason = refusalOfAnswer { return reason }
        if next.accepts, !canAgree { return .numbersUsedUp }
        return answer != nil && !next.accepts ? .answeredBefore : nil
    }

    /// Whether the issuer is to be told the answer: it has not acknowledged it, or stands as if it
    /// had none, because it was set back.
    var hasNews: Bool {
        guard let answer else { return false }
        switch notice.state {
        case .filed, .merchantAsked: return true
        case .cameToNothing(let back, _):
            return !isTold || (answer.after == back.number && canAgree)
        case .merchantAnswered, .decided: return !isTold
        case .refunded, .rejected, .withdrawn, .givenBack: return false
        }
    }
}

extension DisputeCase: ClearingRecord {
    static let kind = ClearingRecords.dispute
    var key: [UInt8] { notice.transaction.bytes }
    var isOpen: Bool { !notice.state.isFinal }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(body, of: "dispute case")
        guard try reader.byte("format") == DisputeCase.format else {
            throw reader.failure("format", .invalid)
        }
        issuer = try reader.issuer()
        notice = try DisputeNotice(&reader)
        receivedAt = try reader.moment("received")
        let answered = try reader.optional("answer") { reader throws(WireFailure) in
            (try reader.disputeAnswer(), at: try reader.moment("answered"))
        }
        answer = answered?.0
        answeredAt = answered?.at
        isTold = try reader.flag("told")
        try reader.end()
        guard key == self.key else { throw reader.failure("TRX", .invalid) }
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 192)
        writer.byte(DisputeCase.format)
        writer.issuer(issuer)
        notice.write(to: &writer)
        writer.moment(receivedAt)
        writer.optional(answer) { writer, answer in
            writer.disputeAnswer(answer)
            writer.moment(answeredAt ?? Instant(milliseconds: 0))
        }
        writer.flag(isTold)
        return writer.bytes
    }
}
