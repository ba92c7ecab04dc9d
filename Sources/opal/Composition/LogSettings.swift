// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import Synchronization
import Telemetry

/// How and how much is logged, on the standard error.
struct LogSettings {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        /// For people.
        case text
        /// For programs: one object a line.
        case json
    }

    var format = Format.text
    var level: Logger.Level

    /// - Throws: `CommandFailure` that names the key and says what it must be.
    init(_ reader: SettingsReader) throws {
        format = try Self.read(.logFormat, reader, Format.allCases) ?? .text
        level = try Self.read(.logLevel, reader, Logger.Level.allCases) ?? .notice
    }

    init(_ format: Format, _ level: Logger.Level) {
        self.format = format
        self.level = level
    }

    private static func read<Choice: RawRepresentable<String>>(
        _ key: ServerSettings.Key,
        _ reader: SettingsReader,
        _ all: [Choice]
    ) throws -> Choice? {
        guard let text = reader.optionalText(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = all.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure("\(key.rawValue) must be one of \(words).")
        }
        return choice
    }

    /// The option of a command.
    static func level(_ text: String) throws -> Logger.Level {
        if let level = Logger.Level(rawValue: text) { return level }
        let words = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("The level must be one of \(words).")
    }

    /// `party`: what the lines of the process itself are about; nil where it runs many parties.
    func logger(party: String? = nil) -> Logger {
        let format = format
        var logger = Logger(label: "opal") { label in
            switch format {
            case .text:
                StreamLogHandler.standardError(label: label, metadataProvider: .work)
            case .json:
                JSONLogHandler(
                    metadataProvider: .work,
                    now: SystemClock.now,
                    write: Self.standardError.write
                )
            }
        }
        logger.logLevel = level
        if let party { logger[metadataKey: LogKey.party] = "\(party)" }
        return logger
    }

    private static let standardError = LineWriter(.standardError)
}

/// Writes whole lines, one after another.
private final class LineWriter: Sendable {
    private let file: Mutex<FileHandle>

    init(_ file: sending FileHandle) {
        self.file = Mutex(file)
    }

    @Sendable func write(_ line: String) {
        // A log that nobody takes any more does not stop a payment.
        file.withLock { try? $0.write(contentsOf: Data(line.utf8)) }
    }
}
