// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import Records
import RecordsSQLite
import SecurityModule
import Wire

/// What a restore would do to cards, found by comparing the card database that it replaces with the
/// one that it puts in its place.
struct SetBackCards {
    struct Card {
        let card: CardIdentifier
        /// Rows of its history that would be forgotten.
        let rows: UInt64
        /// What it would have more than now, or less, by unit; nothing where it is the same.
        let difference: [String: Int128]
        /// Whether it was made after the back-up.
        let isGone: Bool
    }

    /// In the order of their numbers.
    private(set) var cards: [Card] = []
    /// Cards that do not open in one of both databases: nothing is known of them.
    private(set) var unreadableCount = 0

    /// - Parameters:
    ///   - now: The data folder that is there; only read.
    ///   - restored: The one that takes its place.
    ///   - passphrase: Of the key files of both.
    /// - Throws: `KeyFailure`, `StoreFailure`.
    init(from now: DataFolder, to restored: DataFolder, passphrase: String?) async throws {
        let present = try await OperatorAccess(now, passphrase: passphrase, readsOnly: true)
        defer { present.letGo() }
        let older = try await OperatorAccess(
            restored,
            passphrase: passphrase,
            readsOnly: true
        )
        defer { older.letGo() }
        var cursor: CardIdentifier?
        while true {
            let page = try await present.desk.cards(after: cursor, limit: RecordLimits.pageMax)
            for card in page { try await compare(card, present, older) }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return }
            cursor = last
        }
    }

    private mutating func compare(
        _ card: CardIdentifier,
        _ present: OperatorAccess,
        _ older: OperatorAccess
    ) async throws {
        let now: CardDescription?
        let then: CardDescription?
        do throws(EmulatorFailure) {
            now = try await present.desk.describe(card)
            then = try await older.desk.describe(card)
        } catch .store(let failure) {
            throw failure
        } catch {
            unreadableCount += 1
            return
        }
        guard let now else { return }
        guard let then else {
            cards.append(
                Card(
                    card: card,
                    rows: now.historyCount,
                    difference: Self.difference(from: now, to: nil),
                    isGone: true
                )
            )
            return
        }
        guard then.historyCount < now.historyCount || then.lastNumber < now.lastNumber else {
            return
        }
        cards.append(
            Card(
                card: card,
                rows: now.historyCount - min(then.historyCount, now.historyCount),
                difference: Self.difference(from: now, to: then),
                isGone: false
            )
        )
    }

    private static func difference(
        from now: CardDescription,
        to then: CardDescription?
    ) -> [String: Int128] {
        var units: [String: Int128] = [:]
        for purse in then?.purses ?? [] {
            units[purse.balance.unitText, default: 0] += Int128(purse.balance.minorUnits)
        }
        for purse in now.purses {
            units[purse.balance.unitText, default: 0] -= Int128(purse.balance.minorUnits)
        }
        return units.filter { $0.value != 0 }
    }

    /// Value by unit that would be on cards again though it was spent, and that would be gone.
    func sums() -> (more: [String: Int128], less: [String: Int128]) {
        var (more, less): ([String: Int128], [String: Int128]) = ([:], [:])
        for (unit, amount) in cards.flatMap(\.difference) {
            if amount > 0 { more[unit, default: 0] += amount }
            if amount < 0 { less[unit, default: 0] -= amount }
        }
        return (more, less)
    }
}

extension OperatorAccess {
    /// A store that only reads has nothing to write when it is let go.
    fileprivate func letGo() {
        let store = store
        Task { await store.close() }
    }
}
