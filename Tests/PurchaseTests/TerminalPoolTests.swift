// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing

/// The pool of terminals when all are busy.
@Suite struct TerminalPoolTests {
    /// Much longer than any test takes.
    private static let long = Duration.seconds(60)

    private func pool(_ count: UInt32) async throws -> TerminalInterface {
        let world = try await World()
        var terminals: [Terminal] = []
        for serial in 1...count {
            let identifier = SecurityCardIdentifier(acquirer: 7, serial: serial)
            terminals.append(
                try await Terminal.start(
                    name: "terminal-\(serial)",
                    securityCard: world.securityCard(identifier),
                    store: MemoryStore()
                )
            )
        }
        return TerminalInterface(terminals)
    }

    /// Lets others run until so many wait.
    private func until(_ count: Int, wait pool: TerminalInterface) async {
        while pool.waitingCount != count { await Task.yield() }
    }

    @Test func `who finds all terminals busy gets the next one that is released`() async throws {
        let pool = try await pool(1)
        let first = try #require(pool.lease())
        async let second = pool.lease(within: Self.long)
        await until(1, wait: pool)
        pool.release(first)
        #expect(await second?.identifier == first.identifier)
        #expect(pool.leased == [first.identifier])
        #expect(pool.waitingCount == 0)
    }

    @Test func `all who wait are served, one after the other`() async throws {
        let pool = try await pool(1)
        let terminal = try #require(pool.lease())
        let served = await withTaskGroup(of: Int.self) { group in
            for number in 1...3 {
                group.addTask {
                    let terminal = await pool.lease(within: Self.long)
                    if let terminal { pool.release(terminal) }
                    return number
                }
                await until(number, wait: pool)
            }
            pool.release(terminal)
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(served) == [1, 2, 3])
        #expect(pool.leased.isEmpty && pool.waitingCount == 0)
    }

    @Test func `who waits in vain is told so, and takes no terminal later`() async throws {
        let pool = try await pool(1)
        let terminal = try #require(pool.lease())
        #expect(await pool.lease(within: .milliseconds(1)) == nil)
        #expect(pool.waitingCount == 0)
        pool.release(terminal)
        #expect(pool.leased.isEmpty)
    }

    @Test func `a terminal that a drawn sale waits for goes to no other`() async throws {
        let pool = try await pool(2)
        let (first, second) = (try #require(pool.lease()), try #require(pool.lease()))
        // The drawn sale asks for its terminal.
        #expect(pool.lease(first.identifier) == nil)
        async let other = pool.lease(within: Self.long)
        await until(1, wait: pool)
        pool.release(first)
        #expect(pool.waitingCount == 1)
        #expect(pool.lease(first.identifier)?.identifier == first.identifier)
        pool.release(second)
        #expect(await other?.identifier == second.identifier)
    }

    @Test func `a wish that nobody repeats ends, and the terminal serves new sales again`()
        async throws
    {
        let pool = try await pool(1)
        let terminal = try #require(pool.lease())
        #expect(pool.lease(terminal.identifier) == nil)
        pool.release(terminal)
        #expect(pool.lease() == nil)
        async let waiting = pool.lease(within: Self.long)
        await until(1, wait: pool)
        pool.endRound()
        #expect(pool.waitingCount == 1)
        pool.endRound()
        #expect(await waiting?.identifier == terminal.identifier)
    }

    @Test func `a terminal without a number left serves nobody until somebody has closed some`()
        async throws
    {
        let pool = try await pool(1)
        let terminal = try #require(pool.lease())
        pool.setFull(terminal)
        pool.release(terminal)
        #expect(pool.lease() == nil)
        async let waiting = pool.lease(within: Self.long)
        await until(1, wait: pool)
        pool.endRound()
        #expect(pool.waitingCount == 1)
        let counted = try #require(pool.lease(terminal.identifier))
        pool.release(counted)
        #expect(await waiting?.identifier == terminal.identifier)
    }

    @Test func `a release tells how long the terminal was leased, and what it did meanwhile`()
        async throws
    {
        let clock = Mutex(Uptime(microseconds: 0))
        let terminal = try #require(try await pool(1).lease())
        let pool = TerminalInterface([terminal], uptime: { clock.withLock { $0 } })
        let leased = try #require(pool.lease())
        clock.withLock { $0 = $0.adding(.seconds(5)) }
        async let next = pool.lease(within: Self.long)
        await until(1, wait: pool)
        #expect(pool.release(leased) == TerminalUse(held: .seconds(5), exchanges: 0))
        // The next lease begins where the first has ended.
        clock.withLock { $0 = $0.adding(.seconds(2)) }
        #expect(pool.release(try #require(await next))?.held == .seconds(2))
        #expect(pool.release(leased) == nil)
    }

    @Test func `no more wait than the bound`() async throws {
        let pool = try await pool(1)
        let terminal = try #require(pool.lease())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<TerminalInterface.waitingMax {
                group.addTask {
                    if let terminal = await pool.lease(within: Self.long) {
                        pool.release(terminal)
                    }
                }
            }
            await until(TerminalInterface.waitingMax, wait: pool)
            #expect(await pool.lease(within: Self.long) == nil)
            pool.release(terminal)
        }
        #expect(pool.leased.isEmpty)
    }
}
