// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer

/// What cardholders hold, by issuer and unit.
struct FloatFigure: Sendable {
    struct Line: Sendable {
        let issuer: IssuerIdentifier
        let amount: Money
        let cards: Int
    }

    let asOf: Instant
    private(set) var lines: [Line]
    /// Cards whose record does not open: they are in no line.
    private(set) var damaged: Int

    init(_ report: FloatReport) {
        asOf = report.at
        damaged = report.damaged
        lines = report.sums.map { unit, sums in
            Line(
                issuer: unit.issuer,
                amount: Money(
                    minorUnits: sums.all.value,
                    currency: unit.currency,
                    exponent: unit.exponent
                ),
                cards: sums.all.cards
            )
        }.sorted {
            ($0.issuer.digits, $0.amount.currency.digits)
                < ($1.issuer.digits, $1.amount.currency.digits)
        }
    }

    /// The part of one issuer; all of it for none.
    func of(_ issuer: IssuerIdentifier?) -> FloatFigure {
        guard let issuer else { return self }
        var part = self
        part.lines = lines.filter { $0.issuer == issuer }
        part.damaged = 0
        return part
    }
}
