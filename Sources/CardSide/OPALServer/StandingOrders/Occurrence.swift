// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// One time that a standing order is due. It is durable before its load is begun, and the
/// transaction of each attempt follows from it: whoever begins it, on whichever server and however
/// often, begins the same load.
package struct Occurrence: Equatable, Sendable {
    package let moment: Instant
    package let amount: Money
    /// Attempts that came to nothing.
    package internal(set) var failures: UInt8 = 0
    /// No attempt is begun before.
    package internal(set) var notBefore: Instant

    init(at moment: Instant, _ amount: Money) {
        self.moment = moment
        self.amount = amount
        notBefore = moment
    }

    /// The transaction of the present attempt: a UUID of version 7 of the moment.
    ///
    /// `hashes`: keyed, so that nobody foretells it.
    /// `order`: the bytes that name the order among all standing orders.
    func transaction(of order: [UInt8], _ hashes: TokenHashes) -> TransactionIdentifier {
        var writer = ByteWriter(capacity: order.count + 9)
        writer.append(order)
        writer.instant(moment)
        writer.byte(failures)
        let digest = hashes.occurrence(writer.bytes)
        func integer(_ part: ArraySlice<UInt8>) -> UInt64 {
            part.reduce(0) { $0 << 8 | UInt64($1) }
        }
        return TransactionIdentifier(
            at: moment,
            random: (integer(digest[..<8]), integer(digest[8..<16]))
        )
    }

    /// The next attempt, or nil where enough were made.
    func after(failureAt now: Instant) -> Occurrence? {
        guard failures + 1 < FundingLimits.attemptsMax else { return nil }
        var next = self
        next.failures += 1
        next.notBefore = now.adding(FundingLimits.retryTime)
        return next
    }
}

// Moment 8, CURR 2, CEXP 1, M 8, failures 1, not before 8.
extension ByteReader {
    mutating func occurrence() throws(WireFailure) -> Occurrence {
        let moment = try instant("moment")
        var occurrence = Occurrence(at: moment, try money())
        occurrence.failures = try value("failures", bytes: 1) {
            $0 < FundingLimits.attemptsMax ? UInt8($0) : nil
        }
        occurrence.notBefore = try instant("not before")
        return occurrence
    }

    /// As ``occurrence()`` behind a byte 0 or 1.
    mutating func optionalOccurrence() throws(WireFailure) -> Occurrence? {
        try flag("occurrence") ? try occurrence() : nil
    }

    mutating func offset() throws(WireFailure) -> LocalOffset {
        // Minutes, moved up so that none is negative.
        try value("offset", bytes: 2) {
            LocalOffset(minutes: Int($0) + LocalOffset.range.lowerBound)
        }
    }
}

extension ByteWriter {
    mutating func occurrence(_ occurrence: Occurrence?) {
        flag(occurrence != nil)
        guard let occurrence else { return }
        instant(occurrence.moment)
        money(occurrence.amount)
        byte(occurrence.failures)
        instant(occurrence.notBefore)
    }

    mutating func offset(_ offset: LocalOffset) {
        integer(UInt64(offset.minutes - LocalOffset.range.lowerBound), bytes: 2)
    }
}
