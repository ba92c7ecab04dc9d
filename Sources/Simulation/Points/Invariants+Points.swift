// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import OPALServer
import SecurityModule
import Wire

// Points: loyalty server, OPAL server and cards say the same, and no programme makes or loses any.
extension Invariants {

    mutating func checkPoints(isSettled: Bool) {
        let points = ledger.points
        guard !points.programmes.isEmpty else { return }
        checkProofs()
        checkMembers()
        checkCards(of: points.programmes)
        for (transaction, posting) in points.postings { check(posting, transaction) }
        checkLoadsOfPoints()
        checkNoticesAreThere()
        for (earning, notice) in points.notices { check(notice, earning) }
        for (earning, earn) in points.purchases { check(earn, earning) }
        if isSettled { checkNoPointsWait() }
    }

    /// A proof of identity moves no value.
    private mutating func checkProofs() {
        for (transaction, found) in debits {
            for (_, evidence) in found
            where (evidence.type == .authentication) != (evidence.command.amount == .proof) {
                violations.append(.proofMoved(transaction))
            }
        }
    }

    // MARK: At the loyalty server

    /// What a member has earned is that of their purchases and files, each once, and is where the
    /// record says.
    private mutating func checkMembers() {
        var sums: [Membership: (earned: UInt64, pending: UInt64, undone: UInt64)] = [:]
        for earn in ledger.points.purchases.values {
            sums[earn.membership, default: (0, 0, 0)].earned += earn.points
            if earn.state.isPending {
                sums[earn.membership, default: (0, 0, 0)].pending += earn.points
            }
            if earn.state == .undone {
                sums[earn.membership, default: (0, 0, 0)].undone += earn.points
            }
        }
        var posted: [Membership: (open: UInt64, done: UInt64)] = [:]
        for posting in ledger.points.postings.values {
            let membership = posting.credit.membership
            switch posting.state {
            case .open: posted[membership, default: (0, 0)].open += posting.amount
            case .posted: posted[membership, default: (0, 0)].done += posting.amount
            case .refused: break
            }
        }
        var redeemed: [Membership: UInt64] = [:]
        for redemption in ledger.points.redemptions.values where redemption.state.isDebited {
            guard let debit = redemption.debit else { continue }
            redeemed[debit.membership, default: 0] += debit.points
        }
        for (membership, line) in ledger.points.members {
            let (member, sum) = (line.member, sums[membership] ?? (0, 0, 0))
            let moved = posted[membership] ?? (0, 0)
            let isRight =
                member.isConserved && member.earned == sum.earned + line.earnedByFiles
                && member.pending == sum.pending && member.undone == sum.undone
                && member.inPostings == moved.open && member.posted == moved.done
                && member.redeemed == redeemed[membership, default: 0]
            if !isRight { violations.append(.member("\(membership.programme.digits)")) }
        }
    }

    // MARK: On cards

    /// Loads and recoveries less debits and what has expired are on the cards, in each programme.
    private mutating func checkCards(of programmes: [Programme]) {
        for programme in programmes {
            var (came, gone, present): (UInt64, UInt64, UInt64) = (0, 0, 0)
            for entry in ledger.cards {
                for row in entry.rows {
                    switch row.event {
                    case .load(let request, _, _, _)
                    where request.amount.currency == programme.code:
                        came += request.amount.minorUnits
                    case .recovery(programme.code, _, let command, _): came += command.minorUnits
                    case .debit(let evidence)
                    where evidence.command.amount.currency == programme.code:
                        gone += evidence.command.amount.minorUnits
                    case .expired(let points) where points.amount.currency == programme.code:
                        gone += points.amount.minorUnits
                    default: break
                    }
                }
                present += entry.description?.points(of: programme.code)?.tranches.total ?? 0
            }
            if came != gone + present {
                violations.append(
                    .points(programme.code.digits, came: came, found: gone + present)
                )
            }
        }
    }

