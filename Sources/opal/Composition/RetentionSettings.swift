// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel

/// How long data about persons is kept that nobody needs for proving what happened
/// (`docs/decisions/0037`).
struct RetentionSettings: Equatable {
    /// Mails in the outbox.
    var mailDays = 30
    /// Numbers of funding accounts in authorisations that have ended. The default covers the time
    /// in which a holder may come back to a load at the bank.
    var accountDays = 180

    static let daysRange = 1...3_650

    init() {}

    /// - Throws: `CommandFailure` that names the key and says what it must be.
    init(_ reader: SettingsReader) throws {
        mailDays = try reader.number(.retentionMailDays, mailDays, Self.daysRange)
        accountDays = try reader.number(.retentionAccountDays, accountDays, Self.daysRange)
    }

    /// What was written before this is over.
    func mailLimit(at now: Instant) -> Instant { now.subtracting(Self.time(mailDays)) }

    func accountLimit(at now: Instant) -> Instant { now.subtracting(Self.time(accountDays)) }

    private static func time(_ days: Int) -> Duration { .seconds(days * 24 * 3_600) }
}
