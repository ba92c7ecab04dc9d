// SPDX-License-Identifier: Apache-2.0

import ClientCode
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Wire

// Cards in a reader, and what people got and were told.
extension Invariants {
    // MARK: Cards in a reader

    /// Each debit of a card in a reader is noted as it was made, and put back only where its sale
    /// is void.
    mutating func checkReaders() {
        for (transaction, noted) in ledger.readerDebits {
            guard let debit = debits[transaction]?.first,
                ledger.cards[debit.card].card == noted.card,
                debit.evidence.answer.number == noted.number,
                debit.evidence.command == noted.command
            else {
                violations.append(.drawWithoutDebit(transaction))
                continue
            }
            let sale = ledger.sales[transaction]?.state
            if sale == nil || sale == .refused || isBack(noted) && sale != .void {
                violations.append(.recovery(transaction))
            }
        }
    }

    private func isBack(_ debit: ReaderDebit) -> Bool {
        guard let card = debits[debit.command.transaction]?.first?.card else { return false }
        return recovered[card].contains(debit.number)
    }

    /// Whether its value is neither taken for a sale nor put back.
    func isUnderWay(_ debit: ReaderDebit) -> Bool {
        ledger.sales[debit.command.transaction]?.state != .sold && !isBack(debit)
    }

    // MARK: Goods and mails

    /// Who has got the goods has got them of an order that is durably delivered.
    mutating func check(_ handedOut: [TransactionIdentifier: Int]) {
        for (transaction, firsts) in handedOut
        where firsts > 1 || ledger.orders[transaction]?.order.state != .delivered {
            violations.append(.handedOutUnrecorded(transaction))
        }
    }

    /// Each mail says how the draw has ended, to the card's holder, once.
    mutating func checkMails() {
        var counts: [TransactionIdentifier: Int] = [:]
        for mail in ledger.mails {
            counts[mail.transaction, default: 0] += 1
            let draw = ledger.draws[mail.transaction]
            let holder = ledger.cards.firstIndex { $0.card == draw?.card }
            if draw?.state != (mail.isPaid ? .sold : .recovered)
                || mail.to != holder.map(Cardholders.email)
            {
                violations.append(.mailUntrue(mail.transaction))
            }
        }
        for (transaction, count) in counts where count > 1 {
            violations.append(.mails(transaction, count: count))
        }
    }
}

/// What people were told in a run and is not true, once everything has come to its end.
struct Falsehoods {
    let story: Story
    let ledger: Ledger

    var violations: [Violation] {
        var found: [Violation] = []
        for (claim, outcomes) in story.told { found += violations(claim, outcomes) }
        for (transaction, ends) in story.ends where !isTrue(ends, transaction) {
            found.append(.toldByReader(transaction))
        }
        return found
    }

    /// A debit is never shown as a failure, what was once told as paid stays paid, and who was told
    /// that a payment is pending gets a mail about its end.
    private func violations(_ claim: Story.Claim, _ outcomes: [PurchaseOutcome]) -> [Violation] {
        var found: [Violation] = []
        let transaction = claim.transaction
        let draw = ledger.draws[transaction]
        let isOwn = draw?.card == claim.card
        let wasToldPaid = outcomes.contains { if case .paid = $0 { true } else { false } }
        if wasToldPaid, !(isOwn && draw?.state == .sold), !isMerchantsToRefuse(draw) {
            found.append(.toldPaid(transaction))
        }
        let wasToldNo = outcomes.allSatisfy { outcome in
            switch outcome {
            case .refused(let refusal):
                refusal != .orderInProgress && refusal != .orderGivenUp
            case .refusedByLimit: true
            case .paid, .pending: false
            }
        }
        if isOwn && wasToldNo && !isHalfGivenBack(draw) && !story.unseen.contains(claim) {
            found.append(.toldRefused(transaction))
        }
        if let draw, isOwn, isLeftPending(outcomes),
            !(draw.terms.policy.isOneTrip && draw.state == .sold),
            !ledger.mails.contains(where: { $0.transaction == transaction })
        {
            found.append(.mails(transaction, count: 0))
        }
        return found
    }

    /// Whether this half of a mixed payment was put back before the person was told: it was debited
    /// first, and nothing could be taken for the other one.
    private func isHalfGivenBack(_ draw: DrawRecord?) -> Bool {
        draw?.terms.otherHalf != nil && draw?.state == .recovered
    }

    /// Whether the last that was told on a page is that the payment is pending.
    private func isLeftPending(_ outcomes: [PurchaseOutcome]) -> Bool {
        var isPending = false
        for outcome in outcomes {
            switch outcome {
            case .pending: isPending = true
            case .paid, .refused(.orderGivenUp): return false
            case .refused, .refusedByLimit: break
            }
        }
        return isPending
    }

    /// A card that answers another S3 than its own is not found out before the merchant compares,
    /// who then gives no goods.
    private func isMerchantsToRefuse(_ draw: DrawRecord?) -> Bool {
        guard let draw else { return false }
        return draw.terms.policy == .merchant && ledger.forged[draw.terms.transaction] == .signature
    }

    private func isTrue(_ ends: [CardPaymentEnd], _ transaction: TransactionIdentifier) -> Bool {
        let sale = ledger.sales[transaction]?.state
        let debit = ledger.readerDebits[transaction]
        var wasOnlyNotTaken = true
        for end in ends {
            switch end {
            case .paid where sale != .sold || debit == nil: return false
            case .putBack where sale != .void || debit == nil: return false
            case .notTaken: break
            case .paid, .putBack, .pending: wasOnlyNotTaken = false
            }
        }
        // Of another try the end may not have been seen.
        return !(wasOnlyNotTaken && debit != nil) || story.unseenEnds.contains(transaction)
    }
}
