// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Synchronization
import Testing

/// A clock that only goes forward, as a test moves it.
final class TestUptime: Sendable {
    private let moment = Mutex(Uptime(microseconds: 40_000_000))

    var now: Uptime { moment.withLock { $0 } }

    func advance(by duration: Duration) {
        moment.withLock { $0 = $0.adding(duration) }
    }
}

/// Sessions where somebody sets the wall clock.
@Suite struct SessionClockTests {
    private let start = UserWorld.start
    private let back = Duration.seconds(-5 * 86_400)

    private func directory(_ world: UserWorld, _ uptime: TestUptime) -> UserDirectory {
        UserWorld.directory(world.store, world.passwords, world.accounts, seed: 9) { uptime.now }
    }

    @Test func `a wall clock that is set back does not prolong a session without use`()
        async throws
    {
        let (world, uptime) = (UserWorld(), TestUptime())
        let token = try await world.setUp()
        let users = directory(world, uptime)
        #expect(try await users.session(token, at: start) != nil)
        uptime.advance(by: UserLimits.sessionIdleTime - .milliseconds(1))
        #expect(try await users.session(token, at: start + back) != nil)
        uptime.advance(by: UserLimits.sessionIdleTime)
        #expect(try await users.session(token, at: start + back) == nil)
        // It is gone for good, also where the clock is right again.
        #expect(try await users.session(token, at: start) == nil)
        #expect(try await world.restarted().session(token, at: start) == nil)
    }

    @Test func `a wall clock that is set back does not prolong a session that is used`()
        async throws
    {
        let (world, uptime) = (UserWorld(), TestUptime())
        let token = try await world.setUp()
        let users = directory(world, uptime)
        let step = Duration.seconds(1200)
        var lasted = Duration.zero
        while lasted < UserLimits.sessionTime {
            #expect(try await users.session(token, at: start + back) != nil)
            uptime.advance(by: step)
            lasted += step
        }
        #expect(try await users.session(token, at: start + back) == nil)
    }

    @Test func `a wall clock that is set forward ends a session early and never late`()
        async throws
    {
        let (world, uptime) = (UserWorld(), TestUptime())
        let token = try await world.setUp()
        let users = directory(world, uptime)
        #expect(try await users.session(token, at: start) != nil)
        #expect(try await users.session(token, at: start + UserLimits.sessionIdleTime) == nil)
    }

    @Test func `after a restart a session has lasted as long as the wall clock says`()
        async throws
    {
        let (world, uptime) = (UserWorld(), TestUptime())
        let token = try await world.setUp()
        let users = directory(world, uptime)
        let later = start + .seconds(1700)
        #expect(try await users.session(token, at: later) != nil)
        // Twelve hours less what was over before the restart, a little at a time.
        var left = UserLimits.sessionTime - .seconds(1700)
        while left > .seconds(1200) {
            uptime.advance(by: .seconds(1200))
            left -= .seconds(1200)
            #expect(try await users.session(token, at: later) != nil)
        }
        uptime.advance(by: left)
        #expect(try await users.session(token, at: later) == nil)
    }

    @Test func `a sign-out elsewhere is noticed within a minute, whatever the wall clock says`()
        async throws
    {
        let (world, uptime) = (UserWorld(), TestUptime())
        let token = try await world.setUp()
        let users = directory(world, uptime)
        #expect(try await users.session(token, at: start) != nil)
        try await world.directory.signOut(token)
        uptime.advance(by: UserLimits.lastSeenTime)
        #expect(try await users.session(token, at: start + back) == nil)
    }
}
