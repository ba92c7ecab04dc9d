// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Where a customer goes on after signing in: a page of a load, and nothing else that an address
/// could name.
enum SignInReturn {
    static let signInPath = "/sign-in"
    static let field = "next"

    /// The sign-in page that leads on to this path where it is one of a load.
    static func signInPath(to path: String) -> String {
        Self.path(path).map { "\(signInPath)?\(field)=\($0)" } ?? signInPath
    }

    /// The path, made anew from what it names; nil for all others.
    static func path(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].isEmpty, ["amount", "loads"].contains(parts[1]),
            let transaction = TransactionIdentifier(String(parts[2]))
        else { return nil }
        return "/\(parts[1])/\(transaction.text)"
    }
}
