// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Records
import SecurityModule
package import Wire

/// A row of a card's history about one transaction, with its signatures checked again.
package struct CardEvidence: Equatable, Sendable {
    package let number: UInt64
    package let entry: CardHistoryEntry
    /// Whether HSM 268 makes the same signatures again; for what is put back, the same SV. Nil
    /// where the debit that was put back is not there to be compared with.
    package let isSigned: Bool?
}

// What the issuer's operator is shown of one transaction.
extension CardDesk {
    /// Rows that are read behind each moment.
    private static let evidenceRowsMax: UInt64 = 256
    /// Rows before it: clocks are set back.
    private static let evidenceRowsBefore: UInt64 = 16

    /// The rows of a card's history about a transaction, oldest first. The history is not gone
    /// through: its rows are in the order of their moments, so that few are read however many there
    /// are.
    ///
    /// - Parameters:
    ///   - transaction: of a purchase, a load, or both with a recovery.
    ///   - card: whose history it is.
    ///   - moments: when something happened to the card, as the records of the transaction say.
    /// - Returns: none where nothing is there, or the card does not open.
    /// - Throws: whatever the store throws; `.damaged` where a row cannot be read.
    package func evidence(
        of transaction: TransactionIdentifier,
        on card: CardIdentifier,
        at moments: [Instant]
    ) async throws(StoreFailure) -> [CardEvidence] {
        guard let count = (try? await describe(card))?.historyCount else { return [] }
        var found: [UInt64: (HistoryRow, CardHistoryEntry)] = [:]
        for moment in moments {
            let first = try await row(of: card, count, at: moment)
            let before = first > Self.evidenceRowsBefore ? first - Self.evidenceRowsBefore : 0
            let rows = try await store.history(
                card.bytes,
                after: before,
                limit: Int(min(Self.evidenceRowsMax, count - before))
            )
            for row in rows where row.number <= count {
                let entry = try Self.entry(row)
                if entry.movement?.transaction == transaction { found[row.number] = (row, entry) }
            }
        }
        return await checked(found.sorted { $0.key < $1.key }.map(\.value), of: card)
    }

    /// The debit of a card in a reader, which has no draw; nil where there is none, or where its
    /// record does not open.
    package func readerDebit(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> ReaderDebit? {
        guard let record = try await store.read(ReaderDebit.key(transaction)),
            let body = try? await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        else { return nil }
        return try? ReaderDebit(body)
    }

    /// How many rows are older than a moment: a binary search, a row at a time.
    private func row(
        of card: CardIdentifier,
        _ count: UInt64,
        at moment: Instant
    ) async throws(StoreFailure) -> UInt64 {
        var (low, high) = (UInt64(0), count)
        while low < high {
            let middle = low + (high - low) / 2
            guard
                let row = try await store.history(card.bytes, after: middle, limit: 1).first,
                try Self.entry(row).moment < moment
            else {
                high = middle
                continue
            }
            low = middle + 1
        }
        return low
    }

    /// A recovery is checked against its debit, which comes before it.
    private func checked(
        _ rows: [(row: HistoryRow, entry: CardHistoryEntry)],
        of card: CardIdentifier
    ) async -> [CardEvidence] {
        var check = CardAudit()
        var evidence: [CardEvidence] = []
        for (row, entry) in rows {
            let chained = ChainedRow(number: row.number, hash: row.hash, body: row.body)
            check = await module.audit([chained], of: card, check)
            var isSigned: Bool? = !check.findings.contains(.signatureWrong(number: row.number))
            if case .recovery(_, _, let command, _) = entry.event,
                check.recoverable[command.number] == nil
            {
                isSigned = nil
            }
            evidence.append(CardEvidence(number: row.number, entry: entry, isSigned: isSigned))
        }
        return evidence
    }

    private static func entry(_ row: HistoryRow) throws(StoreFailure) -> CardHistoryEntry {
        do throws(WireFailure) {
            return try CardHistoryEntry(row.body)
        } catch {
            throw .damaged("history row \(row.number): \(error)")
        }
    }
}
