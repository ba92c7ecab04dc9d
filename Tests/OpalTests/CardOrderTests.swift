// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import OPALServer
import RecordsSQLite
import SecurityModule
import Testing
import Wire

@testable import opal

/// Cards that an issuer has made in bulk, as `opal card issue` makes them.
@Suite(.timeLimit(.minutes(15))) struct CardOrderTests {
    private struct Desk {
        let access: OperatorAccess
        let users: UserDirectory
        let orders: CardOrders
        let issuer: Issuer

        init(_ folder: DataFolder) async throws {
            access = try await OperatorAccess(folder, passphrase: nil)
            users = OPALServerParty.users(
                access.store,
                access.seals,
                access.master,
                accounts: DemoFundingNetwork(),
                logonURL: "https://card.example/sign-in"
            )
            orders = CardOrders(
                desk: access.desk,
                users: users,
                store: access.store,
                sealing: access.seals
            )
            let identifier = try #require(IssuerIdentifier(Founding.issuer))
            issuer = try #require(try await access.desk.issuer(identifier))
        }

        func make(_ order: OrderedCard) async throws -> CardOrders.Outcome {
            try await orders.make(order, for: issuer, at: SystemClock.now())
        }

        func mails(to email: String) async throws -> [MailMessage] {
            try await MailOutbox(store: access.store, sealing: access.seals).waiting()
                .compactMap(\.message).filter { $0.to == email }
        }
    }

    private func with(_ body: (FundedScheme, Desk) async throws -> Void) async throws {
        try await FundedScheme.with { scheme in
            let desk = try await Desk(scheme.folder)
            do {
                try await body(scheme, desk)
            } catch {
                await desk.access.store.close()
                throw error
            }
            await desk.access.store.close()
            let report = try await scheme.audit()
            #expect(report.findings == [])
        }
    }

    private func order(
        _ reference: String = "A-1",
        user: String = "ada",
        value: UInt64? = 700,
        limits: OrderedCard.Limits = .init()
    ) throws -> OrderedCard {
        try OrderedCard.check(
            reference: reference,
            user: user,
            email: user.isEmpty ? "" : "\(user)@example.org",
            value: value,
            limits: limits
        ).get()
    }

    private func card(_ outcome: CardOrders.Outcome) throws -> CardIdentifier {
        guard case .made(let card) = outcome else {
            Issue.record("\(outcome)")
            throw CommandFailure("no card")
        }
        return card
    }

    @Test func `a holder signs in with the mailed password and has the card as it was ordered`()
        async throws
    {
        try await with { _, desk in
            let limits = OrderedCard.Limits(purchase: 200, day: 500)
            let made = try await desk.make(try order(limits: limits))
            let card = try card(made)
            let description = try #require(try await desk.access.desk.describe(card))
            #expect(description.purses[0].balance.minorUnits == 700)
            let set = description.spending?.policy.limits
            #expect(set?.purchaseMax == 200)
            #expect(set?[.day].minorUnitsMax == 500)
            #expect(set?[.month].minorUnitsMax == nil)
            let mail = try #require(try await desk.mails(to: "ada@example.org").first)
            let line = try #require(
                mail.body.split(separator: "\n").first { $0.contains(/^ +([A-Z]{4}-){3}[A-Z]{4}$/) }
            )
            let now = SystemClock.now()
            let logon = try await desk.users.logOn(
                "ada",
                Password(line.trimmingCharacters(in: .whitespaces)),
                from: "test",
                at: now
            )
            guard case .mustChangePassword(let ticket) = logon else {
                Issue.record("\(logon)")
                return
            }
            let password = Password("a password of my own")
            let changed = try await desk.users.changePassword(ticket, to: password, at: now)
            guard case .changed = changed else {
                Issue.record("\(changed)")
                return
            }
            let verified = try await desk.users.verify("ada", password, from: "test", at: now)
            guard case .verified(let user) = verified else {
                Issue.record("\(verified)")
                return
            }
            #expect(user.card == card)
            #expect(!user.isChild)
        }
    }

    @Test func `the same order makes one card and one mail, however often it comes`()
        async throws
    {
        try await with { _, desk in
            let order = try order(limits: .init(purchase: 200))
            let card = try card(try await desk.make(order))
            #expect(try await desk.make(order) == .known(card))
            #expect(try await desk.make(order) == .known(card))
            #expect(try await desk.mails(to: "ada@example.org").count == 1)
            let rows = try await desk.access.desk.describe(card)?.historyCount
            // The load and the limits.
            #expect(rows == 2)
        }
    }

    @Test func `an order that contradicts what there is makes nothing`() async throws {
        try await with { _, desk in
            _ = try card(try await desk.make(try order()))
            #expect(try await desk.make(try order(value: 800)) == .refused(.referenceUsed))
            #expect(try await desk.make(try order(user: "bob")) == .refused(.referenceUsed))
            #expect(try await desk.make(try order("A-2")) == .refused(.userTaken))
            #expect(
                try await desk.make(try order("A-3", user: "bob", value: 500_01))
                    == .refused(.valueTooHigh)
            )
            #expect(try await desk.access.desk.cards(after: nil, limit: 9).count == 1)
        }
    }

    @Test func `a card without a holder needs neither user nor mail`() async throws {
        try await with { _, desk in
            let card = try card(try await desk.make(try order(user: "", value: nil)))
            let description = try #require(try await desk.access.desk.describe(card))
            #expect(description.purses[0].balance.minorUnits == desk.issuer.newCardValue)
        }
    }

    @Test(arguments: [
        ("", "ada", "ada@example.org", CardOrderRefusal.reference),
        ("two words", "ada", "ada@example.org", .reference),
        ("A-1", "", "ada@example.org", .user),
        ("A-1", "ada", "", .email),
        ("A-1", "ada", "ada at example.org", .email),
    ])
    func `a line whose fields are wrong is refused by the first of them`(
        _ reference: String,
        _ user: String,
        _ email: String,
        _ expected: CardOrderRefusal
    ) {
        let checked = OrderedCard.check(
            reference: reference,
            user: user,
            email: email,
            value: nil,
            limits: .init()
        )
        #expect(checked == .failure(expected))
    }
}
