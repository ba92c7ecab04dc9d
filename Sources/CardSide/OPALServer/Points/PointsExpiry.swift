// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Takes expired points out of cards: of one before it pays with points or is shown, and of all of
/// members in a round.
package struct PointsExpiry: Sendable {
    private let store: any RecordStore
    private let records: SealedRecords
    private let module: any CardModule
    private let emulator: Emulator
    private let now: @Sendable () -> Instant

    /// Changes of a card by others, before it is left to the next round.
    private static let conflictsMax = 10

    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        module: any CardModule,
        emulator: Emulator,
        now: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        records = SealedRecords(store: store, sealing: seals)
        self.module = module
        self.emulator = emulator
        self.now = now
    }

    /// Takes out what has expired, with a row of history for each programme.
    ///
    /// - Returns: of how many programmes points expired.
    /// - Throws: `.store`, `.module`, `.setBack`, `.conflict`.
    @discardableResult
    package func expire(_ card: CardIdentifier) async throws(EmulatorFailure) -> Int {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.expiredPointsSpent) { return 0 }
        #endif
        var (count, conflicts) = (0, 0)
        while let (sealed, change) = try await next(card) {
            do throws(EmulatorFailure) {
                try await emulator.commit(change, expected: sealed.revision)
                count += 1
            } catch .conflict where conflicts < PointsExpiry.conflictsMax {
                conflicts += 1
            }
        }
        return count
    }

    /// Does so for each card with a member's number. To be called once an hour or so: nobody can
    /// spend what is not taken out yet.
    ///
    /// - Returns: how many rows of history were written.
    @discardableResult
    package func sweep() async throws(StoreFailure) -> Int {
        var count = 0
        try await store.forEach(MemberRecord.kind) { record async throws(StoreFailure) in
            // A record or a card that does not open is the audit's to tell.
            guard let opened = try? await records.open(record),
                let member = try? MemberRecord(opened.body)
            else { return }
            count += (try? await expire(member.card)) ?? 0
        }
        return count
    }

    /// - Returns: nil where nothing is due.
    private func next(
        _ card: CardIdentifier
    ) async throws(EmulatorFailure) -> (SealedCard, CardChange)? {
        let fetched: SealedCard?
        do throws(StoreFailure) {
            fetched = try await emulator.fetch(card)
        } catch {
            throw .store(error)
        }
        guard let fetched else { return nil }
        do throws(ModuleFailure) {
            let context = CardContext(random: 0, now: now(), note: "")
            return try await module.expire(fetched, context: context).map { (fetched, $0) }
        } catch {
            throw .module(error)
        }
    }
}
