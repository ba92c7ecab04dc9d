// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import Records
import SecurityModule
import Wire

/// What the card database says of a sale that came back: whether its card has a debit with that
/// number, and for what.
struct OwnDebits: Sendable {
    private let store: any RecordStore
    private let records: SealedRecords
    private let module: any CardModule

    /// Rows of history that are read at once, from the newest one back.
    private static let page: UInt64 = 64

    init(store: any RecordStore, seals: any RecordSealing, module: any CardModule) {
        self.store = store
        records = SealedRecords(store: store, sealing: seals)
        self.module = module
    }

    /// What a card's own database knows of one number.
    enum Answer: Equatable, Sendable {
        case noSuchCard
        /// Nothing: the number was not consumed yet, or the card was set back; or the card does not
        /// open, and the audit says so.
        case nothing
        /// This very sale.
        case debited
        /// This very sale, and its value was put back.
        case recovered
        /// Another sale, or a load.
        case another(Money)
    }

    /// Nearly always the draw of a sale answers for it, in one read.
    ///
    /// - Parameter sale: one with a right S6.
    /// - Returns: what is known of its number.
    /// - Throws: whatever the store throws.
    func find(_ sale: CollectedSale) async throws(StoreFailure) -> Answer {
        if let draw = try await draw(of: sale) {
            return draw.state == .recovered ? .recovered : .debited
        }
        return try await findInHistory(sale)
    }

    /// As ``find(_:)``, by the card's history alone: of a debit in a reader, which has no draw, and
    /// for the audit.
    func findInHistory(_ sale: CollectedSale) async throws(StoreFailure) -> Answer {
        guard let record = try await store.read(Emulator.key(sale.card)) else {
            return .noSuchCard
        }
        let sealed = SealedCard(card: sale.card, revision: record.revision, body: record.body)
        guard let card = try? await module.describe(sealed), sale.number <= card.lastNumber else {
            return .nothing
        }
        return try await search(for: sale, from: card.historyCount)
    }

    func hasCard(_ card: CardIdentifier) async throws(StoreFailure) -> Bool {
        try await store.read(Emulator.key(card)) != nil
    }

    /// The draw of this sale; nil where there is none, or that of another debit.
    private func draw(of sale: CollectedSale) async throws(StoreFailure) -> DrawRecord? {
        guard let record = try await store.read(DrawRecord.key(sale.transaction)),
            let opened = try? await records.open(record),
            let draw = try? DrawRecord(opened.body), sale.isThat(of: draw)
        else { return nil }
        return draw
    }

    /// Goes back until the number is found, or a smaller one.
    private func search(
        for sale: CollectedSale,
        from count: UInt64
    ) async throws(StoreFailure) -> Answer {
        var (end, isRecovered) = (count, false)
        while end > 0 {
            let begin = end > OwnDebits.page ? end - OwnDebits.page : 0
            let rows = try await store.history(
                sale.card.bytes,
                after: begin,
                limit: Int(end - begin)
            )
            for row in rows.reversed() {
                guard let entry = try? CardHistoryEntry(row.body), let movement = entry.movement
                else { continue }
                switch entry.event {
                case .recovery where movement.number == sale.number: isRecovered = true
                case .debit(let debit) where movement.number == sale.number:
                    guard sale.isThat(of: debit) else { return .another(movement.amount) }
                    return isRecovered ? .recovered : .debited
                case .load where movement.number == sale.number: return .another(movement.amount)
                case .debit, .load:
                    if movement.number < sale.number { return .nothing }
                case .recovery, .moved, .setting, .expired, .swept: break
                }
            }
            end = begin
        }
        return .nothing
    }
}

extension CollectedSale {
    /// Whether a draw is that of this sale. S6 is over all that both have.
    fileprivate func isThat(of draw: DrawRecord) -> Bool {
        draw.card == card && isThat(of: draw.command, draw.answer)
    }

    /// Whether a debit in the history is that of this sale.
    func isThat(of debit: DebitEvidence) -> Bool { isThat(of: debit.command, debit.answer) }

    private func isThat(of command: DebitIEP, _ answer: DebitAnswer) -> Bool {
        command.transaction == transaction && command.amount == amount && answer.number == number
            && answer.issuerProof == issuerProof
    }
}
