// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// Which rows a person wants to see.
struct HistoryFilter {
    var from: CivilDate?
    var to: CivilDate?
    var kind: CardHistoryEntry.Kind?
    var text = ""
    /// 0 is the newest page.
    var page = 0
    private(set) var problem: (field: String, text: String)?
    private var typed: [String: String] = [:]

    private static let textMax = 60
    private static let pageMax = 100_000

    init(_ query: Form) {
        for name in ["from", "to", "kind", "text"] where !query.text(name).isEmpty {
            typed[name] = String(query.text(name).prefix(Self.textMax))
        }
        from = date("from")
        to = date("to")
        kind = typed["kind"].flatMap { CardHistoryEntry.Kind(rawValue: $0) }
        text = typed["text"] ?? ""
        page = min(max(Int(query.text("page")) ?? 0, 0), Self.pageMax)
        if problem == nil, let from, let to, to < from {
            problem = ("to", "The last day lies before the first one.")
        }
    }

    private mutating func date(_ name: String) -> CivilDate? {
        guard let text = typed[name] else { return nil }
        guard let date = DateWords.date(text) else {
            problem = (name, "This is not a day, as 2026-11-22.")
            return nil
        }
        return date
    }

    /// Whether each row fits.
    var isOpen: Bool { from == nil && to == nil && kind == nil && text.isEmpty }

    func fits(_ entry: CardHistoryEntry) -> Bool {
        let day = entry.moment.day
        if let from, day < from.day { return false }
        if let to, day > to.day { return false }
        if let kind, entry.kind != kind { return false }
        if text.isEmpty { return true }
        let wanted = text.lowercased()
        return entry.title.lowercased().contains(wanted)
            || entry.remark.lowercased().contains(wanted)
    }

    /// Rows before this one are too old.
    func isBefore(_ entry: CardHistoryEntry) -> Bool {
        from.map { entry.moment.day < $0.day } ?? false
    }

    /// The link to a page with the same filter.
    func href(_ path: String, page: Int = 0) -> String {
        var parts = ["from", "to", "kind", "text"].compactMap { name in
            typed[name].map { "\(name)=\(PercentCode.encode($0))" }
        }
        if page > 0 { parts.append("page=\(page)") }
        return parts.isEmpty ? path : path + "?" + parts.joined(separator: "&")
    }

    /// `Form` of the template.
    func form(at path: String) -> [String: Any] {
        var form: [String: Any] = ["action": path]
        for name in ["from", "to", "text"] {
            var entry: [String: Any] = ["value": typed[name] ?? ""]
            if let problem, problem.field == name { entry["error"] = problem.text }
            form[name] = entry
        }
        var options: [[String: Any]] = [["value": "", "label": "All"]]
        for kind in CardHistoryEntry.Kind.allCases {
            var option: [String: Any] = ["value": kind.rawValue, "label": kind.label]
            if kind == self.kind { option["selected"] = true }
            options.append(option)
        }
        form["kind"] = ["options": options]
        return form
    }

    var problems: [String: Any]? {
        problem.map { field, text in
            [
                "title": "One entry needs a look",
                "items": [["field": field, "text": text] as [String: Any]],
            ]
        }
    }
}

/// Percent-encoding of a value in a query (RFC 3986 §2.3).
enum PercentCode {
    static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += "%" + Hex.text([byte]).uppercased()
            }
        }
        return encoded
    }
}
