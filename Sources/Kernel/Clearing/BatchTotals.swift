// SPDX-License-Identifier: Apache-2.0

/// What the sales of a batch come to, by currency and exponent, in the order in which they first
/// came.
package struct BatchTotals: Equatable, Sendable {
    package private(set) var list: [BatchHeader.Total]

    /// - Parameter list: each currency and exponent once.
    package init(_ list: [BatchHeader.Total] = []) {
        self.list = list
    }

    /// Adds a sale.
    ///
    /// - Returns: false, and nothing is changed, where a sum would overflow or there are
    ///   ``BatchHeader/totalsMax`` already.
    package mutating func add(_ amount: Money) -> Bool {
        guard let index = list.firstIndex(where: { $0.sum.isComparable(to: amount) }) else {
            guard list.count < BatchHeader.totalsMax else { return false }
            list.append(BatchHeader.Total(count: 1, sum: amount))
            return true
        }
        let before = list[index]
        let (units, isTooLarge) = before.sum.minorUnits.addingReportingOverflow(amount.minorUnits)
        let (count, areTooMany) = before.count.addingReportingOverflow(1)
        guard !isTooLarge, !areTooMany else { return false }
        list[index] = BatchHeader.Total(
            count: count,
            sum: Money(minorUnits: units, currency: amount.currency, exponent: amount.exponent)
        )
        return true
    }

    /// Whether these are the totals of a header, in whatever order.
    package func areThose(of header: BatchHeader) -> Bool {
        list.count == header.totals.count && list.allSatisfy { header.totals.contains($0) }
    }
}
