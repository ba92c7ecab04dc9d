// SPDX-License-Identifier: Apache-2.0

/// The bounds of what a site reads.
package enum SiteLimits {
    /// A posted form, in bytes. The order page of a shop is the longest, with about 2 KiB.
    package static let formBytesMax = 16 * 1024
    package static let formFieldsMax = 40
    /// The headers of one part of an upload, in bytes.
    package static let partHeaderBytesMax = 4 * 1024
    /// Parts of one upload.
    package static let partsMax = 8
    /// A query, in bytes.
    package static let queryBytesMax = 2 * 1024
    /// Cookie headers longer than this are not read.
    package static let cookieBytesMax = 8 * 1024
    /// How long a form may stay open before its cookie is gone, in seconds.
    package static let formCookieSeconds = 12 * 3600
    /// Random bytes in the cookie of a form without a session.
    package static let formTokenBytes = 32
    /// Random bytes of a reference that a person can read out.
    package static let referenceBytes = 5
}
