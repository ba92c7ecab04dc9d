// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Synchronization

/// A party of a ``World`` that can crash and has a clock of its own.
package enum Party: Hashable, Sendable, CustomStringConvertible {
    case opalServer
    case paymentServer
    case shop(Int)
    /// A host of terminals.
    case terminal(Int)
    case concentrator
    /// A client terminal with a card in its reader.
    case clientTerminal
    case bank
    case loadServer
    /// The payment gateway, and the funding network behind it.
    case gateway
    case network
    case loyaltyServer
    case concentrationPoint
    case clearingHouse

    package var description: String {
        switch self {
        case .opalServer: "the OPAL server"
        case .paymentServer: "the payment server"
        case .shop(let index): "shop \(index + 1)"
        case .terminal(let index): "terminal \(index + 1)"
        case .concentrator: "the concentrator"
        case .clientTerminal: "the client terminal"
        case .bank: "the bank"
        case .loadServer: "the load server"
        case .gateway: "the gateway"
        case .network: "the funding network"
        case .loyaltyServer: "the loyalty server"
        case .concentrationPoint: "the concentration point"
        case .clearingHouse: "the clearing house"
        }
    }
}

/// Which parties live, and how wrong their clocks are.
final class Fates: Sendable {
    private struct State {
        var lives: [Party: Life] = [:]
        /// When a crashed party is to be started again.
        var downUntil: [Party: Instant] = [:]
        var errors: [Party: Duration] = [:]
        var notice: @Sendable (Party, MortalStore.Crash?) -> Void = { _, _ in }
    }

    let clock: VirtualClock
    let pace: Pace?
    let parties: [Party]
    /// Which of a party's reads and commits meets a crash.
    let crashes: [Party: FaultPlan<MortalStore.Crash>]
    /// Which of its commits does.
    let commitCrashes: [Party: FaultPlan<MortalStore.Crash>]
    private let state = Mutex(State())

    /// A crashed party is started again within so many seconds.
    static let downMax = 100

    init(_ clock: VirtualClock, _ pace: Pace?, _ parties: [Party]) {
        self.clock = clock
        self.pace = pace
        self.parties = parties
        crashes = Dictionary(
            uniqueKeysWithValues: parties.map { ($0, FaultPlan<MortalStore.Crash>()) }
        )
        commitCrashes = Dictionary(
            uniqueKeysWithValues: parties.map { ($0, FaultPlan<MortalStore.Crash>()) }
        )
        for party in parties { begin(party) }
    }

    /// Tells `notice` of each crash, and of what the party was about to do or had just done.
    func tell(_ notice: @escaping @Sendable (Party, MortalStore.Crash?) -> Void) {
        state.withLock { $0.notice = notice }
    }

    // MARK: Lives

    @discardableResult
    func begin(_ party: Party) -> Life {
        let life = Life()
        state.withLock { state in
            state.lives[party] = life
            state.downUntil[party] = nil
        }
        return life
    }

    func life(_ party: Party) -> Life {
        guard let life = state.withLock({ $0.lives[party] }) else {
            preconditionFailure("Each party was started.")
        }
        return life
    }

    func crash(_ party: Party, _ life: Life, _ moment: MortalStore.Crash?) {
        guard !life.isOver else { return }
        life.end()
        let down = pace?.seconds(below: Fates.downMax) ?? .zero
        let notice = state.withLock { state in
            if state.lives[party] === life {
                state.downUntil[party] = clock.now.adding(down)
            }
            return state.notice
        }
        notice(party, moment)
    }

    /// Whether a party has crashed and was not started again.
    func isDown(_ party: Party) -> Bool { life(party).isOver }

    /// Whether a party is to be started again now.
    func isDue(_ party: Party) -> Bool {
        state.withLock { state in
            guard state.lives[party]?.isOver == true else { return false }
            return (state.downUntil[party] ?? clock.now) <= clock.now
        }
    }

    /// No more crashes, and who is down is started at the next opportunity.
    func clear() {
        for plan in crashes.values { plan.clear() }
        for plan in commitCrashes.values { plan.clear() }
        state.withLock { $0.downUntil = [:] }
    }

    /// Whether every crash that was planned has come.
    var areSpent: Bool {
        crashes.values.allSatisfy(\.isSpent) && commitCrashes.values.allSatisfy(\.isSpent)
    }

    func store(_ inner: any RecordStore, _ party: Party, _ life: Life) -> MortalStore {
        MortalStore(
            inner: inner,
            life: life,
            crashes: crashes[party] ?? FaultPlan(),
            commitCrashes: commitCrashes[party] ?? FaultPlan(),
            pace: pace,
            crash: { [self] moment in crash(party, life, moment) }
        )
    }

    // MARK: Clocks

    /// What a party's wall clock says.
    func now(of party: Party) -> Instant {
        clock.now.adding(state.withLock { $0.errors[party] } ?? .zero)
    }

    /// Puts a party's wall clock so far off.
    func setClock(of party: Party, off error: Duration) {
        state.withLock { $0.errors[party] = error }
    }
}
