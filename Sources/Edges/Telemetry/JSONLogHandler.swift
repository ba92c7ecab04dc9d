// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Logging

/// Writes each log line as one JSON object: `time` (UTC, RFC 3339), `level`, `party`, `message`,
/// `trace_id`, `span_id`, `transaction`, and the rest under `metadata`. What is not known is left
/// out. A value is text, so that no digit of a number is lost.
package struct JSONLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let now: @Sendable () -> Instant
    private let write: @Sendable (String) -> Void

    /// In front, in this order.
    private static let leading = [LogKey.party]
    private static let following = [LogKey.trace, LogKey.span, LogKey.transaction]

    /// - Parameters:
    ///   - metadataProvider: adds what is known of the work at hand.
    ///   - now: the time of a line.
    ///   - write: takes a whole line with its end; lines may come from many threads at once.
    package init(
        metadataProvider: Logger.MetadataProvider?,
        now: @escaping @Sendable () -> Instant,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.metadataProvider = metadataProvider
        self.now = now
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        // What the line itself says wins over what is known of the work, and both over the logger.
        var all = metadata
        if let metadataProvider { all.merge(metadataProvider.get()) { $1 } }
        if let metadata = event.metadata { all.merge(metadata) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        var members = [
            JSONText.member("time", JSONText.string(LogTime.text(now()))),
            JSONText.member("level", JSONText.string(event.level.rawValue)),
        ]
        members += take(Self.leading, from: &all)
        members.append(JSONText.member("message", JSONText.string("\(event.message)")))
        members += take(Self.following, from: &all)
        if !all.isEmpty {
            members.append(JSONText.member("metadata", JSONText.object(all)))
        }
        write("{" + members.joined(separator: ",") + "}\n")
    }

    private func take(_ keys: [String], from metadata: inout Logger.Metadata) -> [String] {
        keys.compactMap { key in
            metadata.removeValue(forKey: key).map { JSONText.member(key, JSONText.value($0)) }
        }
    }
}

/// Parts of JSON text (RFC 8259).
enum JSONText {
    static func member(_ name: String, _ value: String) -> String { string(name) + ":" + value }

    static func object(_ metadata: Logger.Metadata) -> String {
        let members = metadata.sorted { $0.key < $1.key }.map { member($0.key, value($0.value)) }
        return "{" + members.joined(separator: ",") + "}"
    }

    static func value(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): string(text)
        case .stringConvertible(let some): string(some.description)
        case .array(let values): "[" + values.map(self.value).joined(separator: ",") + "]"
        case .dictionary(let metadata): object(metadata)
        }
    }

    /// In quotes. A line stays one line, whatever a stranger has sent.
    static func string(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                quoted += "\\u" + Hex.text([UInt8(scalar.value >> 8), UInt8(scalar.value & 0xFF)])
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// `2026-11-29T08:39:14.007Z`.
enum LogTime {
    static func text(_ instant: Instant) -> String {
        let date = CivilDate(day: instant.day)
        let time = instant.milliseconds - instant.day * 86_400_000
        return digits(date.year, 4) + "-" + digits(date.month, 2) + "-" + digits(date.dayOfMonth, 2)
            + "T" + digits(Int(time / 3_600_000), 2) + ":" + digits(Int(time / 60_000 % 60), 2)
            + ":" + digits(Int(time / 1000 % 60), 2) + "." + digits(Int(time % 1000), 3) + "Z"
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
