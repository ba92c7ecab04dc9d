// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The bounds of user verification.
package enum UserLimits {
    /// Visible characters of a user identifier.
    package static let identifierCharacters = 3...64
    package static let identifierBytesMax = 256
    /// Characters of a chosen password.
    package static let passwordCharacters = 10...128
    package static let passwordBytesMax = 512
    /// Digits of a funding account number (ISO/IEC 7812).
    package static let accountDigits = FundingAccount.digits
    package static let verificationValueDigits = CardVerificationValue.digits
    /// A funding account that ends later than this is a typing error.
    package static let expiryYearsMax = 20
    /// Street or city, in characters.
    package static let addressCharactersMax = 100
    /// The same as UTF-8, with room for every script.
    package static let addressBytesMax = BillingAddress.lineBytesMax
    package static let postalCodeCharactersMax = 16
    /// RFC 5321 §4.5.3.1 (as corrected by erratum 1690).
    package static let emailBytesMax = 254
    package static let emailLocalBytesMax = 64

    /// How long the one-time logon password of a mail can be used.
    package static let oneTimeTime = Duration.seconds(24 * 3600)
    /// How long the person has, after the one-time password, to choose a new one.
    package static let ticketTime = Duration.seconds(30 * 60)
    /// A session ends after this time without use …
    package static let sessionIdleTime = Duration.seconds(30 * 60)
    /// … and at the latest this long after the logon.
    package static let sessionTime = Duration.seconds(12 * 3600)
    /// A use of a session is written at most this often. It is also the longest time for which
    /// another server on the same database can miss a sign-out.
    package static let lastSeenTime = Duration.seconds(60)
    /// Sessions remembered in memory.
    package static let cachedSessionsMax = 20_000

    /// A user gets at most one note of a repeated sign-up in this time.
    package static let noticeTime = Duration.seconds(3600)
    /// A user gets at most one new one-time password by mail in this time.
    package static let reminderTime = Duration.seconds(10 * 60)

    /// How often a step is computed again after a conflict before it is given up as busy.
    package static let triesMax = 32
    /// Records that one page of tidying reads.
    package static let tidyPage = 200

    package static let mailSubjectBytesMax = 200
    package static let mailBodyBytesMax = 8000

    /// Of a hash of a password as a module may make it.
    static let passwordHashBytesMax = 1024
}

/// How many failures are borne and how fast they are forgotten.
package struct ThrottleRule: Sendable {
    /// From this count on, each failure is followed by a pause: 1 s, then 2 s, 4 s, 8 s …
    package let pauseAfter: UInt32
    /// From this count on, each failure is followed by ``lockTime``.
    package let lockAfter: UInt32
    package let lockTime: Duration
    /// One failure is forgotten each time this long has gone by.
    package let fadeTime: Duration

    /// For one user identifier, whether there is such a user or not.
    package static let user = ThrottleRule(
        pauseAfter: 5,
        lockAfter: 10,
        lockTime: .seconds(15 * 60),
        fadeTime: .seconds(3600)
    )

    /// For one address. Larger, because a whole company may stand behind it.
    package static let address = ThrottleRule(
        pauseAfter: 25,
        lockAfter: 50,
        lockTime: .seconds(15 * 60),
        fadeTime: .seconds(60)
    )

    /// For sign-ups and reminders from one address: each of them counts, because each sends a mail
    /// and a sign-up also tells whether a card verification value is right.
    package static let request = ThrottleRule(
        pauseAfter: 10,
        lockAfter: 20,
        lockTime: .seconds(15 * 60),
        fadeTime: .seconds(300)
    )

    /// For loads that one person begins: each of them tells whether a card verification value and
    /// an address are right.
    package static let load = ThrottleRule(
        pauseAfter: 5,
        lockAfter: 10,
        lockTime: .seconds(15 * 60),
        fadeTime: .seconds(3600)
    )

    /// How long nobody may try after the failure with this count.
    package func pause(after count: UInt32) -> Duration {
        if count >= lockAfter { return lockTime }
        if count < pauseAfter { return .zero }
        return min(.seconds(1 << min(Int64(count - pauseAfter), 30)), lockTime)
    }
}