    /// Points of a posting are on a card where it is posted, and nowhere where it is refused.
    private mutating func check(_ posting: Posting, _ transaction: TransactionIdentifier) {
        let count = credits[transaction]?.count ?? 0
        let agrees: Bool =
            switch posting.state {
            case .open: count <= 1
            case .posted: count == 1
            case .refused: count == 0
            }
        if !agrees { violations.append(.postingAgainstCard(transaction)) }
    }

    /// Points came onto a card by a posting of that amount, to the member whose card it is.
    private mutating func checkLoadsOfPoints() {
        for (transaction, found) in credits {
            guard let credit = found.first, credit.request.amount.currency.isProgramme else {
                continue
            }
            if found.count > 1 { violations.append(.loadedTwice(transaction)) }
            let posting = ledger.points.postings[transaction]?.credit
            let load = ledger.points.loads[transaction]
            let entry = ledger.cards.first { $0.card == credit.card }
            guard let posting, let load, load.card == credit.card, load.request == posting,
                posting.amount == credit.request.amount,
                entry?.description?.memberships.contains(posting.membership) == true
            else {
                violations.append(.postingAgainstCard(transaction))
                continue
            }
        }
        for transaction in ledger.points.loads.keys where credits[transaction] == nil {
            violations.append(.postingAgainstCard(transaction))
        }
    }

    // MARK: Purchases that earn

    /// A member's debit of money at a partner has its notice.
    private mutating func checkNoticesAreThere() {
        for entry in ledger.cards {
            var memberships: [Currency] = []
            for row in entry.rows {
                switch row.event {
                case .setting(.membership(let membership, _, _), _):
                    memberships.append(membership.programme)
                case .debit(let evidence):
                    let (amount, name) = (evidence.command.amount, evidence.command.transaction)
                    guard amount.minorUnits > 0, !amount.currency.isProgramme,
                        ledger.readerDebits[name] == nil
                    else { continue }
                    for programme in memberships
                    where ledger.points.notices[Earning(name, programme)] == nil {
                        violations.append(.earnAgainstDraw(name))
                    }
                default: break
                }
            }
        }
    }

    /// What the OPAL server takes for noted, the loyalty server has noted.
    private mutating func check(
        _ notice: EarnNoticeRecord,
        _ earning: Earning
    ) {
        let earn = ledger.points.purchases[earning]
        let agrees: Bool =
            switch notice.noted {
            case nil: true
            case .debited: earn != nil
            case .sold: earn?.state == .confirmed || earn?.state == .due
            case .recovered: earn?.state == .undone
            }
        if !agrees || notice.refusal != nil || ledger.draws[earning.transaction] == nil {
            violations.append(.earnAgainstDraw(earning.transaction))
        }
    }

    /// Points are for a debit of the member's card, and end as its draw did.
    private mutating func check(_ earn: PurchaseEarn, _ earning: Earning) {
        let draw = ledger.draws[earning.transaction]
        let agrees: Bool =
            switch earn.state {
            case .unconfirmed: draw != nil
            case .confirmed, .due: draw?.state == .sold
            case .undone: draw?.state == .recovered
            }
        let notice = ledger.points.notices[earning]
        if !agrees || draw?.terms.amount != earn.amount
            || notice?.membership != earn.membership
        {
            violations.append(.earnAgainstDraw(earning.transaction))
        }
    }

    private mutating func checkNoPointsWait() {
        for (earning, notice) in ledger.points.notices where notice.isOpen {
            violations.append(.stillOpen("earn notice \(earning.transaction)"))
        }
        for (earning, earn) in ledger.points.purchases where earn.state == .unconfirmed {
            violations.append(.stillOpen("points of \(earning.transaction)"))
        }
        for (transaction, posting) in ledger.points.postings where posting.state == .open {
            violations.append(.stillOpen("posting \(transaction)"))
        }
    }
}
