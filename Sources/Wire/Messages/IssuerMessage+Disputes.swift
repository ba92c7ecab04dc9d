// SPDX-License-Identifier: Apache-2.0

import Kernel

// The messages of disputes (`docs/messages/clearing.md`).
extension IssuerMessage {
    /// `type`: A7 to AB; the reader stands behind it.
    init(dispute type: UInt8, _ reader: inout ByteReader) throws(WireFailure) {
        switch type {
        case 0xA7:
            self = .disputesQuestion(try reader.issuer(), after: try reader.transaction())
        case 0xA8:
            let hasMore = try reader.flag("more")
            let count = Int(try reader.byte("disputes"))
            guard count <= DisputeLimits.pageMax else {
                throw reader.failure("disputes", .invalid)
            }
            var notices: [DisputeNotice] = []
            for _ in 0..<count { notices.append(try DisputeNotice(&reader)) }
            self = .disputes(notices, hasMore: hasMore)
        case 0xA9:
            let transaction = try reader.transaction()
            self = .disputeReport(transaction, try DisputeReport(&reader))
        case 0xAA: self = .dispute(try DisputeNotice(&reader))
        case 0xAB: self = .noDispute(try reader.transaction())
        default: throw reader.failure("type", .invalid)
        }
    }

    /// Type 1, then the fields.
    func writeDispute(to writer: inout ByteWriter) {
        switch self {
        case .disputesQuestion(let issuer, let transaction):
            writer.byte(0xA7)
            writer.issuer(issuer)
            writer.transaction(transaction)
        case .disputes(let notices, let hasMore):
            precondition(notices.count <= DisputeLimits.pageMax)
            writer.byte(0xA8)
            writer.flag(hasMore)
            writer.byte(UInt8(notices.count))
            for notice in notices { notice.write(to: &writer) }
        case .disputeReport(let transaction, let report):
            writer.byte(0xA9)
            writer.transaction(transaction)
            report.write(to: &writer)
        case .dispute(let notice):
            writer.byte(0xAA)
            notice.write(to: &writer)
        case .noDispute(let transaction):
            writer.byte(0xAB)
            writer.transaction(transaction)
        default: preconditionFailure("It is no message of a dispute.")
        }
    }
}
