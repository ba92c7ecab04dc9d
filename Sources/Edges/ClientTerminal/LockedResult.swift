// SPDX-License-Identifier: Apache-2.0

/// A Debit Result M that opens with the card's S3, if that is the expected one: to open it is to
/// compare (FIG. 7, variation). All values as the page has them.
package struct LockedResult: Sendable {
    /// Opens a result.
    ///
    /// Returns Debit Result M in compact form; nil where S3 is not the expected one.
    package typealias Compare = @Sendable (LockedResult) async -> String?

    /// TRX as a UUID.
    package let transaction: String
    /// A JWE in compact form.
    package let locked: String
    /// S3, 16 hexadecimal digits.
    package let signature: String
    /// TSK, base64url.
    package let sessionKey: SecretText
}
