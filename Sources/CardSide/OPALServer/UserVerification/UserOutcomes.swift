// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What a sign-up leads to.
package enum SignUpOutcome: Equatable, Sendable {
    /// Said in every case, also where the user identifier is taken.
    case checkYourMail
    /// In the order of the fields.
    case invalid([FieldError])
    case accountRefused(FundingAccountRefusal)
    case accountCheckUnavailable
    case throttled(until: Instant)
}

/// What a logon leads to.
package enum LogonOutcome: Sendable {
    case signedIn(SessionToken)
    /// The one-time password was right; it is used up now.
    case mustChangePassword(PasswordTicket)
    /// Unknown user or wrong password.
    case refused
    case throttled(until: Instant)
}

/// What a check of identifier and password without a session leads to.
package enum VerifyOutcome: Sendable {
    case verified(SignedInUser)
    /// The one-time password was right; it is used up now.
    case mustChangePassword(PasswordTicket)
    /// Unknown user or wrong password.
    case refused
    case throttled(until: Instant)
}

/// What the choice of a new password leads to.
package enum PasswordChangeOutcome: Sendable {
    /// The user goes on with this session; every other one is over.
    case changed(SessionToken)
    /// Nothing was changed: the user has no card yet, and ``UserDirectory/completeSetup`` does
    /// both.
    case needsCard
    case unsuitable(FieldProblem)
    case oldPasswordWrong
    case throttled(until: Instant)
    /// The session or the ticket is over.
    case ended
}

/// What the completion of a setup leads to.
package enum SetupOutcome: Sendable {
    case completed(SessionToken)
    case unsuitable(FieldProblem)
    /// The writes that came along conflict: there is such a card. Call again with another one.
    case cardTaken
    /// The ticket is over, or the user has a card.
    case ended
}

/// What a request for a new one-time password leads to.
package enum ReminderOutcome: Equatable, Sendable {
    /// Said in every case, also where there is no such user.
    case checkYourMail
    case throttled(until: Instant)
}

/// A user who has proven to be one.
package struct SignedInUser: Equatable, Sendable {
    package let key: UserKey
    package let card: CardIdentifier
    package let maskedIdentifier: String
    /// Whether a guardian pays what is loaded, and sets the limits.
    package let isChild: Bool
}

/// What may be shown of a user.
package struct UserProfile: Equatable, Sendable {
    package let key: UserKey
    package let maskedIdentifier: String
    package let maskedEmail: String
    /// Nil for a child, whose card its guardian loads.
    package let account: AccountOnFile?
    /// Nil until the setup is complete.
    package let card: CardIdentifier?
    /// The expired card before this one, whose history is the person's, too.
    package let predecessor: CardIdentifier?
    package let createdAt: Instant
}
