// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Testing

@Suite struct LogonTests {
    private let start = UserWorld.start

    @Test func `A user with the right password is signed in, whatever the case`() async throws {
        let world = UserWorld()
        try await world.setUp("Anna")
        let token = try #require(try await world.logOn(" aNNa ").token)
        let user = try #require(try await world.directory.session(token, at: start))
        #expect(user.card == (try UserWorld.card(1)))
        #expect(user.maskedIdentifier == "a•••")
    }

    @Test func `An unknown user and a wrong password are the same in answer and work`()
        async throws
    {
        let world = UserWorld()
        try await world.setUp()
        let steps = [
            ("anna", "not the password"), ("nobody", "not the password"),
            ("anna", "ABCD-EFGH-JKMN-PQRS"), ("nobody", "ABCD-EFGH-JKMN-PQRS"),
        ]
        for (identifier, password) in steps {
            let work = world.passwords.work
            #expect(try await world.logOn(identifier, password).isRefused)
            #expect(world.passwords.work == work + 1)
        }
        let wrong = try await world.directory.verify(
            "anna",
            Password("not the password"),
            from: "192.0.2.5",
            at: start
        )
        let unknown = try await world.directory.verify(
            "nobody",
            Password("not the password"),
            from: "192.0.2.6",
            at: start
        )
        guard case .refused = wrong, case .refused = unknown else {
            Issue.record("Both must be refused.")
            return
        }
    }

    @Test func `The chosen password does not work before the setup is complete`() async throws {
        let world = UserWorld()
        _ = try await world.directory.signUp(UserWorld.form(), from: UserWorld.home, at: start)
        #expect(try await world.logOn("anna", "first chosen password").isRefused)
        _ = try await world.ticket()
        #expect(try await world.logOn("anna", "first chosen password").isRefused)
    }

    @Test func `A one-time password works once, typed in any way`() async throws {
        let world = UserWorld()
        _ = try await world.directory.signUp(UserWorld.form(), from: UserWorld.home, at: start)
        let mail = try #require(try await world.mails().first)
        let match = try #require(mail.body.firstMatch(of: /([A-Z]{4}-){3}[A-Z]{4}/))
        let typed = match.output.0.lowercased().replacing("-", with: "")
        #expect(try await world.logOn("anna", typed).ticket != nil)
        #expect(try await world.logOn("anna", typed).isRefused)
        #expect(try await world.logOn("anna", String(match.output.0)).isRefused)
    }

    @Test func `A one-time password used twice at the same moment gives one ticket`()
        async throws
    {
        for seed in UInt64(1)...10 {
            let world = UserWorld(seed: seed)
            _ = try await world.directory.signUp(
                UserWorld.form(),
                from: UserWorld.home,
                at: start
            )
            let password = try await world.mailedPassword()
            async let one = world.directory.logOn("anna", password, from: "192.0.2.1", at: start)
            async let two = world.directory.logOn("anna", password, from: "192.0.2.2", at: start)
            let outcomes = try await [one, two]
            #expect(outcomes.count { $0.ticket != nil } == 1)
            #expect(outcomes.count { $0.isRefused } == 1)
        }
    }

    @Test func `A one-time password ends after a day`() async throws {
        for (offset, works) in [(-1, true), (0, false)] {
            let world = UserWorld()
            _ = try await world.directory.signUp(
                UserWorld.form(),
                from: UserWorld.home,
                at: start
            )
            let end = start + UserLimits.oneTimeTime + .milliseconds(offset)
            let outcome = try await world.directory.logOn(
                "anna",
                try await world.mailedPassword(),
                from: UserWorld.home,
                at: end
            )
            #expect((outcome.ticket != nil) == works)
        }
    }

    @Test func `A checkout without a session names the user and makes none`() async throws {
        let world = UserWorld()
        try await world.setUp()
        let sessions = try await world.store.count(UserRecordKinds.session)
        let outcome = try await world.directory.verify(
            "anna",
            Password(UserWorld.password),
            from: UserWorld.home,
            at: start
        )
        guard case .verified(let user) = outcome else { throw UnexpectedOutcome(outcome) }
        #expect(user.card == (try UserWorld.card(1)))
        #expect(try await world.store.count(UserRecordKinds.session) == sessions)
    }

    @Test func `A profile shows the e-mail masked and four digits of the account`() async throws {
        let world = UserWorld()
        try await world.setUp()
        let profile = try #require(try await world.directory.profile(ofIdentifier: "ANNA"))
        #expect(profile.maskedEmail == "a•••@example.org")
        #expect(profile.account?.lastFour == "1111")
        #expect(profile.account?.expiry.text == "12/27")
        #expect(profile.card == (try UserWorld.card(1)))
        #expect(try await world.directory.profile(ofIdentifier: "nobody") == nil)
    }
}
