// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Card emulator 266: fetches a card's record, has the HSM do what the command asks, and makes the
/// change durable before the response leaves. It knows no rule of the purse.
package struct Emulator: Sendable {
    package static let cardKind = RecordKind("card", keyBytes: 8...8)

    private let module: any CardModule
    private let store: any RecordStore
    private let random: any RandomSource
    /// Told of each card that is stopped because its record was set back; nil where nobody is.
    package var alarm: (@Sendable (CardIdentifier) -> Void)?
    /// Asked for the category of a merchant where the policy of a card depends on it. Without it
    /// no merchant has one, and such a card pays nobody.
    package var categories: (any MerchantCategorySource)?

    package init(module: any CardModule, store: any RecordStore, random: any RandomSource) {
        self.module = module
        self.store = store
        self.random = random
    }

    package static func key(_ card: CardIdentifier) -> RecordKey {
        RecordKey(cardKind, card.bytes)
    }

    /// The card's record as stored.
    ///
    /// - Returns: nil where there is no such card.
    package func fetch(_ card: CardIdentifier) async throws(StoreFailure) -> SealedCard? {
        guard let record = try await store.read(Emulator.key(card)) else { return nil }
        return SealedCard(card: card, revision: record.revision, body: record.body)
    }

    /// What one command did.
    package struct Outcome: Sendable {
        package let response: ResponseAPDU
        package let dialogue: CardDialogue?
        /// The record afterwards, to be kept for the next command of the dialogue; nil where it
        /// must be fetched anew.
        package let card: SealedCard?
        /// Which limit of the card refused, where the response says CC 0004.
        package var refusal: SpendingRefusal?
    }

    /// Does one command.
    ///
    /// `command`: the command's bytes.
    /// `card`: the card's record.
    /// `dialogue`: what the last Initialize left open.
    /// `now`: the moment for the history.
    /// `note`: what the person reads in the history.
    /// `attach`: records that must become durable together with a change of the card; it is
    ///     asked once for each change, with the response that will leave.
    /// Throws `StoreFailure`, and then nothing has changed, except after `.unavailable`.
    package func perform(
        _ command: [UInt8],
        on card: SealedCard,
        dialogue: CardDialogue?,
        now: Instant,
        note: String,
        attach: Attachment?
    ) async throws(EmulatorFailure) -> Outcome {
        let parsed: PurseCommand
        do throws(StatusWord) {
            parsed = try PurseCommand(Self.apdu(command))
        } catch {
            return Outcome(
                response: ResponseAPDU(status: error),
                dialogue: dialogue,
                card: card
            )
        }
        let category = try await category(for: parsed, dialogue)
        let step: CardStep
        do throws(ModuleFailure) {
            let context = CardContext(
                random: random.integer(),
                now: now,
                note: note,
                evidence: try await evidence(for: parsed, of: card),
                category: category
            )
            step = try await module.process(parsed, on: card, dialogue: dialogue, context: context)
        } catch {
            throw .module(error)
        }
        guard let change = step.change else {
            return Outcome(response: step.response, dialogue: step.dialogue, card: card)
        }
        return try await commit(step, change, expected: card.revision, attach)
    }

    private func commit(
        _ step: CardStep,
        _ change: CardChange,
        expected: UInt64,
        _ attach: Attachment?
    ) async throws(EmulatorFailure) -> Outcome {
        var writes: [RecordWrite] = []
        if let row = change.row, let attach {
            writes = try await attach.writes(for: step.response, row.body)
        }
        #if PLANTED_BUGS
            let isCredit = (try? CreditAnswer(step.response.data)) != nil
            if isCredit, PlantedBug.isPlanted(.creditAnsweredBeforeCommit) {
                try? await commit(change, expected: expected, with: writes)
                return Outcome(
                    response: step.response,
                    dialogue: step.dialogue,
                    card: change.card,
                    refusal: step.refusal
                )
            }
        #endif
        try await commit(change, expected: expected, with: writes)
        return Outcome(
            response: step.response,
            dialogue: step.dialogue,
            card: change.card,
            refusal: step.refusal
        )
    }

    /// Makes a change of a card durable.
    ///
    /// - Parameters:
    ///   - change: what the module made of the record.
    ///   - expected: the revision of that record.
    ///   - others: what becomes durable together with it.
    /// - Throws: `.conflict` where somebody else changed the card in between, `.setBack` where the
    ///   record was older than its history: then the card is stopped.
    package func commit(
        _ change: CardChange,
        expected: UInt64,
        with others: [RecordWrite] = []
    ) async throws(EmulatorFailure) {
        let key = Emulator.key(change.card.card)
        var transition = Transition(
            writes: [.put(key, expectedRevision: expected, body: change.card.body)] + others
        )
        if let row = change.row {
            transition.history.append(
                HistoryRow(stream: key.bytes, number: row.number, hash: row.hash, body: row.body)
            )
        }
        #if PLANTED_BUGS
            var late = Transition(writes: [])
            if PlantedBug.isPlanted(.drawAfterDebit) {
                late.writes = Array(transition.writes.dropFirst())
                transition.writes.removeLast(late.writes.count)
            }
        #endif
        let outcome: CommitOutcome
        do throws(StoreFailure) {
            outcome = try await store.commit(transition)
            #if PLANTED_BUGS
                if !late.writes.isEmpty { _ = try await store.commit(late) }
            #endif
        } catch {
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.commitAfterReplyAtOPALServer) { return }
            #endif
            throw .store(error)
        }
        if outcome == .committed { return }
        if let row = change.row, await isSetBack(key, expected, behind: row.number - 1) {
            await stop(change.card.card)
            throw .setBack
        }
        // Somebody else changed the card in between: this dialogue is over, nothing happened.
        throw .conflict
    }

    /// The category of the merchant that DEBIT IEP names, where the card's policy asks for it. The
    /// policy is that of the record that the dialogue was begun on; were it another by now, the
    /// commit would find it by the revision.
    private func category(
        for command: PurseCommand,
        _ dialogue: CardDialogue?
    ) async throws(EmulatorFailure) -> MerchantCategory? {
        guard case .debit(let debit) = command,
            case .purchase(_, _, _, let spending?, _) = dialogue
        else { return nil }
        do throws(StoreFailure) {
            return try await category(of: debit.merchant, for: spending)
        } catch {
            throw .store(error)
        }
    }

    /// - Returns: nil where the policy does not ask for it, or it is not known.
    private func category(
        of merchant: MerchantIdentifier,
        for spending: CardSpending
    ) async throws(StoreFailure) -> MerchantCategory? {
        guard spending.asksCategory, let categories else { return nil }
        return try await categories.category(of: merchant)
    }

    /// Why the limits of a card would refuse an order at a moment, or nil.
    package func refusal(
        of terms: OrderTerms,
        by spending: CardSpending,
        at moment: Instant
    ) async throws(StoreFailure) -> SpendingRefusal? {
        let request = SpendingRequest(
            amount: terms.amount,
            merchant: terms.merchant,
            category: try await category(of: terms.merchant, for: spending)
        )
        return spending.refusal(of: request, at: moment)
    }

    // MARK: Denial

    /// Has a card say, signed, that a load which it asked for did not take place.
    ///
    /// - Parameter load: what the card was asked and what it answered.
    /// - Returns: SN; nil where the card was loaded, or still can be.
    /// - Throws: `.store`, `.module`.
    package func deny(_ load: CardLoad) async throws(EmulatorFailure) -> Signature? {
        let card: SealedCard?
        do throws(StoreFailure) {
            card = try await fetch(load.answer.card)
        } catch {
            throw .store(error)
        }
        do throws(ModuleFailure) {
            guard let card else { throw .unavailable("there is no such card") }
            let evidence = try await row(load.answer.number, wantsDebit: false, of: card)
            return try await module.deny(load, on: card, evidence: evidence)
        } catch {
            throw .module(error)
        }
    }

    // MARK: A record that was set back

    /// Whether a commit was refused because the card's history has more rows than its record knows:
    /// then somebody has put an older record in the place of the newest one. Asked only after a
    /// conflict, so that it costs a purchase nothing.
    ///
    /// `number`: the last row that the record knows.
    private func isSetBack(
        _ key: RecordKey,
        _ revision: UInt64,
        behind number: UInt64
    ) async -> Bool {
        // Row and record become durable in one commit: a record that is still the same after the
        // row was read was not written together with it.
        guard let rows = try? await store.history(key.bytes, after: number, limit: 1),
            !rows.isEmpty
        else { return false }
        return (try? await store.read(key))?.revision == revision
    }

    /// Blocks a card whose history takes no further row, as the watch over the histories would do
    /// later, and says so. Where that is not stored, the next use finds it again.
    package func stop(_ card: CardIdentifier) async {
        if let sealed = try? await fetch(card), let blocked = try? await module.stop(sealed) {
            let write = RecordWrite.put(
                Emulator.key(card),
                expectedRevision: sealed.revision,
                body: blocked.body
            )
            _ = try? await store.commit(Transition(writes: [write]))
        }
        alarm?(card)
    }

    /// The row that a command names by its NT: looked for from the newest row back.
    private func evidence(
        for command: PurseCommand,
        of card: SealedCard
    ) async throws(ModuleFailure) -> CardHistoryEntry? {
        let number: UInt32
        let wantsDebit: Bool
        switch command {
        case .recover(let recovery): (number, wantsDebit) = (recovery.number, true)
        case .getPreviousSignature(let previous): (number, wantsDebit) = (previous, false)
        default: return nil
        }
        return try await row(number, wantsDebit: wantsDebit, of: card)
    }

    /// The newest row with an NT.
    private func row(
        _ number: UInt32,
        wantsDebit: Bool,
        of card: SealedCard
    ) async throws(ModuleFailure) -> CardHistoryEntry? {
        let description = try await module.describe(card)
        // Only a number that was consumed has a row.
        guard number <= description.lastNumber else { return nil }
        let page = UInt64(Emulator.evidencePage)
        var end = description.historyCount
        while end > 0 {
            let begin = end > page ? end - page : 0
            guard
                let rows = try? await store.history(
                    card.card.bytes,
                    after: begin,
                    limit: Int(end - begin)
                )
            else { throw .unavailable("the history cannot be read") }
            for row in rows.reversed() {
                guard let entry = try? CardHistoryEntry(row.body) else { throw .sealBroken }
                if entry.movement?.number == number, Self.isWanted(entry, wantsDebit) {
                    return entry
                }
            }
            end = begin
        }
        return nil
    }

    private static let evidencePage = 64

    private static func isWanted(_ entry: CardHistoryEntry, _ wantsDebit: Bool) -> Bool {
        switch entry.event {
        case .debit: true
        case .load: !wantsDebit
        case .recovery, .setting, .moved, .expired, .swept: false
        }
    }

    private static func apdu(_ bytes: [UInt8]) throws(StatusWord) -> CommandAPDU {
        do throws(WireFailure) {
            return try CommandAPDU(bytes)
        } catch {
            throw .wrongLength
        }
    }
}

