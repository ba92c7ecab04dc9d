// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// What is known of a user. It is stored sealed.
struct UserRecord: Equatable, Sendable {
    /// The life of a user: a sign-up waits for the person to come with the mailed password; then
    /// the setup gives the user a card, and both stay together.
    enum State: Equatable, Sendable {
        /// The sign-up lapses at this time: then the identifier is free again.
        case awaitingMail(until: Instant)
        case active(CardIdentifier)
    }

    /// Who pays what is loaded onto the card: always one of them.
    enum Funding: Equatable, Sendable {
        /// The user, from an account of their own.
        case account(FundingAccount, BillingAddress)
        /// A child's guardian.
        case guardian(UserKey)
        /// The issuer, who gave the card: there is no account on file.
        case issuer
    }

    /// The slow hash of a mailed one-time password.
    struct OneTime: Equatable, Sendable {
        let hash: [UInt8]
        let expiresAt: Instant
    }

    let identifier: UserIdentifier
    var state: State
    let createdAt: Instant
    /// Random, new with each password: sessions and tickets of an older one are over.
    var epoch: UInt64
    var passwordHash: [UInt8]
    var oneTime: OneTime?
    let email: String
    let funding: Funding
    /// When the user was last told that somebody signed up with this identifier.
    var noticeAt: Instant?
    /// When the last one-time password was mailed on request.
    var reminderAt: Instant?
    /// The expired card whose value moved to the present one.
    var predecessor: CardIdentifier?

    /// The account of who has one of their own.
    var account: FundingAccount? {
        if case .account(let account, _) = funding { account } else { nil }
    }

    /// Nil for who is no child.
    var guardian: UserKey? {
        if case .guardian(let guardian) = funding { guardian } else { nil }
    }

    var card: CardIdentifier? {
        if case .active(let card) = state { card } else { nil }
    }

    /// Whether the person never came: another sign-up may take the identifier.
    func isLapsed(at now: Instant) -> Bool {
        if case .awaitingMail(let until) = state { until <= now } else { false }
    }
}

// Version 2, state 1, its time or card 8, time of sign-up 8, epoch 8, identifier, password hash
// (counted), one-time password 0/1 and, where there is one, its hash (counted) and end 8; e-mail
// (counted, UTF-8); funding 1: 01 and account number, year 2, month 1, street, city, postal code,
// country (texts counted, UTF-8), or 02 and the key of the guardian 32, or 03 alone; time of the
// last notice 8 and of the last reminder 8; card before 0/1 and, where there was one, its number 8.
// Version 1 has no byte for the funding, which is an account, and ends with the reminder.
extension UserRecord {
    private static let version: UInt8 = 2

    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "user")
        let version = try reader.value("version", bytes: 1) { (1...2).contains($0) ? $0 : nil }
        switch try reader.byte("state") {
        case 1: state = .awaitingMail(until: try reader.instant("end of sign-up"))
        case 2: state = .active(try reader.card())
        default: throw reader.failure("state", .invalid)
        }
        createdAt = try reader.instant("time of sign-up")
        epoch = try reader.integer("epoch", bytes: 8)
        let text = try reader.text("identifier", bytesMax: UserLimits.identifierBytesMax)
        guard let identifier = UserIdentifier(text), identifier.text == text else {
            throw reader.failure("identifier", .invalid)
        }
        self.identifier = identifier
        let hashMax = UserLimits.passwordHashBytesMax
        passwordHash = try reader.counted("password hash", max: hashMax)
        if try reader.flag("one-time password") {
            oneTime = OneTime(
                hash: try reader.counted("one-time password hash", max: hashMax),
                expiresAt: try reader.instant("end of one-time password")
            )
        } else {
            oneTime = nil
        }
        email = try reader.text("e-mail", bytesMax: UserLimits.emailBytesMax)
        switch version == 1 ? 1 : try reader.byte("funding") {
        case 1: funding = .account(try reader.fundingAccount(), try reader.billingAddress())
        case 2: funding = .guardian(try reader.userKey())
        case 3: funding = .issuer
        default: throw reader.failure("funding", .invalid)
        }
        noticeAt = try reader.optionalInstant("time of notice")
        reminderAt = try reader.optionalInstant("time of reminder")
        let hasPredecessor = version == 1 ? false : try reader.flag("card before")
        predecessor = hasPredecessor ? try reader.card() : nil
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.byte(UserRecord.version)
        switch state {
        case .awaitingMail(let until):
            writer.byte(1)
            writer.instant(until)
        case .active(let card):
            writer.byte(2)
            writer.card(card)
        }
        writer.instant(createdAt)
        writer.integer(epoch, bytes: 8)
        writer.text(identifier.text)
        writer.counted(passwordHash)
        writer.flag(oneTime != nil)
        if let oneTime {
            writer.counted(oneTime.hash)
            writer.instant(oneTime.expiresAt)
        }
        writer.text(email)
        switch funding {
        case .account(let account, let address):
            writer.byte(1)
            writer.fundingAccount(account)
            writer.billingAddress(address)
        case .guardian(let guardian):
            writer.byte(2)
            writer.append(guardian.bytes)
        case .issuer: writer.byte(3)
        }
        writer.optionalInstant(noticeAt)
        writer.optionalInstant(reminderAt)
        writer.flag(predecessor != nil)
        if let predecessor { writer.card(predecessor) }
        return writer.bytes
    }
}
