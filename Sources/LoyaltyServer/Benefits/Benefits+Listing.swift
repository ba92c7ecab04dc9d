// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

/// One line of a list of redemptions for the operator.
package struct BenefitRedemptionLine: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// Nil where the stored record does not open: it was changed by somebody else.
    package let redemption: BenefitRedemption?
}

extension Benefits {
    /// The benefits of a programme, or of all, by their codes; one whose record does not open is
    /// left out, and the audit tells of it.
    ///
    /// - Throws: `.store`, `.module`.
    package func list(_ programme: Currency? = nil) async throws(BenefitFailure) -> [BenefitView] {
        var views: [BenefitView] = []
        var cursor: [UInt8]?
        while true {
            let page = try await records(BenefitRecords.benefit, cursor, RecordLimits.pageMax)
            for record in page {
                do throws(BenefitFailure) {
                    let stock = try await book.openStock(record).value
                    if programme == nil || stock.benefit.programme == programme {
                        views.append(BenefitView(stock))
                    }
                } catch .damaged { continue }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return views }
            cursor = last.key.bytes
        }
    }

    /// - Throws: `.unknownRedemption`, `.damaged`.
    package func redemption(
        _ transaction: TransactionIdentifier
    ) async throws(BenefitFailure) -> BenefitRedemption {
        guard let entry = try await book.redemption(transaction) else { throw .unknownRedemption }
        return entry.value
    }

    /// All redemptions, newest first; for the operator.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: lines, capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the oldest.
    /// - Throws: `.store`, `.module`.
    package func redemptions(
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(BenefitFailure) -> [BenefitRedemptionLine] {
        let page = try await records(
            BenefitRecords.redemption,
            cursor?.bytes,
            limit,
            .descending
        )
        return try await lines(page)
    }

    /// The redemptions of one member, newest first.
    ///
    /// - Parameters:
    ///   - member: whose.
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: redemptions, capped at ``RecordLimits/pageMax``.
    /// - Returns: those that open.
    /// - Throws: `.store`, `.module`.
    package func redemptions(
        of member: Membership,
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(BenefitFailure) -> [BenefitRedemption] {
        let last = cursor?.bytes ?? [UInt8](repeating: 0xFF, count: 16)
        let start = BenefitRecords.key(member, last).bytes
        let page = try await records(BenefitRecords.ofMember, start, limit, .descending)
        var redemptions: [BenefitRedemption] = []
        for record in page.prefix(while: { $0.key.bytes.starts(with: start.dropLast(16)) }) {
            guard
                let transaction = TransactionIdentifier(Hex.text(record.key.bytes.suffix(16)))
            else { preconditionFailure("The key ends with a TRX.") }
            do throws(BenefitFailure) {
                let redemption = try await redemption(transaction)
                if redemption.member == member { redemptions.append(redemption) }
            } catch .damaged { continue } catch .unknownRedemption { continue }
        }
        return redemptions
    }

    /// Reservations that nobody can pay for any more, oldest first: for a round that asks what has
    /// become of their orders.
    ///
    /// - Parameters:
    ///   - now: the time of the round.
    ///   - cursor: where the page before ended; nil to begin with the oldest.
    /// - Returns: what is over among the next ``BenefitLimits/roundPage`` reservations, and where
    ///   the next page begins; nil behind the last one.
    /// - Throws: `.store`, `.module`.
    package func over(
        at now: Instant,
        after cursor: TransactionIdentifier? = nil
    ) async throws(BenefitFailure) -> (lines: [BenefitRedemptionLine], next: TransactionIdentifier?)
    {
        let page: [Record]
        do throws(StoreFailure) {
            page = try await book.store.listOpen(
                BenefitRecords.redemption,
                after: cursor?.bytes,
                limit: BenefitLimits.roundPage
            )
        } catch { throw .store(error) }
        let lines = try await lines(page)
        return (
            lines.filter { $0.redemption?.isOver(at: now) ?? true },
            page.count == BenefitLimits.roundPage ? lines.last?.transaction : nil
        )
    }

    private func lines(_ page: [Record]) async throws(BenefitFailure) -> [BenefitRedemptionLine] {
        var lines: [BenefitRedemptionLine] = []
        for record in page {
            guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
                preconditionFailure("The key of a redemption is a TRX.")
            }
            var redemption: BenefitRedemption?
            do throws(BenefitFailure) {
                redemption = try await book.openRedemption(record).value
            } catch .damaged { redemption = nil }
            lines.append(BenefitRedemptionLine(transaction: transaction, redemption: redemption))
        }
        return lines
    }

    private func records(
        _ kind: RecordKind,
        _ cursor: [UInt8]?,
        _ limit: Int,
        _ order: RecordOrder = .ascending
    ) async throws(BenefitFailure) -> [Record] {
        do throws(StoreFailure) {
            return try await book.store.list(kind, after: cursor, limit: limit, order: order)
        } catch { throw .store(error) }
    }
}
