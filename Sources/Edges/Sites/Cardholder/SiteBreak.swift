// SPDX-License-Identifier: Apache-2.0

/// What must not happen on this site, for the log.
enum SiteBreak: Error {
    /// The issuer of new cards is not in the database.
    case issuerMissing
    /// All numbers that were drawn are taken.
    case noCardNumber
    /// A session names a user or a card that is not there.
    case cardMissing
}
