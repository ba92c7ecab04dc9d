// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Wire

/// A card's history as comma-separated values (RFC 4180), for a spreadsheet.
package struct HistoryFile {
    private let reader: Reader
    package private(set) var text = "time,kind,what,note,amount,currency,balance,transaction\r\n"

    package init(_ wording: Wording) {
        reader = wording.reader(.english)
    }

    /// Appends the line of a row.
    package mutating func add(_ entry: CardHistoryEntry) {
        let isOut = [.payment, .moved, .swept].contains(entry.kind)
        let sign = isOut ? "-" : ""
        var cells = [
            reader.iso(entry.moment), entry.kind.rawValue, CSVLine.guarded(entry.title),
            CSVLine.guarded(entry.remark),
        ]
        if let movement = entry.movement {
            cells += [
                sign + Self.decimal(movement.amount), reader.currency(movement.amount.currency),
                Self.decimal(movement.money), movement.transaction.text,
            ]
        } else if case .expired(let expired) = entry.event {
            cells += [
                "-" + Self.decimal(expired.amount), reader.currency(expired.amount.currency),
                Self.decimal(expired.money), "",
            ]
        } else {
            cells += ["", "", "", ""]
        }
        text += CSVLine.text(cells)
    }

    /// With a point and without groups, for machines.
    private static func decimal(_ money: Money) -> String {
        AmountEntry.text(money.minorUnits, money.exponent)
    }
}
