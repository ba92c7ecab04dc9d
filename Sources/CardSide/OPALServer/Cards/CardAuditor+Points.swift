// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import Records
import SecurityModule
import Wire

// Points that programmes loaded, and members.
extension CardAuditor {
    func check(pointsLoad record: Record, _ report: inout Report) async {
        let body = await open(record)
        if let body, let denial = try? PointsDenialRecord(body),
            denial.request.transaction.bytes == record.key.bytes, !record.isOpen
        {
            return
        }
        guard let body, let load = try? PointsLoadRecord(body),
            load.request.transaction.bytes == record.key.bytes, !record.isOpen
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        report.pointsLoads[load.request.transaction] = Movement(
            card: load.card,
            amount: load.request.amount
        )
        report.pointsMembers[load.request.transaction] = load.request.membership
    }

    /// Purchases that are told were debited: notices became durable with their debits, and the
    /// cards were read before.
    func check(earnNotice record: Record, _ report: inout Report) async {
        guard let body = await open(record),
            let notice = try? EarnNoticeRecord(body, key: record.key.bytes),
            record.isOpen == notice.isOpen
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        let earning = Earning(notice.transaction, notice.membership.programme)
        report.earnNotices[earning] = notice
    }

    /// A member's number is on the card that the record names.
    func check(member record: Record, _ report: inout Report) async throws(StoreFailure) {
        guard let body = await open(record), let member = try? MemberRecord(body),
            !record.isOpen
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        // The record was read before the card, which is written together with it.
        guard let sealed = try await store.read(Emulator.key(member.card)) else {
            report.findings.append(AuditFinding(Self.place(record), "its card has no record"))
            return
        }
        let card = SealedCard(card: member.card, revision: sealed.revision, body: sealed.body)
        // A card that does not open has its own finding.
        guard let description = try? await module.describe(card) else { return }
        if !description.memberships.contains(where: { MemberRecord.key($0) == record.key }) {
            report.findings.append(
                AuditFinding(
                    Self.place(record),
                    "card \(member.card.masked) does not have this number"
                )
            )
        }
    }

    /// Each load that a record says is on its card; each credit of a programme's points belongs to
    /// such a load, or came from the expired card before.
    func comparePoints(_ report: inout Report) async throws(StoreFailure) {
        for (name, credit) in report.credits where credit.isOfPoints(from: name.bank) {
            let transaction = name.transaction
            if report.movesOut[transaction] != nil {
                report.movesIn[transaction] = credit
                let unit = Money(
                    minorUnits: 0,
                    currency: credit.amount.currency,
                    exponent: credit.amount.exponent
                )
                report.loaded[unit, default: 0] &-= credit.amount.minorUnits
                continue
            }
            // It may have been credited after the loads were read.
            var load = report.pointsLoads[transaction]
            if load == nil { load = try await pointsLoad(transaction) }
            if load == credit { continue }
            report.findings.append(
                AuditFinding(
                    "OPAL server, load \(transaction.text)",
                    "points are on card \(credit.card.masked), but no load says so"
                )
            )
        }
        let credited = Set(
            report.credits.filter { $0.value.isOfPoints(from: $0.key.bank) }.keys.map(\.transaction)
        )
        for transaction in report.pointsLoads.keys where !credited.contains(transaction) {
            report.findings.append(
                AuditFinding(
                    "OPAL server, load \(transaction.text)",
                    "says that points are credited, but they are not on the card"
                )
            )
        }
    }

    private func pointsLoad(
        _ transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> Movement? {
        guard let record = try await store.read(PointsLoadRecord.key(transaction)),
            let body = await open(record), let load = try? PointsLoadRecord(body)
        else { return nil }
        return Movement(card: load.card, amount: load.request.amount)
    }
}

extension CardAuditor.Movement {
    /// Whether it is points that their programme loaded, or that moved with their day.
    func isOfPoints(from bank: BankIdentifier) -> Bool {
        amount.currency.isProgramme && bank.pointsExpiry(of: amount.currency) != nil
    }
}
