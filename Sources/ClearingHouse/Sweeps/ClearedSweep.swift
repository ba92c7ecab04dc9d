// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// Value that an issuer has swept to its account of expired value, or given back, as posted here.
/// Format 1: ``SweepNotice`` 44, posted at 8, number of what gives it back 8, 0 while nothing does.
/// The key is BIN 3 and its number 8.
package struct ClearedSweep: Equatable, Sendable {
    package let issuer: IssuerIdentifier
    package let notice: SweepNotice
    package let postedAt: Instant
    /// Nil while it is not given back, and of what gives back.
    package internal(set) var returnNumber: UInt64?

    private static let format: UInt8 = 1

    init(_ notice: SweepNotice, of issuer: IssuerIdentifier, at moment: Instant) {
        self.issuer = issuer
        self.notice = notice
        postedAt = moment
    }

    var amount: ExactAmount { ExactAmount(notice.amount) }
    var pool: LedgerAccount { LedgerAccount(.pool(issuer), notice.amount.currency) }
    var expired: LedgerAccount { LedgerAccount(.expired(issuer), notice.amount.currency) }

    /// Whether this undoes a sweep of the same amount.
    func givesBack(_ sweep: ClearedSweep) -> Bool {
        guard case .swept = sweep.notice.event else { return false }
        return notice.event == .givenBack(sweep.notice.number) && issuer == sweep.issuer
            && notice.transaction == sweep.notice.transaction
            && notice.amount == sweep.notice.amount
    }
}

extension ClearedSweep: ClearingRecord {
    static let kind = ClearingRecords.sweep
    var key: [UInt8] { ClearedSweep.key(issuer, notice.number) }

    static func key(_ issuer: IssuerIdentifier, _ number: UInt64) -> [UInt8] {
        ClearedIssuer.key(issuer) + number.bigEndianBytes
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "sweep key")
        issuer = try name.issuer()
        var reader = ByteReader(body, of: "sweep")
        guard try reader.byte("format") == ClearedSweep.format else {
            throw reader.failure("format", .invalid)
        }
        notice = try reader.sweepNotice()
        postedAt = try reader.moment("posted")
        let number = try reader.integer("return", bytes: 8)
        returnNumber = number == 0 ? nil : number
        try reader.end()
        guard key == self.key else { throw reader.failure("number", .invalid) }
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 61)
        writer.byte(ClearedSweep.format)
        writer.sweepNotice(notice)
        writer.moment(postedAt)
        writer.integer(returnNumber ?? 0, bytes: 8)
        return writer.bytes
    }
}
