// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
package import SecurityModule
import Wire

// Points: which ones a debit took, and which ones expire.
extension SoftwareModule {
    package func expire(
        _ sealed: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> CardChange? {
        var session = try session(on: sealed, context)
        guard let amount = session.record.card.expirePoints(at: CardTime(context.now)) else {
            return nil
        }
        let card = session.record.card
        let expired = ExpiredPoints(
            amount: amount,
            balance: card.balance(amount.currency, amount.exponent),
            lastNumber: card.lastNumber
        )
        return try session.change(.expired(expired))
    }

    package func join(
        _ changes: [CardChange],
        after sealed: SealedCard
    ) async throws(ModuleFailure) -> SealedCard {
        guard let last = changes.last else {
            return try seal(open(sealed), revision: sealed.revision + 1)
        }
        let (base, record) = (try open(sealed), try open(last.card))
        var (count, hash) = (base.card.historyCount, base.card.historyHash)
        for row in changes.compactMap(\.row) {
            let expected = RecordSealer.chain(
                row.body,
                stream: sealed.card.bytes,
                number: count + 1,
                previous: hash
            )
            guard expected == row else { throw .sealBroken }
            (count, hash) = (row.number, row.hash)
        }
        guard last.card.card == sealed.card, record.card.historyCount == count,
            record.card.historyHash == hash
        else { throw .sealBroken }
        return try seal(record, revision: sealed.revision + 1)
    }

    /// What the row of a debit says of the points that it took; nil where it took none.
    func taken(
        _ points: [PointsTranche],
        by card: CardIdentifier,
        number: UInt32,
        _ transaction: TransactionIdentifier
    ) -> TakenPoints? {
        guard !points.isEmpty, let tranches = PointsTranches(points) else { return nil }
        return TakenPoints(tranches, code: code(of: tranches, card, number, transaction))
    }

    /// Whether the row of a debit says of points what the module said, and enough of them.
    func isProven(_ debit: DebitEvidence, of card: CardIdentifier) -> Bool {
        let amount = debit.command.amount
        guard let points = debit.points else {
            return !amount.currency.isProgramme || amount.minorUnits == 0
        }
        return amount.currency.isProgramme && points.tranches.total == amount.minorUnits
            && points.code
                == code(
                    of: points.tranches,
                    card,
                    debit.answer.number,
                    debit.command.transaction
                )
    }

    /// CMAC8 over BIN and IEP 8, NT 4, TRX 16, number of days 1, each day 3 and amount 8.
    private func code(
        of points: PointsTranches,
        _ card: CardIdentifier,
        _ number: UInt32,
        _ transaction: TransactionIdentifier
    ) -> Signature {
        var writer = ByteWriter(capacity: 64)
        writer.card(card)
        writer.number(number)
        writer.transaction(transaction)
        writer.tranches(points)
        return Signature(bits: pointsKey.code8(writer.bytes))
    }
}
