// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import LoadServer
import OPALServer
import Wire

/// One load of a card as the card's history has it.
struct Credit {
    let card: CardIdentifier
    let request: InitializeLoad
    let initialized: InitializeLoadAnswer
    let command: CreditIEP
    let answer: CreditAnswer
}

// Loads through a bank: card, OPAL server, load server and bank say the same.
extension Invariants {
    private typealias Hold = HoldView

    /// What a card was credited for a transaction of the bank.
    private func credit(_ transaction: TransactionIdentifier) -> Credit? {
        credits[transaction]?.first { $0.request.bank == BankHost.identifier }
    }

    mutating func checkLoads(isSettled: Bool) {
        for (transaction, found) in credits {
            guard let credit = credit(transaction) else { continue }
            if found.count > 1 { violations.append(.loadedTwice(transaction)) }
            check(credit, transaction)
        }
        let loads = ledger.loads
        for (transaction, load) in loads.loads { check(load, transaction) }
        for (transaction, authorization) in loads.authorizations {
            check(authorization, transaction)
        }
        for (transaction, hold) in loads.holds { check(hold, transaction) }
        checkAccounts()
        checkFunds()
        checkReceipts()
    }

    /// Before a card is credited, each party remembers the load, with this card and amount.
    private mutating func check(_ credit: Credit, _ transaction: TransactionIdentifier) {
        let (load, hold) = (ledger.loads.loads[transaction], ledger.loads.holds[transaction])
        let authorization = ledger.loads.authorizations[transaction]
        guard let load, load.card == credit.card, load.credit == credit.command,
            load.answer == credit.answer, load.load.request == credit.request,
            let hold, hold.amount == credit.request.amount, hold.state != .released,
            let authorization, authorization.credit == credit.command,
            authorization.load?.request == credit.request,
            authorization.load?.answer == credit.initialized
        else {
            violations.append(.creditWithoutLoad(transaction))
            return
        }
    }

    /// The OPAL server remembers a load as credited exactly where its card is.
    private mutating func check(_ load: LoadRecord, _ transaction: TransactionIdentifier) {
        let isCredited = load.state == .credited || load.state == .loaded
        if isCredited != (credit(transaction) != nil) {
            violations.append(.loadAgainstCard(transaction, load.state))
        }
        let authorization = ledger.loads.authorizations[transaction]?.state
        let agrees: Bool =
            switch load.state {
            case .requested: authorization != .loaded
            case .credited: authorization == .authorized || authorization == .loaded
            case .loaded: authorization == .loaded
            case .givenUp: authorization != .loaded
            // One that the load server did not recognise is not known there.
            case .notLoaded: authorization == nil || authorization == .notLoaded
            }
        if !agrees {
            violations.append(.loadAgainstAuthorization(transaction, load.state, authorization))
        }
    }

    /// The load server ends a load by what the card did: with its S3, or though the OPAL server
    /// said otherwise.
    private mutating func check(
        _ authorization: AuthorizationRecord,
        _ transaction: TransactionIdentifier
    ) {
        let credit = credit(transaction)
        let agrees =
            switch authorization.state {
            case .authorized: authorization.forBank.isEmpty
            case .loaded:
                credit != nil
                    && (authorization.isDisproved || authorization.answer == credit?.answer)
            case .notLoaded: credit == nil
            }
        if !agrees {
            violations.append(.authorizationAgainstCard(transaction, authorization.state))
        }
    }

    /// The bank ends a hold by what the load server said, and by nothing else.
    private mutating func check(_ hold: HoldView, _ transaction: TransactionIdentifier) {
        let authorization = ledger.loads.authorizations[transaction]
        let agrees: Bool =
            switch hold.state {
            case .held: true
            case .loaded: authorization?.state == .loaded
            case .released: authorization?.state == .notLoaded
            }
        if !agrees || authorization.map({ $0.terms.amount != hold.amount }) == true {
            violations.append(
                .holdAgainstAuthorization(transaction, hold.state, authorization?.state)
            )
        }
    }

    // MARK: At the bank

