// SPDX-License-Identifier: Apache-2.0

/// A place where a rule is broken.
struct Offence: CustomStringConvertible, Equatable {
    /// Below the repository.
    let path: String
    /// From 1; 0 for a file as a whole.
    let line: Int
    let text: String

    var description: String { "\(path)\(line > 0 ? ":\(line)" : ""): \(text)" }
}

extension [Offence] {
    /// All of them, one on a line, for the message of a failed test.
    var list: String { map(\.description).joined(separator: "\n") }
}
