// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// Value that an issuer has swept to its account of expired value, or given back, as it came here.
/// Format 1: ``SweepNotice`` 44, whether it is posted 1, moment 8, number of what gives it back 8,
/// 0 while nothing does. The key is BIN 3 and its number 8.
package struct ClearedSweep: Equatable, Sendable {
    package let issuer: IssuerIdentifier
    package let notice: SweepNotice
    /// False for a return of what was not swept so, or was given back before: it is on record under
    /// its number, and moves nothing.
    package let isPosted: Bool
    package let receivedAt: Instant
    /// Nil while it is not given back, and of what gives back.
    package internal(set) var returnNumber: UInt64?

    private static let format: UInt8 = 1

    init(
        _ notice: SweepNotice,
        of issuer: IssuerIdentifier,
        isPosted: Bool = true,
        at moment: Instant
    ) {
        self.issuer = issuer
        self.notice = notice
        self.isPosted = isPosted
        receivedAt = moment
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
        isPosted = try reader.flag("posted")
        receivedAt = try reader.moment("received")
        let number = try reader.integer("return", bytes: 8)
        returnNumber = number == 0 ? nil : number
        try reader.end()
        guard key == self.key, isSound else { throw reader.failure("number", .invalid) }
    }

    /// A sweep is posted, and given back by a later number; a return is not given back.
    private var isSound: Bool {
        switch notice.event {
        case .swept: isPosted && returnNumber.map { $0 > notice.number } != false
        case .givenBack: returnNumber == nil
        }
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 62)
        writer.byte(ClearedSweep.format)
        writer.sweepNotice(notice)
        writer.flag(isPosted)
        writer.moment(receivedAt)
        writer.integer(returnNumber ?? 0, bytes: 8)
        return writer.bytes
    }
}
