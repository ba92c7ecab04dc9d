// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// What the OPAL server does for loyalty servers: enters members on cards, loads their points, and
/// says how many there are. Each programme is answered its own loyalty server alone.
package struct PointsDesk: LinkService {
    let store: any RecordStore
    let records: SealedRecords
    let module: any CardModule
    let loading: DirectLoad
    let emulator: Emulator
    let programmes: ProgrammeDirectory
    let expiry: PointsExpiry
    let random: any RandomSource
    let now: @Sendable () -> Instant

    /// Changes of a card or a record by others, before the loyalty server has to ask again.
    static let attemptsMax = 10

    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        module: any CardModule,
        loads: any LoadModule,
        emulator: Emulator,
        random: any RandomSource,
        now: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        records = SealedRecords(store: store, sealing: seals)
        self.module = module
        loading = DirectLoad(module: module, loads: loads)
        self.emulator = emulator
        programmes = ProgrammeDirectory(store: store, seals: seals)
        expiry = PointsExpiry(
            store: store,
            seals: seals,
            module: module,
            emulator: emulator,
            now: now
        )
        self.random = random
        self.now = now
    }

    /// Answers enrolments, credits and questions about holdings (`docs/messages/points.md`).
    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard let message = try? PointsMessage(request) else {
            return PointsMessage.refusal(.unknown, .malformed).bytes
        }
        var transaction = TransactionIdentifier.unknown
        do throws(PointsRefusal) {
            switch message {
            case .enrol(let proof, let membership):
                transaction = proof
                let programme = try await programme(membership.programme, of: peer)
                return try await enrol(membership, of: programme, provedIn: proof)
            case .credit(let credit):
                transaction = credit.transaction
                let programme = try await programme(credit.membership.programme, of: peer)
                return try await self.credit(credit, of: programme)
            case .holdingsQuestion(let code):
                _ = try await programme(code, of: peer)
                return try await holdings(of: code).bytes
            case .noted(let other), .enrolled(let other), .credited(let other, _),
                .refusal(let other, _):
                transaction = other
                throw .unknownMessage
            case .purchase, .holdings: throw .unknownMessage
            }
        } catch {
            return PointsMessage.refusal(transaction, error).bytes
        }
    }

    // MARK: Parts of the steps

    /// A programme, for its own loyalty server.
    private func programme(
        _ code: Currency,
        of peer: String
    ) async throws(PointsRefusal) -> Programme {
        let entry = try await attempt { try await programmes.find(code) }
        guard let entry, entry.peer == peer else { throw .unknownProgramme }
        return entry.programme
    }

    /// A member's record as last committed.
    struct Member {
        let record: MemberRecord
        let revision: UInt64
    }

    func member(_ membership: Membership) async throws(PointsRefusal) -> Member? {
        try await attempt { () async throws(UserFailure) in
            guard let opened = try await records.read(MemberRecord.key(membership)) else {
                return nil
            }
            let record = try decoded(opened.body, MemberRecord.init)
            return Member(record: record, revision: opened.revision)
        }
    }

    /// The record of a card and what it says.
    ///
    /// - Returns: nil where there is no such card.
    func fetched(
        _ card: CardIdentifier
    ) async throws(PointsRefusal) -> (SealedCard, CardDescription)? {
        guard let sealed = try await attempt({ try await emulator.fetch(card) }) else {
            return nil
        }
        return (sealed, try await attempt { try await module.describe(sealed) })
    }

    func checkUsable(_ card: CardDescription) throws(PointsRefusal) {
        if card.isBlocked { throw .cardBlocked }
        if card.expiry.isPast(at: CardTime(now())) { throw .cardExpired }
    }

    /// - Returns: whether the change and what belongs to it are durable; else somebody else was
    ///   first.
    func commit(
        _ change: CardChange,
        after card: SealedCard,
        with writes: [RecordWrite]
    ) async throws(PointsRefusal) -> Bool {
        do throws(EmulatorFailure) {
            try await emulator.commit(change, expected: card.revision, with: writes)
            return true
        } catch {
            switch error {
            case .conflict: return false
            case .setBack: throw .cardDamaged
            case .store, .module: throw .storeUnavailable
            }
        }
    }

    /// What keeps a step from being made, as a refusal.
    func attempt<Value, Failure: Error>(
        _ part: () async throws(Failure) -> Value
    ) async throws(PointsRefusal) -> Value {
        do throws(Failure) {
            return try await part()
        } catch {
            if error as? ModuleFailure == .sealBroken { throw .cardDamaged }
            throw .storeUnavailable
        }
    }
}
