// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import Keys
import Simulation
import Sites
import Synchronization
import Testing

@Suite struct ConsoleSignInTests {
    static let pages = [
        "/", "/open", "/cards", "/cards/x", "/sales", "/sales/x", "/terminals", "/outbox",
        "/outbox/x",
    ]
    static let posts = [
        "/cards/find", "/cards/x/block", "/cards/x/unblock", "/cards/x/number", "/sign-out",
        "/open/draws/x", "/open/orders/x",
    ]

    @Test func `no page is shown without a session`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.browse { browser async throws in
            for path in Self.pages {
                let page = try await browser.open(path)
                #expect(page.status == .seeOther && page.location == "/sign-in")
                #expect(page.text.isEmpty)
            }
            for path in Self.posts {
                let page = try await browser.submit(path, ["reason": "x"])
                #expect(page.status == .seeOther && page.location == "/sign-in")
            }
        }
    }

    @Test func `an operator signs in and out`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.browse { browser async throws in
            let form = try await browser.open("/sign-in")
            try expectWhole(form)
            let answer = try await ConsoleFixture.signIn(browser)
            #expect(answer.status == .seeOther && answer.location == "/")
            let cookie = answer.headers[values: .setCookie].joined()
            #expect(cookie.contains("__Host-opal-operator="))
            #expect(cookie.contains("HttpOnly") && cookie.contains("Secure"))
            let page = try await browser.open("/")
            #expect(page.status == .ok && page.text.contains("Overview"))
            let kept = browser.cookies
            try await browser.send("/sign-out", [:])
            #expect(browser.page.location == "/sign-in")
            #expect(browser.cookies["__Host-opal-operator"] == nil)
            // The session itself is over, not only the cookie.
            let token = try #require(kept["__Host-opal-operator"])
            #expect(fixture.operators.session(token, at: fixture.world.now) == nil)
        }
    }

    @Test func `a wrong password and an unknown operator get the same answer`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.browse { browser async throws in
            let wrong = try await ConsoleFixture.signIn(browser, ConsoleFixture.name, "guess")
            let unknown = try await ConsoleFixture.signIn(browser, "nobody", "guess")
            let impossible = try await ConsoleFixture.signIn(browser, "no body!", "guess")
            #expect(wrong.status == .forbidden)
            #expect(wrong.text == unknown.text && wrong.text == impossible.text)
            #expect(wrong.text.contains("That did not match"))
            #expect(try await browser.open("/").location == "/sign-in")
        }
    }

    @Test func `who guesses has to wait, even with the right password`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.browse { browser async throws in
            for _ in 0..<SignInLimits.failuresPerAddress {
                #expect(
                    try await ConsoleFixture.signIn(browser, ConsoleFixture.name, "guess").status
                        == .forbidden
                )
            }
            #expect(try await ConsoleFixture.signIn(browser).status == .tooManyRequests)
            fixture.world.clock.advance(by: SignInLimits.addressWindow)
            #expect(try await ConsoleFixture.signIn(browser).status == .seeOther)
        }
    }

    @Test func `a session ends when it is not used`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            let nearly = SignInLimits.sessionIdleTime - .seconds(1)
            fixture.world.clock.advance(by: nearly)
            #expect(try await browser.open("/").status == .ok)
            fixture.world.clock.advance(by: nearly)
            #expect(try await browser.open("/").status == .ok)
            fixture.world.clock.advance(by: SignInLimits.sessionIdleTime)
            #expect(try await browser.open("/").location == "/sign-in")
        }
    }

    @Test func `a session ends after half a day, however much it is used`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            let step = Duration.seconds(20 * 60)
            for _ in 0..<35 {
                fixture.world.clock.advance(by: step)
                #expect(try await browser.open("/").status == .ok)
            }
            fixture.world.clock.advance(by: step)
            #expect(try await browser.open("/").location == "/sign-in")
        }
    }

    @Test func `the sign-in form needs its token`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.browse { browser async throws in
            let answer = try await browser.submit(
                "/sign-in",
                ["operator": ConsoleFixture.name, "password": ConsoleFixture.password]
            )
            #expect(answer.status == .forbidden)
            #expect(try await browser.open("/").location == "/sign-in")
        }
    }

    @Test func `the first operator is made once`() async throws {
        let fixture = try await ConsoleFixture()
        let second = try #require(OperatorName("second"))
        #expect(try await !fixture.operators.makeFirst(second, password: "another long one"))
        await #expect(throws: OperatorFailure.passwordUnsuitable) {
            try await fixture.operators.setPassword("short", of: second)
        }
    }

    @Test func `a new password ends the sessions of the operator`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            let name = try #require(OperatorName(ConsoleFixture.name))
            try await fixture.operators.setPassword("a quite different one", of: name)
            #expect(try await browser.open("/").location == "/sign-in")
            #expect(try await ConsoleFixture.signIn(browser).status == .forbidden)
            let answer = try await ConsoleFixture.signIn(
                browser,
                "Night.Watch",
                "a quite different one"
            )
            #expect(answer.status == .seeOther)
        }
    }
}

/// Sessions of operators where somebody sets the wall clock.
@Suite struct ConsoleSessionClockTests {
    @Test func `a wall clock that is set back does not prolong a session of the console`()
        async throws
    {
        let world = try await World()
        let master = LocalMasterKey.make()
        let uptime = Mutex(Uptime(microseconds: 0))
        let desk = OperatorDesk(
            store: world.opalStore,
            seals: RecordSealer(master, party: "console"),
            passwords: PasswordKeeper(master, rounds: 16),
            random: world.random,
            uptime: { uptime.withLock { $0 } }
        )
        let name = try #require(OperatorName(ConsoleFixture.name))
        #expect(try await desk.makeFirst(name, password: ConsoleFixture.password))
        let logon = try await desk.logOn(
            ConsoleFixture.name,
            ConsoleFixture.password,
            from: "192.0.2.1",
            at: world.now
        )
        guard case .signedIn(let session) = logon else {
            Issue.record("The operator must be signed in.")
            return
        }
        let early = world.now.subtracting(.seconds(86_400))
        uptime.withLock { $0 = $0.adding(SignInLimits.sessionIdleTime - .milliseconds(1)) }
        #expect(desk.session(session.token, at: early) != nil)
        uptime.withLock { $0 = $0.adding(SignInLimits.sessionIdleTime) }
        #expect(desk.session(session.token, at: early) == nil)
    }
}
