// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What a clearing house tells an issuer of a dispute: that its merchant is asked, what that one
/// says, and that a charge-back comes to nothing. Presence and the answer (see
/// ``ByteReader/disputeAnswer()``), presence and the refusal (number 1, reason 1).
package struct DisputeReport: Equatable, Sendable {
    /// A charge-back that the clearing house does not make.
    package struct Refusal: Equatable, Sendable {
        /// Of the charge-back.
        package let number: UInt8
        package let reason: RefundRefusal

        package init(number: UInt8, reason: RefundRefusal) {
            self.number = number
            self.reason = reason
        }
    }

    package let answer: DisputeAnswer?
    package let refusal: Refusal?

    package init(answer: DisputeAnswer?, refusal: Refusal? = nil) {
        self.answer = answer
        self.refusal = refusal
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        answer = try reader.optional("answer") { reader throws(WireFailure) in
            try reader.disputeAnswer()
        }
        refusal = try reader.optional("refusal") { reader throws(WireFailure) in
            let number = try reader.refundNumber()
            return Refusal(number: number, reason: try reader.refundRefusal())
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.optional(answer) { $0.disputeAnswer($1) }
        writer.optional(refusal) { writer, refusal in
            writer.byte(refusal.number)
            writer.byte(refusal.reason.rawValue)
        }
    }
}
