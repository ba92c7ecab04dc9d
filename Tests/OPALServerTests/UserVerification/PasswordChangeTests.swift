// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Testing

@Suite struct PasswordChangeTests {
    private let start = UserWorld.start
    private let new = "a wholly new password"

    @Test func `A changed password ends every other session`() async throws {
        let world = UserWorld()
        let old = try await world.setUp()
        let other = try #require(try await world.logOn().token)
        #expect(try await world.directory.session(other, at: start) != nil)
        let outcome = try await change(world, old, from: UserWorld.password)
        guard case .changed(let token) = outcome else { throw UnexpectedOutcome(outcome) }
        #expect(try await world.directory.session(old, at: start) == nil)
        #expect(try await world.directory.session(other, at: start) == nil)
        #expect(try await world.directory.session(token, at: start) != nil)
        #expect(try await world.logOn().isRefused)
        #expect(try await world.logOn("anna", new).token != nil)
        #expect(try await world.mails().last?.subject == "Your password was changed")
    }

    @Test func `A wrong old password changes nothing and counts as a failure`() async throws {
        let world = UserWorld()
        let token = try await world.setUp()
        for _ in 1...5 {
            let outcome = try await change(world, token, from: "wrong password")
            guard case .oldPasswordWrong = outcome else { throw UnexpectedOutcome(outcome) }
        }
        let outcome = try await change(world, token, from: UserWorld.password)
        guard case .throttled(until: start + .seconds(1)) = outcome else {
            throw UnexpectedOutcome(outcome)
        }
        #expect(try await world.directory.session(token, at: start) != nil)
    }

    @Test func `A reminder mails a known user alone, with the same answer and work`()
        async throws
    {
        let world = UserWorld()
        try await world.setUp()
        let mails = try await world.mails().count
        for identifier in ["nobody", "anna"] {
            let work = world.passwords.work
            let outcome = try await world.directory.remind(
                identifier,
                from: UserWorld.home,
                at: start
            )
            #expect(outcome == .checkYourMail)
            #expect(world.passwords.work == work + 1)
        }
        #expect(try await world.mails().count == mails + 1)
    }

    @Test func `A reminder leaves the password as it is until a new one is chosen`()
        async throws
    {
        let world = UserWorld()
        let session = try await world.setUp()
        let later = start + .seconds(1)
        _ = try await world.directory.remind("anna", from: UserWorld.home, at: later)
        #expect(try await world.logOn(at: later).token != nil)
        let ticket = try await world.ticket(at: later)
        #expect(try await world.logOn(at: later).token != nil)
        let outcome = try await world.directory.changePassword(
            ticket,
            to: Password(new),
            at: later
        )
        guard case .changed = outcome else { throw UnexpectedOutcome(outcome) }
        #expect(try await world.logOn(at: later).isRefused)
        #expect(try await world.logOn("anna", new, at: later).token != nil)
        #expect(try await world.directory.session(session, at: later) == nil)
        let profile = try await world.directory.profile(ofIdentifier: "anna")
        #expect(profile?.card == (try UserWorld.card(1)))
    }

    @Test func `Reminders come at most every ten minutes`() async throws {
        let world = UserWorld()
        try await world.setUp()
        let mails = try await world.mails().count
        for (seconds, expected) in [(0, 1), (599, 1), (600, 2)] {
            _ = try await world.directory.remind(
                "anna",
                from: UserWorld.home,
                at: start + .seconds(seconds)
            )
            #expect(try await world.mails().count == mails + expected)
        }
    }

    @Test func `A lost confirmation mail can be asked for again`() async throws {
        let world = UserWorld()
        _ = try await world.directory.signUp(UserWorld.form(), from: UserWorld.home, at: start)
        let lost = try await world.mailedPassword()
        let later = start + .seconds(3600)
        _ = try await world.directory.remind("anna", from: UserWorld.home, at: later)
        let old = try await world.directory.logOn("anna", lost, from: UserWorld.home, at: later)
        #expect(old.isRefused)
        _ = try await world.ticket(at: later)
    }

    private func change(
        _ world: UserWorld,
        _ token: SessionToken,
        from old: String
    ) async throws -> PasswordChangeOutcome {
        try await world.directory.changePassword(
            token,
            old: Password(old),
            new: Password(new),
            from: UserWorld.home,
            at: start
        )
    }
}
