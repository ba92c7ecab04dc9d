// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import OPALServer
import Wire

// Loads from accounts on file: card, OPAL server, gateway and network say the same.
extension Invariants {
    private var funding: FundingLedger { ledger.funding }

    /// What a card was credited for a transaction of an account on file.
    private func accountCredit(_ transaction: TransactionIdentifier) -> Credit? {
        credits[transaction]?.first { $0.request.bank == .account(of: $0.card.issuer) }
    }

    mutating func checkFunding(isSettled: Bool) {
        for (transaction, found) in credits {
            guard let credit = accountCredit(transaction) else { continue }
            if found.count > 1 { violations.append(.loadedTwice(transaction)) }
            let load = funding.loads[transaction]
            if load?.state.isLoaded != true || load?.card != credit.card
                || load?.amount != credit.request.amount
            {
                violations.append(.creditWithoutLoad(transaction))
            }
        }
        for (transaction, load) in funding.loads { check(load, transaction) }
        for (transaction, authorization) in funding.authorizations {
            check(authorization, transaction)
        }
        checkHolds()
        checkOccurrences()
        checkAccountReceipts()
        for transaction in funding.revived {
            violations.append(.creditedAfterGivenUp(transaction))
        }
        for message in funding.renumbered { violations.append(.sentAgain(message)) }
        if isSettled { checkNoFundingIsOpen() }
    }

    /// The OPAL server remembers a load as credited exactly where its card is, and credits only
    /// what the gateway has approved.
    private mutating func check(_ load: AccountLoadRecord, _ transaction: TransactionIdentifier) {
        if load.state.isLoaded != (accountCredit(transaction) != nil) {
            violations.append(.accountLoadAgainstCard(transaction, load.state))
        }
        let state = funding.authorizations[transaction]?.state
        let agrees: Bool =
            switch load.state {
            case .credited: [.approved, .completing, .completed].contains(state)
            case .completed: state == .completing || state == .completed
            case .authorizing, .cancelling, .declined, .cancelled:
                state != .completing && state != .completed
            }
        if !agrees {
            violations.append(
                .accountLoadAgainstGateway(transaction, load.state, state.map { "\($0)" })
            )
        }
    }

    /// The gateway never asks for what the OPAL server has not stored.
    private mutating func check(
        _ authorization: Authorization,
        _ transaction: TransactionIdentifier
    ) {
        // Whether an account is good is asked over nothing, for no load.
        if authorization.amount?.minorUnits == 0 { return }
        let load = funding.loads[transaction]
        if load == nil || authorization.amount.map({ $0 != load?.amount }) == true {
            violations.append(
                .accountLoadAgainstGateway(transaction, load?.state, "\(authorization.state)")
            )
        }
    }

    // MARK: At the network

    /// Funds are captured for what cards were credited, released for all else, each once; none are
    /// held that the gateway does not remember.
    private mutating func checkHolds() {
        var known: [String: Authorization] = [:]
        for authorization in funding.authorizations.values {
            guard let reference = authorization.retrievalReference else { continue }
            known[reference] = authorization
        }
        var (held, captured): (UInt64, UInt64) = (0, 0)
        for (reference, hold) in funding.holds {
            let state = known[reference]?.state
            let agrees: Bool =
                switch hold.state {
                case .held: state?.isOpen == true
                case .captured: state == .completing || state == .completed
                case .released, .void:
                    [.reversing, .reversed, .cancelling, .cancelled].contains(state)
                case .declined: state != nil && state != .completed && state != .completing
                }
            if !agrees {
                let word = state.map { "\($0)" }
                violations.append(.holdAgainstGateway(reference, "\(hold.state)", word))
            }
            if hold.state == .held { held += hold.amount }
            if hold.state == .captured { captured += hold.amount }
        }
        for (reference, authorization) in known where authorization.state == .completed {
            if funding.holds[reference]?.state != .captured {
                let word = funding.holds[reference].map { "\($0.state)" } ?? "nothing"
                violations.append(.holdAgainstGateway(reference, word, "completed"))
            }
        }
        let sums = funding.accounts.reduce(into: (held: UInt64(0), captured: UInt64(0))) {
            $0.held += $1.held
            $0.captured += $1.captured
        }
        if sums.held != held { violations.append(.funds(credited: held, found: sums.held)) }
        if sums.captured != captured {
            violations.append(.funds(credited: captured, found: sums.captured))
        }
        checkCredited(known.mapValues { $0.name.transaction }, captured: captured)
    }

    /// Credited onto cards from accounts = captured + held for what is credited.
    private mutating func checkCredited(
        _ transactions: [String: TransactionIdentifier],
        captured: UInt64
    ) {
        var (credited, found): (UInt64, UInt64) = (0, captured)
        for (transaction, entries) in credits where accountCredit(transaction) != nil {
            credited += entries.reduce(0) { $0 + $1.request.amount.minorUnits }
        }
        for (reference, hold) in funding.holds where hold.state == .held {
            guard let transaction = transactions[reference],
                accountCredit(transaction) != nil
            else { continue }
            found += hold.amount
        }
        if credited != found { violations.append(.funds(credited: credited, found: found)) }
    }

    // MARK: Standing orders and receipts

    /// The moment of an occurrence is in the transactions of its attempts: one of them loads.
    private mutating func checkOccurrences() {
        var taken: Set<String> = []
        var toppedUp: [String: UInt64] = [:]
        for (transaction, load) in funding.loads where load.state.isLoaded {
            guard !load.purpose.isBegunByPerson else { continue }
            let moment = transaction.bytes.prefix(6)
            let occurrence = "\(load.purpose) \(load.card.bytes) \(Array(moment))"
            if !taken.insert(occurrence).inserted {
                violations.append(.occurrenceTwice(transaction))
            }
            if load.purpose == .topUp {
                let time = Instant(milliseconds: moment.reduce(0) { $0 << 8 | Int64($1) })
                let date = CivilDate(day: time.day)
                let month = "\(load.card.bytes) \(date.year)-\(date.month)"
                toppedUp[month, default: 0] += load.amount.minorUnits
                if toppedUp[month, default: 0] > AccountCustomers.topUpMonthMax {
                    violations.append(.occurrenceTwice(transaction))
                }
            }
        }
    }

    /// Who pays gets one receipt of each load, in the same commit; and one mail at most of a load
    /// that was pending and came to nothing.
    private mutating func checkAccountReceipts() {
        var counts: [TransactionIdentifier: Int] = [:]
        for mail in ledger.accountMails {
            counts[mail.transaction, default: 0] += 1
            if funding.loads[mail.transaction]?.state.isLoaded != mail.isLoaded {
                counts[mail.transaction, default: 0] += 1
            }
        }
        for (transaction, load) in funding.loads {
            let count = counts[transaction, default: 0]
            if load.state.isLoaded ? count != 1 : count > 1 {
                violations.append(.receipts(transaction, count: count))
            }
        }
    }

    private mutating func checkNoFundingIsOpen() {
        for (transaction, load) in funding.loads where load.state.isOpen {
            violations.append(.stillOpen("load \(transaction) from an account"))
        }
        for (transaction, authorization) in funding.authorizations
        where authorization.state.isOpen {
            violations.append(.stillOpen("authorisation \(transaction)"))
        }
        for (reference, hold) in funding.holds where hold.state.isOpen {
            violations.append(.stillOpen("hold \(reference) at the network"))
        }
    }
}
