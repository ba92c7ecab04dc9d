// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Cards whose sales others have, and whose own history does not: the card database was set back,
/// or there are two of the card.
struct CardsBehind: Encodable {
    private struct Line: Encodable {
        /// Masked.
        let card: String
        let sales: Int
        let minorUnits: [String: UInt64]
    }

    /// A sale that the payment server and the issuer's float both have is noted once.
    private var sales: [TransactionIdentifier: (card: CardIdentifier, amount: Money)] = [:]

    mutating func note(
        _ transaction: TransactionIdentifier,
        _ amount: Money,
        of card: CardIdentifier
    ) {
        sales[transaction] = (card, amount)
    }

    var isEmpty: Bool { sales.isEmpty }
    var salesCount: Int { sales.count }
    var cards: Set<CardIdentifier> { Set(sales.values.map(\.card)) }

    /// What the cards have that was paid, by unit.
    var minorUnits: [String: UInt64] { Self.sums(sales.values.map(\.amount)) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let lines = Dictionary(grouping: sales.values, by: \.card)
            .sorted { $0.key.digits < $1.key.digits }
            .map { card, sales in
                Line(
                    card: card.masked,
                    sales: sales.count,
                    minorUnits: Self.sums(sales.map(\.amount))
                )
            }
        try container.encode(lines)
    }

    private static func sums(_ amounts: [Money]) -> [String: UInt64] {
        amounts.reduce(into: [:]) { sums, amount in
            sums[amount.unitText, default: 0] &+= amount.minorUnits
        }
    }
}

extension Money {
    /// Currency and decimals, as sums are named: `0978/2`.
    var unitText: String { "\(currency.digits)/\(exponent.decimals)" }
}