/// Records that become durable together with a change of the card, for instance the draw with the
/// bytes of the reply.
package struct Attachment: Sendable {
    package typealias Make =
        @Sendable (ResponseAPDU) async throws(ModuleFailure) -> [RecordWrite]
    package typealias MakeOfEntry =
        @Sendable (CardHistoryEntry) async throws(ModuleFailure) -> [RecordWrite]

    private typealias MakeOfRow =
        @Sendable (ResponseAPDU, [UInt8]) async throws(ModuleFailure) -> [RecordWrite]

    private let make: MakeOfRow

    package init(_ make: @escaping Make) {
        self.make = { response, _ async throws(ModuleFailure) in try await make(response) }
    }

    private init(ofRow make: @escaping MakeOfRow) {
        self.make = make
    }

    /// Made of the row of history that the change gets.
    package static func ofEntry(_ make: @escaping MakeOfEntry) -> Attachment {
        let ofRow: MakeOfRow = { _, row async throws(ModuleFailure) in
            guard let entry = try? CardHistoryEntry(row) else {
                throw .unavailable("the card's history row is none")
            }
            return try await make(entry)
        }
        return Attachment(ofRow: ofRow)
    }

    func writes(
        for response: ResponseAPDU,
        _ row: [UInt8]
    ) async throws(EmulatorFailure) -> [RecordWrite] {
        do throws(ModuleFailure) {
            return try await make(response, row)
        } catch {
            throw .module(error)
        }
    }
}

/// Why the emulator gave no response. Except after `.store(.unavailable)` nothing has changed.
package enum EmulatorFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    case module(ModuleFailure)
    /// The card, or a record attached to it, was changed by another commit.
    case conflict
    /// The card's record is older than its history: it was put back, and the card is stopped.
    case setBack
}
