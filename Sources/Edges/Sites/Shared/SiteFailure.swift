// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Why a site answers with an error page. No case holds anything that a person typed.
package enum SiteFailure: Error, Sendable {
    case notFound
    case badForm(FormFailure)
    /// The form lacks the sign that it comes from this site and this session.
    case forbidden
    /// Who is signed in may not do this.
    case notAllowed
    case tooLarge
    case tooMany(until: Instant?)
    /// A store or a security module does not answer now; the failure is logged.
    case unavailable(any Error)
    /// Something that must not happen; the failure is logged.
    case broken(any Error)
}

/// What is wrong with a form or a query.
package enum FormFailure: Error, Equatable, Sendable {
    /// It is not `application/x-www-form-urlencoded`.
    case contentType
    /// It is not UTF-8, or an escape is not two hexadecimal digits.
    case encoding
    case tooManyFields
    /// A field occurs twice; the name is not told, because it came from outside.
    case duplicate
    /// A field that the page always sends is missing or cannot be.
    case field(StaticString)

    package static func == (left: FormFailure, right: FormFailure) -> Bool {
        String(describing: left) == String(describing: right)
    }
}
