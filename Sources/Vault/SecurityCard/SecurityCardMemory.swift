// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// What a security card remembers. Format 2: last NTPSAM 4, number of open ones 2 and each NTPSAM
/// 4, number of totals 1 and for each CURR 2, CEXP 1, count 8, sum 8; then of the open batch its
/// number 4, count 4, digest 32, number of totals 1 and for each CURR 2, CEXP 1, sum 8, count 4.
/// Format 1 had no batch: it is read as if the first one were still empty.
///
/// A number is open from the draw until it is counted or given up; whichever comes first removes
/// it, so that it is never both.
struct SecurityCardMemory: Equatable {
    private(set) var lastNumber: UInt32
    private(set) var open: [UInt32]
    private(set) var totals: [SecurityCardDescription.Total]
    private(set) var batch: OpenBatch

    /// A terminal serves one sale at a time; more stay open only while their outcome is sought.
    static let openMax = 256
    static let totalsMax = 64
    private static let format: UInt8 = 2
    private static let formatWithoutBatch: UInt8 = 1
    private static let firstBatch: UInt32 = 1

    init(of securityCard: SecurityCardIdentifier, lastNumber: UInt32 = 0) {
        self.lastNumber = lastNumber
        open = []
        totals = []
        batch = OpenBatch(BatchName(securityCard, SecurityCardMemory.firstBatch))
    }

    /// Takes the next number, or gives nil where none may be taken.
    mutating func begin() -> UInt32? {
        guard lastNumber < .max, open.count < SecurityCardMemory.openMax else { return nil }
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.numberReused), lastNumber > 0 {
                open.append(lastNumber)
                return lastNumber
            }
        #endif
        lastNumber += 1
        open.append(lastNumber)
        return lastNumber
    }

    func isOpen(_ number: UInt32) -> Bool {
        #if PLANTED_BUGS
            let isClosedForNobody = [.voidCounted, .countedVoid, .countedAgain]
                .contains(PlantedBug.planted)
            if isClosedForNobody, number <= lastNumber { return true }
        #endif
        return open.contains(number)
    }

    mutating func giveUp(_ number: UInt32) {
        precondition(isOpen(number))
        open.removeAll { $0 == number }
    }

    /// How a number was closed whose S3 was right.
    struct Closed: Equatable {
        /// Nil for what is not collected.
        let place: BatchPlace?
    }

    /// Closes a number whose S3 was right: a sale is counted and collected, a proof of identity is
    /// not, because nobody is owed anything for it (FIG. 16).
    ///
    /// `max`: sales that the open batch may have.
    /// - Returns: nil, and nothing is changed, where a total would overflow or the batch has to be
    ///   closed before.
    mutating func close(
        _ sale: CollectedSale,
        _ type: TransactionType,
        max: UInt32
    ) -> Closed? {
        let number = sale.securityCardNumber
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.proofCounted), type == .authentication {
                return count(number, sale.amount) ? Closed(place: nil) : nil
            }
        #endif
        if type == .authentication {
            giveUp(number)
            return Closed(place: nil)
        }
        var next = self
        guard next.count(number, sale.amount), let place = next.batch.add(sale, max: max) else {
            return nil
        }
        self = next
        return Closed(place: place)
    }

    /// Opens the next batch.
    ///
    /// - Returns: the one before; nil, and nothing is changed, where it is empty or no number is
    ///   left for the next one.
    mutating func closeBatch() -> OpenBatch? {
        guard batch.count > 0, batch.name.number < .max else { return nil }
        defer {
            batch = OpenBatch(BatchName(batch.name.securityCard, batch.name.number + 1))
        }
        return batch
    }

    /// Counts a sale once.
    ///
    /// - Returns: false, and nothing is changed, where a total would overflow.
    mutating func count(_ number: UInt32, _ amount: Money) -> Bool {
        precondition(isOpen(number))
        let index = totals.firstIndex {
            $0.currency == amount.currency && $0.exponent == amount.exponent
        }
        let before = index.map { totals[$0] }
        let (sum, isTooLarge) = (before?.minorUnits ?? 0).addingReportingOverflow(
            amount.minorUnits
        )
        guard !isTooLarge, index != nil || totals.count < SecurityCardMemory.totalsMax else {
            return false
        }
        let total = SecurityCardDescription.Total(
            currency: amount.currency,
            exponent: amount.exponent,
            count: (before?.count ?? 0) + 1,
            minorUnits: sum
        )
        if let index { totals[index] = total } else { totals.append(total) }
        giveUp(number)
        return true
    }

    init(_ bytes: [UInt8], of securityCard: SecurityCardIdentifier) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "security card memory")
        let format = try reader.byte("format")
        guard [SecurityCardMemory.format, SecurityCardMemory.formatWithoutBatch].contains(format)
        else { throw reader.failure("format", .invalid) }
        lastNumber = try reader.number("NTPSAM")
        open = []
        for _ in 0..<(try reader.integer("open numbers", bytes: 2)) {
            open.append(try reader.number("open number"))
        }
        totals = []
        for _ in 0..<(try reader.byte("totals")) {
            totals.append(
                SecurityCardDescription.Total(
                    currency: try reader.currency(),
                    exponent: try reader.exponent(),
                    count: try reader.integer("count", bytes: 8),
                    minorUnits: try reader.integer("sum", bytes: 8)
                )
            )
        }
        batch =
            format == SecurityCardMemory.format
            ? try OpenBatch(&reader, of: securityCard)
            : OpenBatch(BatchName(securityCard, SecurityCardMemory.firstBatch))
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(SecurityCardMemory.format)
        writer.number(lastNumber)
        writer.integer(UInt64(open.count), bytes: 2)
        for number in open { writer.number(number) }
        writer.byte(UInt8(totals.count))
        for total in totals {
            writer.currency(total.currency)
            writer.exponent(total.exponent)
            writer.integer(total.count, bytes: 8)
            writer.integer(total.minorUnits, bytes: 8)
        }
        batch.write(to: &writer)
        return writer.bytes
    }
}
