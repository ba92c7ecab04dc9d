// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The two lists of a page of disputes, open and ended. Each goes on behind a sale that the address
/// names: then the other one is left out.
struct DisputePages {
    /// Of the page, for instance `/disputes`.
    private let path: String
    /// Behind which sale the open ones begin.
    let after: TransactionIdentifier?
    /// Behind which sale those that have ended begin.
    let before: TransactionIdentifier?
    /// `open`, `ended`, `count` and `showsOpen` of the template.
    private(set) var values: [String: Any] = [:]

    private static let openName = "after"
    private static let endedName = "before"

    init(_ path: String, _ form: Form) {
        self.path = path
        after = TransactionIdentifier(form.text(Self.openName))
        before = TransactionIdentifier(form.text(Self.endedName))
        if before == nil { values["showsOpen"] = true }
    }

    var showsOpen: Bool { before == nil }
    var showsEnded: Bool { after == nil }

    /// `next`: behind which sale the next page begins.
    mutating func showOpen(
        _ rows: [[String: Any]],
        next: TransactionIdentifier?,
        _ reader: Reader
    ) {
        if after == nil, next == nil, !rows.isEmpty {
            values["count"] = reader.count(UInt64(rows.count))
        }
        show("open", rows, Self.openName, next, isFirst: after == nil, reader)
    }

    mutating func showEnded(
        _ rows: [[String: Any]],
        next: TransactionIdentifier?,
        _ reader: Reader
    ) {
        show("ended", rows, Self.endedName, next, isFirst: before == nil, reader)
    }

    private mutating func show(
        _ list: String,
        _ rows: [[String: Any]],
        _ name: String,
        _ next: TransactionIdentifier?,
        isFirst: Bool,
        _ reader: Reader
    ) {
        guard !rows.isEmpty || next != nil || !isFirst else { return }
        var value: [String: Any] = ["rows": rows, "hasRows": !rows.isEmpty]
        if next != nil || !isFirst {
            var links: [String: Any] = [
                "summary": "\(reader.count(UInt64(rows.count))) on this page"
            ]
            if !isFirst { links["first"] = path }
            if let next { links["next"] = "\(path)?\(name)=\(next.text)" }
            value["links"] = links
        }
        values[list] = value
    }
}
