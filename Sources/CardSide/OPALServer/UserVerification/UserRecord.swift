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
    let account: FundingAccount
    let address: BillingAddress
    /// When the user was last told that somebody signed up with this identifier.
    var noticeAt: Instant?
    /// When the last one-time password was mailed on request.
    var reminderAt: Instant?

    var card: CardIdentifier? {
        if case .active(let card) = state { card } else { nil }
    }

    /// Whether the person never came: another sign-up may take the identifier.
    func isLapsed(at now: Instant) -> Bool {
        if case .awaitingMail(let until) = state { until <= now } else { false }
    }
}

// Version 1, state 1, its time or card 8, time of sign-up 8, epoch 8, identifier, password hash
// (counted), one-time password 0/1 and, where there is one, its hash (counted) and end 8; e-mail,
// account number, year 2, month 1, street, city, postal code, country (all counted, UTF-8), time
// of the last notice 8 and of the last reminder 8.
extension UserRecord {
    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "user")
        try reader.version()
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
        account = try reader.fundingAccount()
        address = try reader.billingAddress()
        noticeAt = try reader.optionalInstant("time of notice")
        reminderAt = try reader.optionalInstant("time of reminder")
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.version()
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
        writer.fundingAccount(account)
        writer.billingAddress(address)
        writer.optionalInstant(noticeAt)
        writer.optionalInstant(reminderAt)
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func fundingAccount() throws(WireFailure) -> FundingAccount {
        let number = try text("account number", bytesMax: FundingAccount.digits.upperBound)
        let year = Int(try integer("account year", bytes: 2))
        let month = Int(try byte("account month"))
        guard let expiry = AccountExpiry(year: year, month: month) else {
            throw failure("account month", .invalid)
        }
        guard let account = FundingAccount(number: number, expiry: expiry) else {
            throw failure("account number", .invalid)
        }
        return account
    }

    fileprivate mutating func billingAddress() throws(WireFailure) -> BillingAddress {
        let max = UserLimits.addressBytesMax
        return BillingAddress(
            street: try text("street", bytesMax: max),
            city: try text("city", bytesMax: max),
            postalCode: try text("postal code", bytesMax: max),
            country: try text("country", bytesMax: 2)
        )
    }
}

extension ByteWriter {
    fileprivate mutating func fundingAccount(_ account: FundingAccount) {
        text(account.number)
        integer(UInt64(account.expiry.year), bytes: 2)
        byte(UInt8(account.expiry.month))
    }

    fileprivate mutating func billingAddress(_ address: BillingAddress) {
        text(address.street)
        text(address.city)
        text(address.postalCode)
        text(address.country)
    }
}
