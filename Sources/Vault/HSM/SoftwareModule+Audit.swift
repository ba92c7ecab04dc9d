// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Keys
package import SecurityModule
import Wire

extension SoftwareModule {
    package func audit(
        _ rows: [ChainedRow],
        of card: CardIdentifier,
        _ check: CardAudit
    ) async -> CardAudit {
        var check = check
        for row in rows {
            // Rows come from the database: no number in them may stop the process.
            let (next, _) = check.rows.addingReportingOverflow(1)
            if row.number != next { check.findings.append(.rowMissing(number: next)) }
            check.rows = row.number
            let expected = RecordSealer.chain(
                row.body,
                stream: card.bytes,
                number: row.number,
                previous: check.lastHash
            )
            if expected.hash != row.hash {
                check.findings.append(.chainBroken(number: row.number))
            }
            check.lastHash = row.hash
            guard let entry = try? CardHistoryEntry(row.body) else {
                check.findings.append(.rowUnreadable(number: row.number))
                continue
            }
            if !isSigned(entry, by: card, &check) {
                check.findings.append(.signatureWrong(number: row.number))
            }
            add(entry, row.number, to: &check)
        }
        return check
    }

    package func conclude(_ check: CardAudit, on sealed: SealedCard) async -> CardAudit {
        var check = check
        guard let card = try? open(sealed).card else {
            check.findings.append(.recordDoesNotOpen)
            return check
        }
        if card.historyCount > check.rows {
            check.findings.append(.rowMissing(number: check.rows + 1))
        }
        let hasSameBalances = card.purses.allSatisfy {
            $0.balance == check.balances[Self.key($0.currency, $0.exponent)] ?? 0
        }
        if card.historyCount != check.rows || card.historyHash != check.lastHash
            || card.lastNumber != check.lastNumber || !hasSameBalances
        {
            check.findings.append(.recordDisagrees)
        }
        if card.spending != check.spending { check.findings.append(.policyDisagrees) }
        let hasSamePoints = card.purses.allSatisfy {
            $0.points == check.points[Self.key($0.currency, $0.exponent)] ?? PointsTranches()
        }
        if !hasSamePoints { check.findings.append(.pointsDisagree) }
        if card.memberships != check.memberships {
            check.findings.append(.membershipsDisagree)
        }
        // A card also blocks itself, after wrong signatures, and is stopped without a row.
        if check.isBlocked && !card.isBlocked { check.findings.append(.blockMissing) }
        return check
    }

    /// Checks every signature of a row again; a recovery is checked against the sale by the audit
    /// across parties, and by its debit here.
    private func isSigned(
        _ entry: CardHistoryEntry,
        by card: CardIdentifier,
        _ check: inout CardAudit
    ) -> Bool {
        switch entry.event {
        case .debit(let evidence):
            guard let keys = try? keys(of: card, version: evidence.purchaseKeyVersion) else {
                return false
            }
            let debit = DebitCheck(evidence, of: card, keys)
            check.recoverable[evidence.answer.number] = CardAudit.Recoverable(
                type: evidence.type,
                amount: evidence.command.amount,
                command: debit.recovery,
                points: evidence.points?.tranches.all ?? []
            )
            return debit.isSigned && isProven(evidence, of: card)
        case .load(let request, let initialized, let command, let answer):
            guard let keys = try? keys(of: card, version: initialized.loadKeyVersion) else {
                return false
            }
            let key = keys.loadKey(card)
            return LoadSignatures.request(request, initialized, key: key) == initialized.signature
                && LoadSignatures.credit(
                    request,
                    initialized,
                    completion: command.completion,
                    key: key
                )
                    == command.signature
                && LoadSignatures.completion(
                    request,
                    card: card,
                    number: answer.number,
                    completion: answer.completion,
                    balance: answer.balance,
                    key: keys.completionKey(card)
                ) == answer.signature
        case .recovery(_, _, let command, _):
            let recoverable = check.recoverable[command.number]
            return recoverable?.command == command
                && recoverable?.amount == entry.movement?.amount
        // Nobody signs these: the hash chain, whose head is sealed with the card, proves them.
        case .setting, .moved, .expired, .swept: return true
        }
    }

    private func add(_ entry: CardHistoryEntry, _ row: UInt64, to check: inout CardAudit) {
        reckon(entry, in: &check)
        reckonPoints(entry, row, in: &check)
        guard let movement = entry.movement else { return }
        let amount = movement.amount
        let key = Self.key(amount.currency, amount.exponent)
        let before = check.balances[key] ?? 0
        let after: (partialValue: UInt64, overflow: Bool)
        var consumesNumber = true
        switch entry.event {
        case .debit:
            after = before.subtractingReportingOverflow(amount.minorUnits)
            check.debitedTotal &+= amount.minorUnits
            check.debits.append(movement.transaction)
        case .load:
            after = before.addingReportingOverflow(amount.minorUnits)
            check.loadedTotal &+= amount.minorUnits
        case .recovery:
            consumesNumber = false
            after = before.addingReportingOverflow(amount.minorUnits)
            check.recoveredTotal &+= amount.minorUnits
            if !check.recovered.insert(movement.number).inserted {
                check.findings.append(.balanceWrong(number: row))
            }
        case .moved, .swept:
            consumesNumber = false
            after = before.subtractingReportingOverflow(amount.minorUnits)
            if case .swept = entry.event {
                check.sweptTotal &+= amount.minorUnits
            } else {
                check.movedTotal &+= amount.minorUnits
            }
            if movement.number != check.lastNumber {
                check.findings.append(.balanceWrong(number: row))
            }
        case .setting, .expired: return
        }
        if after.overflow || after.partialValue != movement.balance {
            check.findings.append(.balanceWrong(number: row))
        }
        check.balances[key] = movement.balance
        if !consumesNumber { return }
        if check.lastNumber == .max || movement.number != check.lastNumber + 1 {
            check.findings.append(.balanceWrong(number: row))
        }
        check.lastNumber = movement.number
    }

    /// Makes again what a row does to policy, usage and block.
    private func reckon(_ entry: CardHistoryEntry, in check: inout CardAudit) {
        switch entry.event {
        case .debit(let evidence) where evidence.type == .purchase:
            check.spending?.count(
                evidence.command.amount,
                transaction: evidence.answer.number,
                exception: evidence.exception,
                at: entry.moment
            )
        case .recovery(_, _, let command, _):
            guard let debit = check.recoverable[command.number], debit.type == .purchase else {
                return
            }
            check.spending?.giveBack(debit.amount, transaction: command.number)
        case .setting(.blocked(let isBlocked), _): check.isBlocked = isBlocked
        case .setting(.policy(let policy), _):
            check.spending = CardSpending.setting(
                policy,
                after: check.spending,
                at: entry.moment,
                nextTransaction: check.lastNumber == .max ? .max : check.lastNumber + 1
            )
        case .setting(.membership(let membership, _, _), _):
            if !check.memberships.contains(membership) { check.memberships.append(membership) }
        case .debit, .load, .moved, .expired, .swept: break
        }
    }

    static func key(_ currency: Currency, _ exponent: Exponent) -> Money {
        Money(minorUnits: 0, currency: currency, exponent: exponent)
    }
}
