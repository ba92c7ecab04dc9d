// SPDX-License-Identifier: Apache-2.0

import Kernel
import PaymentServer

/// What the server is told of collection: when batches are closed, and where they go.
struct CollectionSettings {
    /// The name in the certificate of the concentration point.
    var concentrationName = Role.concentrationPoint.rawValue
    /// Nil where the payment server reaches none, unless one runs in its process.
    var concentrationHost: String?
    var concentrationPort = 8418
    /// The name in the certificate of the clearing house.
    var clearingName = Role.clearing.rawValue
    /// Nil where nobody reaches it, unless it runs in the same process.
    var clearingHost: String?
    var clearingPort = 8419
    /// A batch with so many sales is closed.
    var count: UInt32 = 10_000
    /// A batch is closed whose first sale is so many minutes old.
    var minutes = 15
    /// When the day ends, with all batches that hold sales of it; nil where batches go by count and
    /// age alone.
    var dayEnd: TimeOfDay? = .midnight

    static let minutesRange = 1...7 * 24 * 60
    /// In the place of a time of day.
    static let noDayEnd = "none"

    init() {}

    /// - Throws: `CommandFailure` that names the key and says what it must be.
    init(_ reader: SettingsReader) throws {
        concentrationName = reader.text(.concentrationName, concentrationName)
        concentrationHost = reader.optionalText(.concentrationHost)
        concentrationPort = try reader.port(.concentrationPort, concentrationPort)
        clearingName = reader.text(.clearingName, clearingName)
        clearingHost = reader.optionalText(.clearingHost)
        clearingPort = try reader.port(.clearingPort, clearingPort)
        let countMax = Int(BatchHeader.countMax)
        count = UInt32(try reader.number(.batchesCount, Int(count), 1...countMax))
        minutes = try reader.number(.batchesMinutes, minutes, Self.minutesRange)
        switch reader.optionalText(.batchesDayEnd) {
        case nil: break
        case Self.noDayEnd: dayEnd = nil
        case let text?:
            guard let time = TimeOfDay(text) else {
                throw CommandFailure(
                    "batches.dayEnd must be a time of day by UTC such as 22:30, or "
                        + "\(Self.noDayEnd)."
                )
            }
            dayEnd = time
        }
    }

    /// When batches are closed, at this moment.
    func policy(at now: Instant) -> BatchPolicy {
        BatchPolicy(
            count: count,
            age: .seconds(minutes * 60),
            // A sale of the very moment belongs to the day that begins.
            cutOff: dayEnd?.last(before: now).subtracting(.milliseconds(1))
        )
    }
}

/// A time of day by UTC.
struct TimeOfDay: Equatable {
    /// Since midnight, less than ``minutesOfDay``.
    private let minutes: Int

    static let midnight = TimeOfDay(minutes: 0)
    private static let minutesOfDay = 24 * 60

    private init(minutes: Int) {
        self.minutes = minutes
    }

    /// - Parameter text: `HH:MM`, from 00:00 to 23:59.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy(\.isNumber) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        minutes = hour * 60 + minute
    }

    /// When it was this time of day last; the moment itself where it is now.
    func last(before now: Instant) -> Instant {
        let today = Instant(milliseconds: now.day * 86_400_000).adding(.seconds(minutes * 60))
        return today <= now ? today : today.subtracting(.seconds(Self.minutesOfDay * 60))
    }
}