    /// Each account has what its statement says, and holds what its open loads say.
    private mutating func checkAccounts() {
        var held: [AccountNumber: UInt64] = [:]
        for hold in ledger.loads.holds.values where hold.state == .held {
            held[hold.account, default: 0] += hold.amount.minorUnits
        }
        for (number, line) in ledger.loads.accounts {
            var (sum, isRight): (UInt64, Bool) = (0, true)
            var ended: Set<TransactionIdentifier> = []
            for entry in line.entries {
                switch entry.event {
                case .opened: break
                case .credited: sum += entry.amount
                // The bank's own account goes below zero.
                case .debited, .paid: sum &-= entry.amount
                case .held, .released: break
                }
                guard entry.event == .paid || entry.event == .released else { continue }
                isRight = isRight && isEnd(entry, of: number)
                if let transaction = entry.transaction, !ended.insert(transaction).inserted {
                    isRight = false
                }
            }
            let last = line.entries.last
            if line.account.kind != .cash { isRight = isRight && sum == line.account.balance }
            if !isRight || line.account.held != held[number, default: 0]
                || last?.balance != line.account.balance || last?.held != line.account.held
            {
                violations.append(.account(number.text))
            }
        }
    }

    /// Whether a line of a statement is the end of a load.
    private func isEnd(_ entry: AccountEntry, of number: AccountNumber) -> Bool {
        guard let transaction = entry.transaction, let hold = ledger.loads.holds[transaction] else {
            return false
        }
        return hold.account == number && hold.amount.minorUnits == entry.amount
            && hold.state == (entry.event == .paid ? .loaded : .released)
    }

    /// Credited onto cards through the bank = in the pool + held for loads that are credited; and
    /// what was paid in is on the accounts or in the pool.
    private mutating func checkFunds() {
        guard !ledger.loads.accounts.isEmpty else { return }
        var (credited, found): (UInt64, UInt64) = (0, 0)
        for (transaction, entries) in credits {
            for credit in entries where credit.request.bank == BankHost.identifier {
                credited += credit.request.amount.minorUnits
            }
            guard let hold = ledger.loads.holds[transaction], hold.state == .held else { continue }
            found += hold.amount.minorUnits
        }
        var onAccounts: UInt64 = 0
        for line in ledger.loads.accounts.values {
            switch line.account.kind {
            case .pool:
                found += line.account.balance
                onAccounts += line.account.balance
            case .customer: onAccounts += line.account.balance
            case .cash: break
            }
        }
        if credited != found { violations.append(.funds(credited: credited, found: found)) }
        if onAccounts != ledger.loads.deposited {
            violations.append(.funds(credited: ledger.loads.deposited, found: onAccounts))
        }
    }

    // MARK: Receipts and ends

    /// Who holds a card gets one receipt of each load that the load server knows of.
    private mutating func checkReceipts() {
        var counts: [TransactionIdentifier: Int] = [:]
        for receipt in ledger.receipts {
            counts[receipt.transaction, default: 0] += 1
            let load = ledger.loads.loads[receipt.transaction]
            let holder = ledger.cards.firstIndex { $0.card == load?.card }
            if load?.state != .loaded || receipt.to != holder.map(Cardholders.email) {
                counts[receipt.transaction, default: 0] += 1
            }
        }
        for (transaction, load) in ledger.loads.loads where load.state == .loaded {
            counts[transaction, default: 0] += 0
        }
        guard ledger.hasCardholders else { return }
        for (transaction, count) in counts where count != 1 {
            violations.append(.receipts(transaction, count: count))
        }
    }

    mutating func checkNoLoadIsOpen() {
        for (transaction, load) in ledger.loads.loads where load.state.isOpen {
            violations.append(.stillOpen("load \(transaction) at the OPAL server"))
        }
        for (transaction, load) in ledger.loads.authorizations where load.state.isOpen {
            violations.append(.stillOpen("load \(transaction) at the load server"))
        }
        for (transaction, hold) in ledger.loads.holds where hold.state.isOpen {
            violations.append(.stillOpen("load \(transaction) at the bank"))
        }
    }
}
