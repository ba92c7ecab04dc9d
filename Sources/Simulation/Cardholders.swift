// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import Wire

/// The users of the OPAL server in a ``World``, one for each card, and the mails that they get.
struct Cardholders {
    private let users: UserDirectory
    private let outbox: MailOutbox

    static let password = "correct horse battery"

    /// `store`: as one life of the OPAL server sees it.
    init(_ keys: WorldKeys, _ store: any RecordStore, _ random: SeededRandom) {
        let hasher = TokenHasher(keys.hsm)
        outbox = MailOutbox(store: store, sealing: Cardholders.seals(keys))
        users = UserDirectory(
            store: store,
            sealing: Cardholders.seals(keys),
            passwords: CheapPasswords(),
            accounts: AnyAccount(),
            random: random,
            tokenHash: { hasher.hash($0) },
            wording: MailWording(logonURL: "https://card.example/sign-in")
        )
    }

    static func seals(_ keys: WorldKeys) -> RecordSealer {
        RecordSealer(keys.hsm, party: "opal_server")
    }

    var directory: UserDirectory { users }

    var mails: SettlementMails { SettlementMails(users) }

    static func email(_ card: Int) -> String { "holder-\(card + 1)@example.org" }

    /// Signs somebody up and gives them the card with this place, through the mail with the
    /// one-time password, which is then removed.
    func add(_ card: CardIdentifier, _ index: Int, at now: Instant) async throws(WorldFailure) {
        let (email, address) = (Cardholders.email(index), "192.0.2.\(index + 1)")
        do throws(UserFailure) {
            let form = Cardholders.form(index)
            guard try await users.signUp(form, from: address, at: now) == .checkYourMail else {
                throw .busy
            }
            try await arrive(form.userIdentifier, card, from: address, at: now)
        } catch {
            throw .noSuchName(email)
        }
    }

    /// Logs on with the mailed password, chooses another, and gets the card.
    private func arrive(
        _ identifier: String,
        _ card: CardIdentifier,
        from address: String,
        at now: Instant
    ) async throws(UserFailure) {
        guard let mail = try await outbox.waiting().last, let message = mail.message,
            let oneTime = Cardholders.oneTimePassword(message),
            case .mustChangePassword(let ticket) = try await users.logOn(
                identifier,
                Password(oneTime),
                from: address,
                at: now
            ),
            case .completed = try await users.completeSetup(
                ticket,
                newPassword: Password(Cardholders.password),
                card: card,
                extraWrites: [],
                at: now
            )
        else { throw .busy }
        try await outbox.remove(mail)
    }

    /// Opens a card for a child, who comes at once.
    ///
    /// - Returns: the child's key.
    func addChild(
        _ card: CardIdentifier,
        _ index: Int,
        of guardian: UserKey,
        at now: Instant
    ) async throws(WorldFailure) -> UserKey {
        var form = ChildForm()
        form.name = "Emma"
        form.userIdentifier = Cardholders.form(index).userIdentifier
        form.email = Cardholders.email(index)
        let address = "192.0.2.\(index + 1)"
        do throws(UserFailure) {
            guard
                try await users.openChild(form, by: guardian, from: address, at: now) == .checkMail
            else { throw .busy }
            try await arrive(form.userIdentifier, card, from: address, at: now)
        } catch {
            throw .noSuchName(form.email)
        }
        return try await key(of: index, at: now)
    }

    /// The key of who holds the card with this place.
    func key(of index: Int, at now: Instant) async throws(WorldFailure) -> UserKey {
        let email = Cardholders.email(index)
        do throws(UserFailure) {
            guard
                case .verified(let user) = try await users.verify(
                    Cardholders.form(index).userIdentifier,
                    Password(Cardholders.password),
                    from: "192.0.2.\(index + 1)",
                    at: now
                )
            else { throw .busy }
            return user.key
        } catch {
            throw .noSuchName(email)
        }
    }

    private static func form(_ index: Int) -> SignUpForm {
        var form = SignUpForm()
        form.userIdentifier = "holder.\(index + 1)"
        form.accountNumber = "4111 1111 1111 1111"
        form.verificationValue = "739"
        form.expiry = "12/27"
        form.street = "1 Long Lane"
        form.city = "Springfield"
        form.postalCode = "12345"
        form.country = "us"
        form.email = email(index)
        form.password = "first chosen password"
        return form
    }

    /// The line of four groups, indented.
    private static func oneTimePassword(_ mail: MailMessage) -> String? {
        mail.body.split(separator: "\n").map { $0.drop { $0 == " " } }
            .first { $0.count == 19 && $0.allSatisfy { $0 == "-" || $0.isUppercase } }
            .map(String.init)
    }
}

/// Passwords for people who are simulated: nobody guesses them.
private struct CheapPasswords: PasswordModule {
    func hash(_ password: String, salt: [UInt8]) async throws(ModuleFailure) -> [UInt8] {
        Array(password.utf8)
    }

    func matches(_ password: String, _ hash: [UInt8]) async throws(ModuleFailure) -> Bool {
        Array(password.utf8) == hash
    }
}

private struct AnyAccount: FundingAccountCheck {
    func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer {
        .accepted
    }
}
