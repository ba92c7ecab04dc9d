// SPDX-License-Identifier: Apache-2.0

/// What a person typed into the set-up page (FIG. 10, step 502), unchecked.
package struct SignUpForm: Sendable {
    package var userIdentifier = ""
    package var accountNumber = ""
    package var verificationValue = ""
    /// `MM/YY`.
    package var expiry = ""
    package var street = ""
    package var city = ""
    package var postalCode = ""
    package var country = ""
    package var email = ""
    package var password = ""

    package init() {}
}

extension SignUpForm: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(sign-up form)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A field of the set-up page.
package enum SignUpField: String, CaseIterable, Sendable {
    case userIdentifier
    case accountNumber
    case verificationValue
    case expiry
    case street
    case city
    case postalCode
    case country
    case email
    case password
}

/// What is wrong with one field. It holds nothing of what was typed.
package enum FieldProblem: Equatable, Sendable {
    case missing
    case tooShort
    case tooLong
    /// It has a character that the field cannot have.
    case notAllowed
    /// It has not the form that the field asks for, or its check digit is wrong.
    case malformed
    /// The account has expired.
    case past
    /// One of the passwords that everybody tries first.
    case tooCommon
    /// The password is the user identifier.
    case sameAsIdentifier
}

package struct FieldError: Equatable, Sendable {
    package let field: SignUpField
    package let problem: FieldProblem

    package init(_ field: SignUpField, _ problem: FieldProblem) {
        self.field = field
        self.problem = problem
    }
}
