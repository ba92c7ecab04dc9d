// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Synchronization

/// Terminal interface 230: the pool of terminals. A terminal serves one sale at a time, from the
/// draw request until the card's answer was compared (FIG. 5).
package final class TerminalInterface: Sendable {
    /// Since when a terminal is leased, and what it had done by then.
    private struct Lease {
        let since: Uptime
        let exchangeCount: UInt64
    }

    /// Who waits for a terminal.
    private struct Waiting {
        let number: UInt64
        let caller: CheckedContinuation<Terminal?, Never>
    }

    private struct Pool {
        /// Free terminals, the one that was free longest last.
        var free: [Terminal]
        var leased: [SecurityCardIdentifier: Lease] = [:]
        /// Terminals whose security cards have no number left until some are counted or given up:
        /// no new sale gets them.
        var full: Set<SecurityCardIdentifier> = []
        /// Terminals that a drawn sale waits for, with the round of the wish: no new sale gets them
        /// before.
        var wanted: [SecurityCardIdentifier: UInt64] = [:]
        var round: UInt64 = 0
        /// The one that waits longest first.
        var waiting: [Waiting] = []
        var lastNumber: UInt64 = 0
    }

    /// Sales that wait for a terminal; above it they are told at once that all are busy.
    package static let waitingMax = 1_024

    package let terminals: [Terminal]
    /// Terminals that were taken out of service: they end the sales that they began, and begin
    /// none.
    private let retired: Set<SecurityCardIdentifier>
    private let pool: Mutex<Pool>
    private let alarm: Alarm
    private let uptime: @Sendable () -> Uptime

    /// Calls something once, after a time.
    package typealias Alarm = @Sendable (Duration, _ ring: @escaping @Sendable () -> Void) -> Void

    /// `alarm`: ends the waiting of who waits too long; a simulation has a time of its own.
    /// `uptime`: measures how long terminals are leased; nil where nobody asks.
    package init(
        _ terminals: [Terminal],
        retired: [Terminal] = [],
        alarm: @escaping Alarm = TerminalInterface.realAlarm,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        self.alarm = alarm
        self.uptime = uptime ?? { Uptime(microseconds: 0) }
        let all = terminals + retired
        precondition(Set(all.map(\.identifier)).count == all.count)
        self.terminals = all
        self.retired = Set(retired.map(\.identifier))
        pool = Mutex(Pool(free: all.reversed()))
    }

    /// A free terminal, or nil where all are busy.
    package func lease() -> Terminal? {
        pool.withLock { take(from: &$0) }
    }

    private func take(from pool: inout Pool) -> Terminal? {
        let index = pool.free.lastIndex {
            serves($0, pool)
        }
        guard let index else { return nil }
        let terminal = pool.free.remove(at: index)
        pool.leased[terminal.identifier] = lease(of: terminal)
        return terminal
    }

    /// Whether a terminal serves new sales.
    private func serves(_ terminal: Terminal, _ pool: borrowing Pool) -> Bool {
        let identifier = terminal.identifier
        return terminal.isPresent && !retired.contains(identifier)
            && pool.wanted[identifier] == nil && !pool.full.contains(identifier)
    }

    private func lease(of terminal: Terminal) -> Lease {
        Lease(since: uptime(), exchangeCount: terminal.exchangeCount)
    }

    /// The terminal with this security card, for a sale that it drew; nil where it is busy or not
    /// here.
    ///
    /// `keepsIt`: whether a busy one is kept for the next who asks for it, so that the sale is not
    ///     starved. Only for who surely asks again soon: until then no new sale gets it.
    package func lease(
        _ identifier: SecurityCardIdentifier,
        keepsIt: Bool = true
    ) -> Terminal? {
        pool.withLock { pool in
            guard let index = pool.free.firstIndex(where: { $0.identifier == identifier }) else {
                if keepsIt, pool.leased[identifier] != nil {
                    pool.wanted[identifier] = pool.round
                }
                return nil
            }
            pool.wanted[identifier] = nil
            // Who asks for it by name is about to close numbers.
            pool.full.remove(identifier)
            let terminal = pool.free.remove(at: index)
            pool.leased[identifier] = lease(of: terminal)
            return terminal
        }
    }

    /// A free terminal; where all are busy, the next one that is released within a time.
    ///
    /// - Returns: nil where none was, or too many wait already.
    package func lease(within time: Duration) async -> Terminal? {
        guard time > .zero else { return lease() }
        return await withCheckedContinuation { caller in
            switch wait(caller) {
            case .served(let terminal): caller.resume(returning: terminal)
            case .waits(let number): alarm(time) { self.giveUp(number) }
            }
        }
    }

    package static let realAlarm: Alarm = { time, ring in
        Task {
            try? await Task.sleep(for: time)
            ring()
        }
    }

    private enum Turn {
        case served(Terminal?)
        case waits(number: UInt64)
    }

    /// In one go, so that no terminal comes free unnoticed.
    private func wait(_ caller: CheckedContinuation<Terminal?, Never>) -> Turn {
        pool.withLock { pool in
            if let terminal = take(from: &pool) { return .served(terminal) }
            guard pool.waiting.count < TerminalInterface.waitingMax else { return .served(nil) }
            pool.lastNumber += 1
            pool.waiting.append(Waiting(number: pool.lastNumber, caller: caller))
            return .waits(number: pool.lastNumber)
        }
    }

    private func giveUp(_ number: UInt64) {
        let waiting = pool.withLock { pool in
            pool.waiting.firstIndex { $0.number == number }.map { pool.waiting.remove(at: $0) }
        }
        waiting?.caller.resume(returning: nil)
    }

    /// The security card of a leased terminal has no number left: no new sale gets the terminal,
    /// until somebody has leased it to count sales or to give them up.
    package func setFull(_ terminal: Terminal) {
        pool.withLock { _ = $0.full.insert(terminal.identifier) }
    }

    /// - Returns: what the lease has taken; nil where the terminal was not leased.
    @discardableResult
    package func release(_ terminal: Terminal) -> TerminalUse? {
        let (use, next): (TerminalUse?, Waiting?) = pool.withLock { pool in
            guard let ended = pool.leased.removeValue(forKey: terminal.identifier) else {
                return (nil, nil)
            }
            let next = lease(of: terminal)
            let use = TerminalUse(
                held: next.since.since(ended.since),
                exchanges: next.exchangeCount - ended.exchangeCount
            )
            if serves(terminal, pool), !pool.waiting.isEmpty {
                pool.leased[terminal.identifier] = next
                return (use, pool.waiting.removeFirst())
            }
            pool.free.insert(terminal, at: 0)
            return (use, nil)
        }
        next?.caller.resume(returning: terminal)
        return use
    }

    /// Forgets wishes that nobody has repeated for a whole round, for instance of a sale that has
    /// ended in between: their terminals serve new sales again. To be called every few seconds.
    package func endRound() {
        let served: [(Waiting, Terminal)] = pool.withLock { pool in
            pool.wanted = pool.wanted.filter { $0.value == pool.round }
            pool.round += 1
            var served: [(Waiting, Terminal)] = []
            while !pool.waiting.isEmpty, let terminal = take(from: &pool) {
                served.append((pool.waiting.removeFirst(), terminal))
            }
            return served
        }
        for (waiting, terminal) in served { waiting.caller.resume(returning: terminal) }
    }

    /// How many sales wait for a terminal now.
    package var waitingCount: Int { pool.withLock(\.waiting.count) }

    /// Whether the terminal with this security card has dropped out.
    package func isAway(_ identifier: SecurityCardIdentifier) -> Bool {
        terminals.first { $0.identifier == identifier }?.isPresent == false
    }

    /// The terminals whose security cards have no number left.
    package var full: Set<SecurityCardIdentifier> { pool.withLock(\.full) }

    /// The terminals that serve a sale now.
    package var leased: Set<SecurityCardIdentifier> { pool.withLock { Set($0.leased.keys) } }
}
