// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not the message they should be. Parsing is total: any byte string gives a value
/// or this.
package struct WireFailure: Error, Equatable, CustomStringConvertible, Sendable {
    package enum Problem: Equatable, Sendable {
        /// The bytes end before the field does.
        case truncated
        /// Bytes are left behind the last field.
        case tooLong
        /// The value is none that the field can have.
        case invalid
    }

    /// The message and the field in it, for example `DEBIT IEP: DTHR`.
    package let path: String
    package let problem: Problem

    package init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// Holds the path and the problem, never a value.
    package var description: String { "\(path) is \(problem)" }
}
