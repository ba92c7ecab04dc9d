// SPDX-License-Identifier: Apache-2.0

import Kernel

/// A sign-up form whose fields are all right.
struct CheckedSignUp: Sendable {
    let identifier: UserIdentifier
    let account: FundingAccount
    let verificationValue: CardVerificationValue
    let address: BillingAddress
    let email: String
    let password: Password

    /// Checks every field, so that the page can show all that is wrong at once, in the order of
    /// the page.
    static func check(_ form: SignUpForm, at now: Instant) -> Result<CheckedSignUp, FieldErrors> {
        var errors: [FieldError] = []
        func keep<Value>(_ field: SignUpField, _ result: Checked<Value>) -> Value? {
            switch result {
            case .good(let value): return value
            case .bad(let problem):
                errors.append(FieldError(field, problem))
                return nil
            }
        }
        let identifier = keep(.userIdentifier, FieldRules.identifier(form.userIdentifier))
        let number = keep(.accountNumber, FieldRules.accountNumber(form.accountNumber))
        let value = keep(.verificationValue, FieldRules.verificationValue(form.verificationValue))
        let expiry = keep(.expiry, FieldRules.expiry(form.expiry, at: now))
        let max = UserLimits.addressCharactersMax
        let street = keep(.street, FieldRules.line(form.street, max: max))
        let city = keep(.city, FieldRules.line(form.city, max: max))
        let postalCode = keep(
            .postalCode,
            FieldRules.line(form.postalCode, max: UserLimits.postalCodeCharactersMax)
        )
        let country = keep(.country, FieldRules.country(form.country))
        let email = keep(.email, FieldRules.email(form.email))
        let password = keep(
            .password,
            FieldRules.password(form.password, identifier, email: email)
        )
        guard errors.isEmpty, let identifier, let number, let value, let expiry, let street,
            let city, let postalCode, let country, let email, let password,
            let account = FundingAccount(number: number, expiry: expiry)
        else { return .failure(FieldErrors(list: errors)) }
        return .success(
            CheckedSignUp(
                identifier: identifier,
                account: account,
                verificationValue: value,
                address: BillingAddress(
                    street: street,
                    city: city,
                    postalCode: postalCode,
                    country: country
                ),
                email: email,
                password: password
            )
        )
    }
}

struct FieldErrors: Error {
    let list: [FieldError]
}

enum Checked<Value> {
    case good(Value)
    case bad(FieldProblem)
}

/// The rule of each field.
enum FieldRules {
    static func identifier(_ typed: String) -> Checked<UserIdentifier> {
        if let problem = UserIdentifier.problem(of: ASCII.trimmed(typed)) { return .bad(problem) }
        guard let identifier = UserIdentifier(typed) else { return .bad(.notAllowed) }
        return .good(identifier)
    }

    /// Spaces and dashes between the digits are the reader's and are dropped.
    static func accountNumber(_ typed: String) -> Checked<String> {
        let digits = typed.replacing(" ", with: "").replacing("-", with: "")
        if digits.isEmpty { return .bad(.missing) }
        guard ASCII.isDigits(digits) else { return .bad(.notAllowed) }
        if digits.count < UserLimits.accountDigits.lowerBound { return .bad(.tooShort) }
        if digits.count > UserLimits.accountDigits.upperBound { return .bad(.tooLong) }
        return FundingAccountNumber.hasRightCheckDigit(digits) ? .good(digits) : .bad(.malformed)
    }

    static func verificationValue(_ typed: String) -> Checked<CardVerificationValue> {
        let digits = ASCII.trimmed(typed)
        if digits.isEmpty { return .bad(.missing) }
        guard ASCII.isDigits(digits) else { return .bad(.notAllowed) }
        if digits.count < UserLimits.verificationValueDigits.lowerBound { return .bad(.tooShort) }
        if digits.count > UserLimits.verificationValueDigits.upperBound { return .bad(.tooLong) }
        return CardVerificationValue(digits: digits).map { .good($0) } ?? .bad(.notAllowed)
    }

    /// `MM/YY` or `MM/YYYY`. An account can be used until its month ends.
    static func expiry(_ typed: String, at now: Instant) -> Checked<AccountExpiry> {
        let text = typed.replacing(" ", with: "")
        if text.isEmpty { return .bad(.missing) }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(ASCII.isDigits), parts[0].count <= 2,
            parts[1].count == 2 || parts[1].count == 4, let month = Int(parts[0]),
            let typedYear = Int(parts[1]),
            let expiry = AccountExpiry(
                year: parts[1].count == 2 ? 2000 + typedYear : typedYear,
                month: month
            )
        else { return .bad(.malformed) }
        let today = CivilDate(day: now.day)
        if expiry.isPast(at: now) { return .bad(.past) }
        if expiry.year > today.year + UserLimits.expiryYearsMax { return .bad(.malformed) }
        return .good(expiry)
    }

    /// One line of text without control characters.
    static func line(_ typed: String, max: Int) -> Checked<String> {
        let text = ASCII.trimmed(typed)
        if text.isEmpty { return .bad(.missing) }
        if text.count > max || text.utf8.count > UserLimits.addressBytesMax {
            return .bad(.tooLong)
        }
        let isClean = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        return isClean ? .good(text) : .bad(.notAllowed)
    }

    static func country(_ typed: String) -> Checked<String> {
        let code = ASCII.uppercased(ASCII.trimmed(typed))
        if code.isEmpty { return .bad(.missing) }
        let isCode = code.utf8.count == 2 && code.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        return isCode ? .good(code) : .bad(.malformed)
    }

    /// Only the shape: whether the address works, the confirmation mail tells.
    static func email(_ typed: String) -> Checked<String> {
        let text = ASCII.trimmed(typed)
        if text.isEmpty { return .bad(.missing) }
        if text.utf8.count > UserLimits.emailBytesMax { return .bad(.tooLong) }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, isLocalPart(parts[0]), isDomain(parts[1]) else {
            return .bad(.malformed)
        }
        return .good(text)
    }

    static func password(
        _ typed: String,
        _ identifier: UserIdentifier?,
        email: String?
    ) -> Checked<Password> {
        let password = Password(typed)
        if let problem = PasswordRules.problem(
            of: password,
            identifier: identifier,
            email: email
        ) {
            return .bad(problem)
        }
        return .good(password)
    }

    /// Visible ASCII without what has a meaning in a mail header.
    private static func isLocalPart(_ text: Substring) -> Bool {
        let special = Array("\"(),:;<>[\\]".utf8)
        return (1...UserLimits.emailLocalBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !special.contains($0) }
    }

    private static func isDomain(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { character in
                        (0x30...0x39).contains(character) || (0x41...0x5A).contains(character)
                            || (0x61...0x7A).contains(character) || character == 0x2D
                    }
            }
    }
}
