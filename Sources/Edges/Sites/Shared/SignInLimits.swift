// SPDX-License-Identifier: Apache-2.0

/// The bounds of signing in at the sites whose users are kept by a ``SignInDesk``.
package enum SignInLimits {
    package static let nameBytes = 1...32
    /// Of a password, in bytes of UTF-8.
    package static let passwordBytes = 10...512
    package static let passwordHashBytesMax = 1024

    /// A session ends after this time without use …
    package static let sessionIdleTime = Duration.seconds(30 * 60)
    /// … and at the latest this long after the logon.
    package static let sessionTime = Duration.seconds(12 * 3600)
    package static let sessionsMax = 1000

    /// Failed logons of one address within ``addressWindow``.
    package static let failuresPerAddress = 10
    package static let addressWindow = Duration.seconds(15 * 60)
    /// Failed logons of one user from anywhere within ``nameWindow``. The window is short, so that
    /// a stranger cannot shut a user out.
    package static let failuresPerName = 20
    package static let nameWindow = Duration.seconds(60)
    /// Addresses or names that are counted apart.
    package static let throttledNamesMax = 10_000
    /// Tries to write a password, where somebody else writes at the same time.
    package static let triesMax = 8
    package static let tokenBytes = 32
}
