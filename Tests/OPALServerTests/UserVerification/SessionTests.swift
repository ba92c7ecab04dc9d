// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Testing

@Suite struct SessionTests {
    private let start = UserWorld.start

    @Test func `A session ends after half an hour without use`() async throws {
        for (offset, works) in [(-1, true), (0, false)] {
            let world = UserWorld()
            let token = try await world.setUp()
            let used = start + .seconds(1000)
            #expect(try await world.directory.session(token, at: used) != nil)
            let end = used + UserLimits.sessionIdleTime + .milliseconds(offset)
            #expect((try await world.directory.session(token, at: end) != nil) == works)
        }
    }

    @Test func `A session ends after twelve hours, however it is used`() async throws {
        let world = UserWorld()
        let token = try await world.setUp()
        let end = start + UserLimits.sessionTime
        var now = start
        while now < end {
            #expect(try await world.directory.session(token, at: now) != nil)
            now = now + .seconds(1200)
        }
        #expect(try await world.directory.session(token, at: end + .milliseconds(-1)) != nil)
        #expect(try await world.directory.session(token, at: end) == nil)
        #expect(try await world.directory.session(token, at: start) == nil)
    }

    @Test func `A session in use costs nothing within a minute and one write after it`()
        async throws
    {
        let world = UserWorld()
        let token = try await world.setUp()
        _ = try await world.directory.session(token, at: start)
        let (reads, commits) = (world.store.reads, world.store.commits)
        for second in 1...59 {
            let user = try await world.directory.session(token, at: start + .seconds(second))
            #expect(user != nil)
        }
        #expect(world.store.reads == reads)
        #expect(world.store.commits == commits)
        _ = try await world.directory.session(token, at: start + .seconds(60))
        _ = try await world.directory.session(token, at: start + .seconds(61))
        #expect(world.store.commits == commits + 1)
    }

    @Test func `A session outlives a restart and is seen by another server`() async throws {
        let world = UserWorld()
        let token = try await world.setUp()
        let other = world.restarted()
        #expect(try await other.session(token, at: start) != nil)
        #expect(try await other.session(token, at: start + .seconds(1700)) != nil)
        // This server has not seen the later use and asks the store before it ends the session.
        let later = start + .seconds(3000)
        #expect(try await world.directory.session(token, at: later) != nil)
    }

    @Test func `A sign-out ends the session here at once, elsewhere within a minute`()
        async throws
    {
        let world = UserWorld()
        let token = try await world.setUp()
        let other = world.restarted()
        #expect(try await other.session(token, at: start) != nil)
        #expect(try await world.directory.session(token, at: start) != nil)
        try await world.directory.signOut(token)
        try await world.directory.signOut(token)
        #expect(try await world.directory.session(token, at: start) == nil)
        #expect(try await other.session(token, at: start + .seconds(60)) == nil)
    }

    @Test func `More sessions than the memory holds still work`() async throws {
        let world = UserWorld()
        try await world.setUp()
        let small = UserDirectory(
            store: world.store,
            sealing: PlainHashSealing(),
            passwords: world.passwords,
            accounts: world.accounts,
            random: SeededRandom(seed: 5),
            tokenHash: plainHash,
            wording: MailWording(logonURL: "https://card.example/"),
            cachedSessionsMax: 4
        )
        var tokens: [SessionToken] = []
        for _ in 1...10 {
            let outcome = try await small.logOn(
                "anna",
                Password(UserWorld.password),
                from: UserWorld.home,
                at: start
            )
            tokens.append(try #require(outcome.token))
        }
        for token in tokens + tokens.reversed() {
            #expect(try await small.session(token, at: start) != nil)
        }
    }

    @Test func `A token that was changed opens nothing`() async throws {
        let world = UserWorld()
        let token = try await world.setUp()
        let first = token.text.first == "A" ? "B" : "A"
        let changed = try #require(SessionToken(first + token.text.dropFirst()))
        #expect(try await world.directory.session(changed, at: start) == nil)
        #expect(SessionToken("short") == nil)
    }

    @Test func `A forged session record signs nobody in`() async throws {
        let world = UserWorld()
        let token = try await world.setUp()
        let records = try await world.store.list(
            UserRecordKinds.session,
            after: nil,
            limit: 10,
            order: .ascending
        )
        let record = try #require(records.first)
        var body = record.body
        body[40] ^= 1
        let write = RecordWrite.put(
            record.key,
            expectedRevision: record.revision,
            body: body
        )
        #expect(try await world.store.commit(Transition(writes: [write])) == .committed)
        await #expect(throws: UserFailure.module(.sealBroken)) {
            try await world.directory.session(token, at: start)
        }
    }

    @Test func `The form token belongs to one session`() async throws {
        let world = UserWorld()
        let one = try await world.setUp()
        let two = try #require(try await world.logOn().token)
        let directory = world.directory
        #expect(directory.isCSRFToken(directory.csrfToken(of: one), of: one))
        #expect(!directory.isCSRFToken(directory.csrfToken(of: one), of: two))
        #expect(!directory.isCSRFToken("", of: one))
        #expect(directory.csrfToken(of: one) != one.text)
    }

    @Test func `Mails that were written before a moment are removed, and no others`() async throws {
        let world = UserWorld()
        let later = start + .seconds(24 * 3600)
        for (index, moment) in [start, later].enumerated() {
            _ = try await world.directory.signUp(
                UserWorld.form("user\(index)", email: "user\(index)@example.org"),
                from: UserWorld.home,
                at: moment
            )
        }
        let kept = try await world.outbox.kept(madeBefore: later)
        #expect(kept.count == 2 && kept.due == 1 && kept.oldest == start)
        #expect(try await world.outbox.remove(madeBefore: later) == 1)
        #expect(try await world.outbox.remove(madeBefore: later) == 0)
        #expect(try await world.outbox.waiting().map(\.message?.madeAt) == [later])
    }

    @Test func `Tidying removes what is over and nothing else`() async throws {
        let world = UserWorld()
        let old = try await world.setUp()
        let later = start + .seconds(24 * 3600)
        _ = try await world.directory.signUp(
            UserWorld.form("gone", email: "gone@example.org"),
            from: UserWorld.home,
            at: start
        )
        let new = try #require(try await world.logOn(at: later).token)
        try await world.directory.tidy(at: later)
        #expect(try await world.store.count(UserRecordKinds.session) == 1)
        #expect(try await world.store.count(UserRecordKinds.user) == 1)
        #expect(try await world.directory.session(old, at: later) == nil)
        #expect(try await world.directory.session(new, at: later) != nil)
    }
}
