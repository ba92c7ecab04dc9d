// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What a guardian types to open a card for a child, unchecked.
package struct ChildForm: Sendable {
    /// What the guardian calls the child.
    package var name = ""
    /// With which the child signs in.
    package var userIdentifier = ""
    /// Empty where the mails of the child go to the guardian.
    package var email = ""

    package init() {}
}

extension ChildForm: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(child form)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A field of the form for a child.
package enum ChildField: String, CaseIterable, Sendable {
    case name
    case userIdentifier
    case email
}

package struct ChildFieldError: Equatable, Sendable {
    package let field: ChildField
    package let problem: FieldProblem

    package init(_ field: ChildField, _ problem: FieldProblem) {
        self.field = field
        self.problem = problem
    }
}

/// A form for a child whose fields are all right.
struct CheckedChild: Sendable {
    let name: String
    let identifier: UserIdentifier
    /// Nil for the guardian's.
    let email: String?

    /// Checks every field, in the order of the page.
    static func check(_ form: ChildForm) -> Result<CheckedChild, ChildFieldErrors> {
        var errors: [ChildFieldError] = []
        func keep<Value>(_ field: ChildField, _ result: Checked<Value>) -> Value? {
            switch result {
            case .good(let value): return value
            case .bad(let problem):
                errors.append(ChildFieldError(field, problem))
                return nil
            }
        }
        let name = keep(.name, Self.name(form.name))
        let identifier = keep(.userIdentifier, FieldRules.identifier(form.userIdentifier))
        let isOwn = ASCII.trimmed(form.email).isEmpty
        let email = isOwn ? nil : keep(.email, FieldRules.email(form.email))
        guard errors.isEmpty, let name, let identifier else {
            return .failure(ChildFieldErrors(list: errors))
        }
        return .success(CheckedChild(name: name, identifier: identifier, email: email))
    }

    private static func name(_ typed: String) -> Checked<String> {
        let checked = FieldRules.line(typed, max: FundingLimits.childNameCharactersMax)
        if case .good(let name) = checked, name.utf8.count > FundingLimits.childNameBytesMax {
            return .bad(.tooLong)
        }
        return checked
    }
}

struct ChildFieldErrors: Error {
    let list: [ChildFieldError]
}

/// What the opening of a child's card leads to.
package enum ChildOpening: Equatable, Sendable {
    /// Said in every case, also where the user identifier is taken.
    case checkMail
    /// In the order of the fields.
    case invalid([ChildFieldError])
    /// Who asks has no funding account, or no card yet: a child, for instance.
    case notGuardian
    /// As many as ``FundingLimits/childrenMax`` have a card, or still may come.
    case tooManyChildren
    case throttled(until: Instant)
}
