// SPDX-License-Identifier: Apache-2.0

/// Why the terminal went no further. The texts are for the person at the terminal.
package enum TerminalFailure: Error, Equatable {
    /// The address, or what a page pointed at, is one that the terminal does not visit.
    case addressNotAllowed(String)
    /// No connection, no trust, or no whole answer.
    case network(String)
    /// The site answered with something that is no page of this scheme.
    case notUnderstood(String)
    /// The file could not be written.
    case notSaved(String)
    /// The person, or the lack of one, ended the payment before anything was agreed.
    case noCredentials(String)

    package var text: String {
        switch self {
        case .addressNotAllowed(let text), .network(let text), .notUnderstood(let text),
            .notSaved(let text), .noCredentials(let text):
            text
        }
    }
}
