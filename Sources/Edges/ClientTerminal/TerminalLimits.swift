// SPDX-License-Identifier: Apache-2.0

/// What the client terminal bears from the sites that it visits.
package struct TerminalLimits: Sendable {
    /// Bytes of one page. The pages of the sites are below 32 KiB.
    package var pageBytesMax = 1 << 20
    /// Bytes of the file that was bought.
    package var fileBytesMax = 256 << 20
    /// Redirects that one navigation follows.
    package var redirectsMax = 10
    /// Pages between the given address and the end of the payment.
    package var pagesMax = 12
    /// How often a pending page is asked for again before the terminal leaves it to the user.
    package var looksAgainMax = 5
    /// Milliseconds until a connection stands.
    package var connectMillisecondsMax: Int64 = 10_000
    /// Milliseconds for a request and its page.
    package var requestMillisecondsMax: Int64 = 60_000
    /// Milliseconds for the file.
    package var fileMillisecondsMax: Int64 = 1_800_000

    /// Seconds between two looks at a pending page, whatever the page asks for.
    package static let lookAgainSeconds = 1...10
    /// Bytes of an address.
    package static let addressBytesMax = 8192
    /// Bytes of a user identifier and of a password; the card site takes less.
    package static let credentialBytesMax = 1024
    /// Cookies of one host, and bytes of one cookie (RFC 6265, section 6.1).
    package static let cookiesPerHostMax = 50
    package static let cookieBytesMax = 4096
    /// Entries of one form.
    package static let formEntriesMax = 64
    /// Bytes of a file's name, below the 255 of usual file systems with room for " (2)".
    package static let fileNameBytesMax = 200
    /// Names tried for a file before the terminal gives up.
    package static let fileNamesMax = 1000

    package init() {}
}
