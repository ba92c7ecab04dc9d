// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// What happened in some time, added up: how often and how much by kind, scope and unit, and how
/// long purchases took. It is as large as the number of different things that happened, and not as
/// their number.
struct Figures: Equatable, Sendable {
    /// What is counted. Sales are the payment server's, draws and loads the OPAL server's: a
    /// purchase is both.
    enum Kind: UInt8, CaseIterable, Sendable {
        /// A sale is sold; scope: the merchant.
        case sold = 1
        /// A sale was given up with SV; scope: the merchant.
        case givenUp = 2
        /// The card proved that it did not debit; scope: the merchant.
        case declined = 3
        /// A draw ended as sold; scope: BIN.
        case debited = 4
        /// The value of a draw was put back; scope: BIN.
        case putBack = 5
        /// A load ended with value on the card; scope: BIN.
        case loaded = 6
        /// A load ended without; scope: BIN.
        case notLoaded = 7
        /// A purchase was refused; scope: the word of the reason, without amount.
        case refused = 8
    }

    struct Name: Hashable, Sendable {
        let kind: Kind
        /// Merchant, BIN or reason; empty where there are more than ``scopesMax``.
        let scope: String
        /// Minor units of nothing, in the unit that is added up.
        let unit: Money

        init(_ kind: Kind, _ scope: String, _ amount: Money) {
            self.kind = kind
            self.scope = scope
            unit = Money(
                minorUnits: 0,
                currency: amount.currency,
                exponent: amount.exponent
            )
        }
    }

    struct Line: Equatable, Sendable {
        var count: UInt64 = 0
        var minorUnits: UInt64 = 0
    }

    private(set) var lines: [Name: Line] = [:]
    /// Purchases that took at most so many milliseconds, by the places of ``latencyBounds``; the
    /// last one is for all that took longer.
    private(set) var latencies = [UInt64](repeating: 0, count: latencyBounds.count + 1)

    /// Milliseconds.
    static let latencyBounds: [Int64] = [
        5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000,
    ]
    /// Different names in one hour; what is behind goes without its scope.
    static let scopesMax = 500
    fileprivate static let scopeBytesMax = 64
    private static let format: UInt8 = 1

    var isEmpty: Bool { lines.isEmpty && latencies.allSatisfy { $0 == 0 } }

    mutating func add(_ kind: Kind, _ scope: String, _ amount: Money, count: UInt64 = 1) {
        var name = Name(kind, scope, amount)
        if lines[name] == nil, lines.count >= Self.scopesMax { name = Name(kind, "", amount) }
        var line = lines[name] ?? Line()
        line.count &+= count
        line.minorUnits &+= amount.minorUnits
        lines[name] = line
    }

    mutating func add(latency milliseconds: Int64) {
        let place = Self.latencyBounds.firstIndex { milliseconds <= $0 }
        latencies[place ?? Self.latencyBounds.count] &+= 1
    }

    mutating func add(_ other: Figures) {
        for (name, line) in other.lines {
            var sum = lines[name] ?? Line()
            sum.count &+= line.count
            sum.minorUnits &+= line.minorUnits
            lines[name] = sum
        }
        for place in latencies.indices { latencies[place] &+= other.latencies[place] }
    }

    /// Some kinds of one scope, or of all; without latencies, which have no scope.
    func only(_ kinds: Set<Kind>, of scope: String?) -> Figures {
        var some = Figures()
        some.lines = lines.filter { name, _ in
            kinds.contains(name.kind) && (scope.map { $0 == name.scope } ?? true)
        }
        return some
    }

    /// All of one kind.
    func count(_ kind: Kind) -> UInt64 {
        lines.reduce(0) { $0 &+ ($1.key.kind == kind ? $1.value.count : 0) }
    }

    /// All of one kind by unit, the largest count first.
    func sums(_ kind: Kind) -> [(amount: Money, count: UInt64)] {
        var sums: [Money: Line] = [:]
        for (name, line) in lines where name.kind == kind {
            sums[name.unit, default: Line()].count &+= line.count
            sums[name.unit, default: Line()].minorUnits &+= line.minorUnits
        }
        return sums.map { unit, line in
            let amount = Money(
                minorUnits: line.minorUnits,
                currency: unit.currency,
                exponent: unit.exponent
            )
            return (amount, line.count)
        }.sorted { ($0.count, $1.amount.currency.digits) > ($1.count, $0.amount.currency.digits) }
    }

    /// The milliseconds within which so many of 1,000 purchases ended.
    ///
    /// - Returns: nil where none did; `.max` where it took longer than the last bound.
    func latency(perMille: UInt64) -> Int64? {
        let total = latencies.reduce(0, &+)
        guard total > 0 else { return nil }
        let rank = max(1, (total / 1000 * perMille) + (total % 1000 * perMille + 999) / 1000)
        var sum: UInt64 = 0
        for (place, count) in latencies.enumerated() {
            sum &+= count
            if sum >= rank {
                return place < Self.latencyBounds.count ? Self.latencyBounds[place] : .max
            }
        }
        return nil
    }
}

// Format 1: lines 2, each kind 1, scope (counted), amount 11, count 8; then 8 for each latency.
extension Figures {
    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "figures")
        guard try reader.byte("format") == Self.format else {
            throw reader.failure("format", .invalid)
        }
        let count: UInt64 = try reader.integer("lines", bytes: 2)
        for _ in 0..<count {
            let kind = try reader.value("kind", bytes: 1) { Kind(rawValue: UInt8($0)) }
            let scope = try reader.text("scope", bytesMax: Self.scopeBytesMax)
            let amount = try reader.money()
            lines[Name(kind, scope, amount)] = Line(
                count: try reader.integer("count", bytes: 8),
                minorUnits: amount.minorUnits
            )
        }
        for place in latencies.indices {
            latencies[place] = try reader.integer("latency", bytes: 8)
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128 + lines.count * 48)
        writer.byte(Self.format)
        writer.integer(UInt64(lines.count), bytes: 2)
        for (name, line) in lines {
            writer.byte(name.kind.rawValue)
            writer.text(name.scope)
            writer.money(
                Money(
                    minorUnits: line.minorUnits,
                    currency: name.unit.currency,
                    exponent: name.unit.exponent
                )
            )
            writer.integer(line.count, bytes: 8)
        }
        for count in latencies { writer.integer(count, bytes: 8) }
        return writer.bytes
    }
}
