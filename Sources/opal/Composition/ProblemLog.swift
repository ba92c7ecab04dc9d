// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// Tells the operator what keeps a party from some of its work: each problem once, until it is
/// gone. Rounds meet the same problem every few seconds.
final class ProblemLog: Sendable {
    private let logger: Logger
    /// What every one of its lines says.
    private let message: Logger.Message
    private let told = Mutex<[String: Set<String>]>([:])

    init(_ logger: Logger, _ message: Logger.Message) {
        self.logger = logger
        self.message = message
    }

    /// Tells what was not there when this work was looked at before.
    ///
    /// `problems`: words by a name of each; empty where nothing keeps the party from it.
    func tell(_ problems: [String: String], of work: String) {
        let new = told.withLock { told in
            let known = told[work] ?? []
            told[work] = Set(problems.keys)
            return problems.filter { !known.contains($0.key) }
        }
        for (_, words) in new.sorted(by: { $0.key < $1.key }) {
            logger.warning(message, metadata: ["work": "\(work)", "problem": "\(words)"])
        }
    }
}

extension [String: String] {
    /// Does a part of some work. Where it fails, that is a problem under this name, and keeps the
    /// other parts from nothing.
    mutating func note(_ name: String, _ part: () async throws -> Void) async {
        do {
            try await part()
        } catch {
            self[name] = "\(name): \(error)"
        }
    }
}
