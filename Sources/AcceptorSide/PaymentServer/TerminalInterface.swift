// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Synchronization

/// Terminal interface 230: the pool of terminals. A terminal serves one sale at a time, from the
/// draw request until the card's answer was compared (FIG. 5).
package final class TerminalInterface: Sendable {
    /// Who waits for a terminal.
    private struct Waiting {
        let number: UInt64
        let caller: CheckedContinuation<Terminal?, Never>
    }

    private struct Pool {
        /// Free terminals, the one that was free longest last.
        var free: [Terminal]
        var leased: Set<SecurityCardIdentifier> = []
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

    /// Calls something once, after a time.
    package typealias Alarm = @Sendable (Duration, _ ring: @escaping @Sendable () -> Void) -> Void

    /// `alarm`: ends the waiting of who waits too long; a simulation has a time of its own.
    package init(
        _ terminals: [Terminal],
        retired: [Terminal] = [],
        alarm: @escaping Alarm = TerminalInterface.realAlarm
    ) {
        self.alarm = alarm
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
            !retired.contains($0.identifier) && pool.wanted[$0.identifier] == nil
                && $0.isPresent
        }
        guard let index else { return nil }
        let terminal = pool.free.remove(at: index)
        pool.leased.insert(terminal.identifier)
        return terminal
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
                if keepsIt, pool.leased.contains(identifier) {
                    pool.wanted[identifier] = pool.round
                }
                return nil
            }
            pool.wanted[identifier] = nil
            let terminal = pool.free.remove(at: index)
            pool.leased.insert(identifier)
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

    package func release(_ terminal: Terminal) {
        let next: Waiting? = pool.withLock { pool in
            guard pool.leased.contains(terminal.identifier) else { return nil }
            let servesAnyone =
                !retired.contains(terminal.identifier)
                && pool.wanted[terminal.identifier] == nil && terminal.isPresent
            // It stays leased, by another sale.
            if servesAnyone, !pool.waiting.isEmpty { return pool.waiting.removeFirst() }
            pool.leased.remove(terminal.identifier)
            pool.free.insert(terminal, at: 0)
            return nil
        }
        next?.caller.resume(returning: terminal)
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

    /// The terminals that serve a sale now.
    package var leased: Set<SecurityCardIdentifier> { pool.withLock(\.leased) }
}
