// SPDX-License-Identifier: Apache-2.0

/// The bounds of the operator console.
package enum ConsoleLimits {
    package static let operatorNameBytes = 1...32
    /// Of a password, in bytes of UTF-8.
    package static let passwordBytes = 10...512
    package static let passwordHashBytesMax = 1024
    /// Of a reason for blocking a card, in characters.
    package static let reasonCharactersMax = 120
    /// The same as UTF-8, with room for every script.
    package static let reasonBytesMax = 480

    /// A session ends after this time without use …
    package static let sessionIdleTime = Duration.seconds(30 * 60)
    /// … and at the latest this long after the logon.
    package static let sessionTime = Duration.seconds(12 * 3600)
    package static let sessionsMax = 1000

    /// Failed logons of one address within ``addressWindow``.
    package static let failuresPerAddress = 10
    package static let addressWindow = Duration.seconds(15 * 60)
    /// Failed logons of one operator from anywhere within ``nameWindow``. The window is short, so
    /// that a stranger cannot shut an operator out.
    package static let failuresPerName = 20
    package static let nameWindow = Duration.seconds(60)
    /// Addresses or names that are counted apart.
    package static let throttledNamesMax = 10_000

    /// Rows of one page.
    package static let pageRows = 25
    /// Rows of each table on the page of what is open.
    package static let openPageRows = 50
    /// Open transactions on the overview.
    package static let openRows = 20
    /// Sales that one search looks at.
    package static let searchedSalesMax = 1000
    /// Tries to write an act of an operator, where another one writes at the same time.
    package static let triesMax = 8
    package static let tokenBytes = 32
}
