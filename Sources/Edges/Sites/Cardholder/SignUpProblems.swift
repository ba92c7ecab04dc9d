// SPDX-License-Identifier: Apache-2.0

import OPALServer

/// What is wrong with a sign-up, in the words of the page.
struct SignUpProblems {
    private(set) var texts: [SignUpField: String] = [:]
    private var title: String?
    private var text: String?

    init() {}

    init(_ errors: [FieldError]) {
        title = errors.count == 1 ? "One entry needs a look" : "\(errors.count) entries need a look"
        for error in errors { texts[error.field] = error.problem.text(error.field) }
    }

    init(_ refusal: FundingAccountRefusal) {
        title = "Your bank did not confirm the account"
        text = "No card was made, and nothing was taken from your account."
        switch refusal {
        case .unknownAccount: texts[.accountNumber] = "Your bank does not know this number."
        case .expired: texts[.expiry] = "Your bank says that this account has ended."
        case .verificationValueWrong: texts[.verificationValue] = "These digits are not right."
        case .addressWrong:
            texts[.street] = "Your bank has another address on file."
        case .declined:
            text = """
                No card was made, and nothing was taken from your account. Your bank gives no \
                reason; ask it, or take another account.
                """
        }
    }

    /// The check of the account cannot be made now.
    static let unavailable: SignUpProblems = {
        var problems = SignUpProblems()
        problems.title = "Your bank does not answer now"
        problems.text = """
            No card was made, and nothing was taken from your account. Send the form once more in \
            a few minutes.
            """
        return problems
    }()

    /// `Problems` of the templates, in the order of the page.
    var values: [String: Any]? {
        guard let title else { return nil }
        let order: [SignUpField] = [
            .userIdentifier, .email, .password, .accountNumber, .expiry, .verificationValue,
            .street, .postalCode, .city, .country,
        ]
        let items: [[String: Any]] = order.compactMap { field in
            texts[field].map { ["field": field.rawValue, "text": $0] }
        }
        var values: [String: Any] = ["title": title]
        if let text { values["text"] = text }
        if !items.isEmpty { values["items"] = items }
        return values
    }
}

extension FieldProblem {
    /// A sentence beside the entry.
    func text(_ field: SignUpField) -> String {
        let name = field.name
        return switch self {
        case .missing: "\(name) is missing."
        case .tooShort: "\(name) is too short; \(field.shortest)."
        case .tooLong: "\(name) is too long."
        case .notAllowed:
            field == .password ? Self.notTaken : "\(name) has a sign that it cannot have."
        case .malformed: "\(name) is not right; check each sign."
        case .past: "This month is over."
        case .tooCommon: "Too easy to guess. Take a few words in a row."
        case .sameAsIdentifier: "It must not be the same as the user identifier."
        }
    }

    private static let notTaken = """
        This cannot be a password: it has a sign that cannot be typed, or it looks like a one-time \
        password.
        """
}

extension SignUpField {
    fileprivate var name: String {
        switch self {
        case .userIdentifier: "The user identifier"
        case .accountNumber: "The account number"
        case .verificationValue: "CVV2"
        case .expiry: "The month and year"
        case .street: "The street"
        case .city: "The city"
        case .postalCode: "The postal code"
        case .country: "The country"
        case .email: "The e-mail address"
        case .password: "The password"
        }
    }

    fileprivate var shortest: String {
        switch self {
        case .userIdentifier:
            "it needs at least \(UserLimits.identifierCharacters.lowerBound) letters"
        case .password: "it needs at least \(UserLimits.passwordCharacters.lowerBound) characters"
        case .accountNumber: "it needs at least \(UserLimits.accountDigits.lowerBound) digits"
        case .verificationValue: "it needs three or four digits"
        default: "check it"
        }
    }
}
