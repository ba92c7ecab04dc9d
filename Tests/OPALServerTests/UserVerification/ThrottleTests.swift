// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Testing

@Suite struct ThrottleTests {
    private let start = UserWorld.start

    @Test(arguments: ["anna", "nobody"])
    func `Pauses double after five failures and ten lock for a quarter of an hour`(
        _ identifier: String
    ) async throws {
        let world = UserWorld()
        try await world.setUp()
        var now = start
        for failure in 1...10 {
            #expect(try await world.logOn(identifier, "wrong password", at: now).isRefused)
            let pauses = [5: 1, 6: 2, 7: 4, 8: 8, 9: 16, 10: 900]
            guard let pause = pauses[failure] else { continue }
            let end = now + .seconds(pause)
            let early = try await world.logOn(
                identifier,
                UserWorld.password,
                from: "198.51.100.\(failure)",
                at: end + .milliseconds(-1)
            )
            #expect(early.throttledUntil == end)
            now = end
        }
        let last = try await world.logOn(identifier, UserWorld.password, at: now)
        #expect((last.token != nil) == (identifier == "anna"))
        #expect(last.throttledUntil == nil)
    }

    @Test func `After a lock-out the next failure locks again`() async throws {
        let world = UserWorld()
        try await world.setUp()
        let unlocked = try await lockOut(world)
        #expect(try await world.logOn("anna", "wrong password", at: unlocked).isRefused)
        let next = try await world.logOn(at: unlocked + .seconds(1))
        #expect(next.throttledUntil == unlocked + .seconds(900))
    }

    @Test func `A success forgets the failures of the user`() async throws {
        let world = UserWorld()
        try await world.setUp()
        for _ in 1...3 {
            for _ in 1...4 { #expect(try await world.logOn("anna", "wrong password").isRefused) }
            #expect(try await world.logOn().token != nil)
        }
    }

    @Test func `A restart forgets no failure`() async throws {
        let world = UserWorld()
        try await world.setUp()
        for _ in 1...5 { _ = try await world.logOn("anna", "wrong password") }
        let outcome = try await world.restarted().logOn(
            "anna",
            Password(UserWorld.password),
            from: UserWorld.home,
            at: start
        )
        #expect(outcome.throttledUntil == start + .seconds(1))
    }

    @Test func `An address that tries many users is slowed down, whoever is right in between`()
        async throws
    {
        let world = UserWorld()
        try await world.setUp("mallory")
        for guess in 1...25 {
            #expect(try await world.logOn("user\(guess)", "wrong password").isRefused)
            if guess < 25 { #expect(try await world.logOn("mallory").token != nil) }
        }
        #expect(try await world.logOn("mallory").throttledUntil == start + .seconds(1))
        #expect(try await world.logOn("mallory", from: "192.0.2.77").token != nil)
    }

    @Test func `Many guesses at the same moment are counted one by one`() async throws {
        let world = UserWorld()
        try await world.setUp()
        let work = world.passwords.work
        let directory = world.directory
        await withTaskGroup(of: Void.self) { group in
            for guess in 1...20 {
                group.addTask {
                    _ = try? await directory.logOn(
                        "anna",
                        Password("wrong password \(guess)"),
                        from: "192.0.2.\(guess)",
                        at: UserWorld.start
                    )
                }
            }
        }
        #expect(world.passwords.work - work <= 5)
    }

    @Test func `Failures are forgotten with time, and their records are removed`() async throws {
        let world = UserWorld()
        try await world.setUp()
        for _ in 1...4 { _ = try await world.logOn("anna", "wrong password") }
        let later = start + .seconds(4 * 3600)
        for _ in 1...4 {
            #expect(try await world.logOn("anna", "wrong password", at: later).isRefused)
        }
        #expect(try await world.store.count(UserRecordKinds.attempts) > 0)
        try await world.directory.tidy(at: later + .seconds(24 * 3600))
        #expect(try await world.store.count(UserRecordKinds.attempts) == 0)
    }

    /// Ten failures.
    ///
    /// - Returns: the end of the lock-out.
    private func lockOut(_ world: UserWorld) async throws -> Instant {
        var now = start
        var failures = 0
        while failures < 10 {
            let outcome = try await world.logOn("anna", "wrong password", at: now)
            if let until = outcome.throttledUntil { now = until } else { failures += 1 }
        }
        return now + .seconds(900)
    }
}
