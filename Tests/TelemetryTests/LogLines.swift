// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Logging
import Synchronization
import Telemetry

/// Takes the lines of a logger, as a program would that reads them.
final class LogLines: Sendable {
    private let texts = Mutex<[String]>([])

    var text: String { texts.withLock { $0.joined() } }

    /// - Throws: where a line is no JSON.
    func objects() throws -> [[String: Any]] {
        try text.split(separator: "\n").compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    func logger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "test") { _ in
            JSONLogHandler(
                metadataProvider: .work,
                now: { Instant(milliseconds: 1_795_941_554_007) },
                write: { line in self.texts.withLock { $0.append(line) } }
            )
        }
        logger.logLevel = level
        return logger
    }
}
