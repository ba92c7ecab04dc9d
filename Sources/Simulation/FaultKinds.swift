// SPDX-License-Identifier: Apache-2.0

/// What goes wrong in a ``Run``. A story is told with as few of them as it needs.
package struct FaultKinds: OptionSet, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// Messages that are not sent or lost, and links that are cut.
    package static let lost = FaultKinds(rawValue: 1)
    /// Messages that come twice.
    package static let repeated = FaultKinds(rawValue: 2)
    /// Messages that overtake others, and come after the caller has waited long enough.
    package static let delayed = FaultKinds(rawValue: 4)
    /// Messages with another bit, and messages that lose their end.
    package static let altered = FaultKinds(rawValue: 8)
    /// Stores that refuse reads and commits, or commit and do not say so.
    package static let disks = FaultKinds(rawValue: 16)
    /// Parties that crash before or after a read or a commit, and start again from their store.
    package static let crashes = FaultKinds(rawValue: 32)
    /// Wall clocks that are slow, fast, and set anew.
    package static let clocks = FaultKinds(rawValue: 64)
    /// Cards that answer DEBIT IEP with another S3, number or balance than their own.
    package static let forged = FaultKinds(rawValue: 128)

    package static let none: FaultKinds = []
    package static let all: FaultKinds = [
        .lost, .repeated, .delayed, .altered, .disks, .crashes, .clocks, .forged,
    ]
    package static let names: [(name: String, kind: FaultKinds)] = [
        ("lost", .lost), ("repeated", .repeated), ("delayed", .delayed), ("altered", .altered),
        ("disks", .disks), ("crashes", .crashes), ("clocks", .clocks), ("forged", .forged),
    ]

    /// `text`: names with commas between them, `all`, or `none`.
    ///
    /// - Returns: nil where one of them is no name.
    package init?(_ text: String) {
        switch text {
        case "all": self = .all
        case "none": self = .none
        default:
            self = .none
            for name in text.split(separator: ",") {
                guard let named = FaultKinds.names.first(where: { $0.name == name }) else {
                    return nil
                }
                insert(named.kind)
            }
        }
    }

    package var description: String {
        if self == .all { return "all" }
        if isEmpty { return "none" }
        return FaultKinds.names.filter { contains($0.kind) }.map(\.name).joined(separator: ",")
    }
}
