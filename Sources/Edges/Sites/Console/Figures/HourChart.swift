// SPDX-License-Identifier: Apache-2.0

import Kernel

/// What happened on a day, drawn: a bar for each hour, in parts one on the other.
struct HourChart {
    /// A part of the bars, and what it is called.
    struct Part {
        /// `here`, `way` or `cards`: the colours of the style sheet.
        let look: String
        let words: String
        let kind: Figures.Kind
    }

    /// The picture is 1,000 units high; an hour is 10 wide.
    private static let (height, slot, width): (UInt64, Int, Int) = (1_000, 10, 7)

    let id: String
    let title: String
    let hours: [Figures]
    let parts: [Part]

    /// `Chart` of the template; without bars where nothing happened.
    func values(_ reader: Reader) -> [String: Any] {
        let totals = hours.map { hour in parts.reduce(0) { $0 &+ hour.count($1.kind) } }
        var values: [String: Any] = ["id": id, "title": title]
        guard let largest = totals.max(), largest > 0 else { return values }
        let peak = totals.firstIndex(of: largest) ?? 0
        let sums = parts.map { part in
            "\(reader.count(hours.reduce(0) { $0 &+ $1.count(part.kind) })) \(part.words)"
        }
        let chart: [String: Any] = [
            "summary": """
            \(sums.joined(separator: ", ")). The most, \(reader.count(largest)), from \
            \(Self.name(peak)) to \(Self.name(peak + 1)) UTC.
            """,
            "width": "\(hours.count * Self.slot)", "height": "\(Self.height)",
            "bars": hours.enumerated().flatMap { bars($0.offset, $0.element, largest, reader) },
            "first": Self.name(0), "last": Self.name(24),
            "keys": parts.map { ["look": $0.look, "words": $0.words.capitalizedFirst] },
            "columns": parts.map { ["words": $0.words.capitalizedFirst] },
            "rows": hours.enumerated().compactMap { row($0.offset, $0.element, reader) },
        ]
        values["chart"] = chart
        return values
    }

    private func bars(
        _ hour: Int,
        _ figures: Figures,
        _ largest: UInt64,
        _ reader: Reader
    ) -> [[String: Any]] {
        var floor = Self.height
        var bars: [[String: Any]] = []
        for part in parts {
            let count = figures.count(part.kind)
            guard count > 0 else { continue }
            let share = count.multipliedFullWidth(by: Self.height)
            // A part is at most the largest bar, so that the quotient fits.
            let height = min(floor, max(4, largest.dividingFullWidth(share).quotient))
            floor -= height
            bars.append([
                "look": part.look, "x": "\(hour * Self.slot + 1)", "y": "\(floor)",
                "width": "\(Self.width)", "height": "\(height)",
                "label": "\(Self.name(hour)) UTC: \(reader.count(count)) \(part.words)",
            ])
        }
        return bars
    }

    /// An hour in which something happened, with the amounts.
    private func row(_ hour: Int, _ figures: Figures, _ reader: Reader) -> [String: Any]? {
        guard parts.contains(where: { figures.count($0.kind) > 0 }) else { return nil }
        return [
            "hour": Self.name(hour),
            "cells": parts.map { part -> [String: Any] in
                let amounts = figures.sums(part.kind).map { reader.amount($0.amount) }
                var cell: [String: Any] = [
                    "words": part.words.capitalizedFirst,
                    "count": reader.count(figures.count(part.kind)),
                ]
                if !amounts.isEmpty { cell["amounts"] = amounts.joined(separator: ", ") }
                return cell
            },
        ]
    }

    private static func name(_ hour: Int) -> String { DateWords.two(hour) + ":00" }
}
