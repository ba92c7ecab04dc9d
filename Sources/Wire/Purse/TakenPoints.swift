// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Which points a debit took: number of days 1, each day 3 and amount 8, code 8. The signatures of
/// the debit cover the amount alone; the code is the module's, so that nobody who writes to the
/// database makes what comes back last longer than what was taken.
package struct TakenPoints: Equatable, Sendable {
    /// Ascending by day, none twice, none empty.
    package let tranches: PointsTranches
    package let code: Signature

    package init(_ tranches: PointsTranches, code: Signature) {
        self.tranches = tranches
        self.code = code
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        tranches = try reader.tranches("points")
        code = try reader.signature("code")
    }

    func write(to writer: inout ByteWriter) {
        writer.tranches(tranches)
        writer.signature(code)
    }
}

/// Points of one programme that expired on a card: CURR 2, CEXP 1, M 8, BAL afterwards 8, NT of the
/// last transaction 4 (23 bytes).
package struct ExpiredPoints: Equatable, Sendable {
    package let amount: Money
    /// The balance afterwards.
    package let balance: UInt64
    /// NT: none is consumed.
    package let lastNumber: UInt32

    package init(amount: Money, balance: UInt64, lastNumber: UInt32) {
        self.amount = amount
        self.balance = balance
        self.lastNumber = lastNumber
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        amount = try reader.money()
        balance = try reader.integer("BAL", bytes: 8)
        lastNumber = try reader.number("NT")
    }

    func write(to writer: inout ByteWriter) {
        writer.money(amount)
        writer.integer(balance, bytes: 8)
        writer.number(lastNumber)
    }
}

extension ByteReader {
    /// Number of days 1, each day 3 and amount 8.
    package mutating func tranches(_ field: StaticString) throws(WireFailure) -> PointsTranches {
        var all: [PointsTranche] = []
        for _ in 0..<(try byte(field)) { all.append(try tranche()) }
        guard let tranches = PointsTranches(all) else { throw failure(field, .invalid) }
        return tranches
    }
}

extension ByteWriter {
    package mutating func tranches(_ tranches: PointsTranches) {
        byte(UInt8(tranches.all.count))
        for tranche in tranches.all { self.tranche(tranche) }
    }
}
