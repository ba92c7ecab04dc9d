// SPDX-License-Identifier: Apache-2.0

import Foundation
import FundingNetwork
import Kernel
import OPALServer

/// Signs the demo cardholder up the way a person does it (FIG. 10, step 502): form, mail with a
/// one-time password, logon, new password, card.
struct DemoCardholder {
    let party: OPALServerParty

    /// The account of the cardholder `demo`, and of all who have none of their own: a valid number
    /// of a test range that no issuer uses.
    static let fundingAccount = "4000000000000010"
    /// What the simulated funding network knows of its billing address.
    static let street = "1 Opal Street"
    static let postalCode = "10000"

    /// The account of its own of one cardholder of many, counted from 1 to 9999; that of `demo`
    /// stands before them. Its ending, 003 and the check digit, is none for which the simulated
    /// network acts up.
    static func ownAccount(_ number: Int) throws -> String {
        let count = String(number)
        let digits =
            "40000000" + String(repeating: "0", count: max(0, 4 - count.count)) + count + "003"
        guard let account = (0...9).map({ "\(digits)\($0)" }).first(where: Self.isAccount),
            account.count == fundingAccount.count
        else { throw CommandFailure("There is no funding account for cardholder \(number).") }
        return account
    }

    private static func isAccount(_ digits: String) -> Bool {
        FundingAccountNumber(digits) != nil
    }

    /// What the simulated network knows of an account; without a `number`, of ``fundingAccount``.
    static func networkAccount(_ number: Int? = nil, opening: UInt64) throws -> NetworkAccount {
        let digits = try number.map(ownAccount) ?? fundingAccount
        guard let account = FundingAccountNumber(digits) else {
            preconditionFailure("The accounts of the demo have right check digits.")
        }
        return NetworkAccount(
            account,
            opening: opening,
            currency: .euro,
            address: AddressVerification(street: street, postalCode: postalCode)
        )
    }

    /// `value`: minor units on the new card.
    func make(
        _ identifier: String,
        password: String,
        value: UInt64,
        account: String = fundingAccount
    ) async throws {
        let now = SystemClock.now()
        var form = SignUpForm()
        form.userIdentifier = identifier
        form.accountNumber = account
        form.verificationValue = "123"
        // A card of this kind is valid for some years from now.
        form.expiry = "12/\(CivilDate(day: now.day).year % 100 + 3)"
        form.street = Self.street
        form.city = "Opal City"
        form.postalCode = Self.postalCode
        form.country = "DE"
        form.email = "\(identifier)@opal.example"
        form.password = ReadablePassword.make()
        // Its own address: sign-ups are throttled by address.
        let address = "demo \(identifier)"
        let outcome = try await party.users.signUp(form, from: address, at: now)
        guard outcome == .checkYourMail else {
            throw CommandFailure("The demo cardholder could not be signed up: \(outcome).")
        }
        let oneTime = try await oneTimePassword(mailedTo: form.email)
        let logon = try await party.users.logOn(
            identifier,
            Password(oneTime),
            from: address,
            at: now
        )
        guard case .mustChangePassword(let ticket) = logon,
            let bin = IssuerIdentifier(Founding.issuer),
            let issuer = try await party.desk.issuer(bin)
        else { throw CommandFailure("The demo cardholder could not log on.") }
        let card = try await party.desk.make(for: issuer, value: value, now: now)
        let setup = try await party.users.completeSetup(
            ticket,
            newPassword: Password(password),
            card: card.card,
            extraWrites: card.writes,
            history: card.history,
            at: now
        )
        guard case .completed = setup else {
            throw CommandFailure("The demo cardholder got no card.")
        }
    }

    /// Reads the mail as the person would, and removes it.
    private func oneTimePassword(mailedTo address: String) async throws -> String {
        for mail in try await party.outbox.waiting() {
            guard let message = mail.message, message.to == address else { continue }
            let line = message.body.split(separator: "\n")
                .map { $0.trimmingCharacters(in: .whitespaces) }
                .first { $0.split(separator: "-").map(\.count) == [4, 4, 4, 4] }
            guard let line else { continue }
            try await party.outbox.remove(mail)
            return line
        }
        throw CommandFailure("The demo cardholder's mail did not come.")
    }
}
