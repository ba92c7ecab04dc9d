// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import TerminalHost
import Wire

/// What must hold between all parties at any moment (`docs/design.md`, §4.1 to §4.3).
package struct Invariants {
    let ledger: Ledger
    /// Debits by their transaction, with the card that was debited.
    private(set) var debits: [TransactionIdentifier: [(card: Int, evidence: DebitEvidence)]] = [:]
    /// Loads of cards, by whatever way, by their transaction.
    private(set) var credits: [TransactionIdentifier: [Credit]] = [:]
    /// Numbers of recovered debits, for each card.
    private(set) var recovered: [Set<UInt32>] = []
    var violations: [Violation]

    /// Checks a world.
    ///
    /// - Parameters:
    ///   - world: whose parties are checked against each other.
    ///   - isSettled: whether everything should have come to an end.
    /// - Returns: what does not hold; empty where all does.
    package static func check(_ world: World, isSettled: Bool = false) async -> [Violation] {
        check(await Ledger(world), handedOut: [:], isSettled: isSettled)
    }

    /// `handedOut`: orders whose goods somebody has got, with how often it was the first time.
    static func check(
        _ ledger: Ledger,
        handedOut: [TransactionIdentifier: Int],
        isSettled: Bool
    ) -> [Violation] {
        var check = Invariants(ledger)
        check.run(isSettled: isSettled)
        check.check(handedOut)
        return check.violations
    }

    private init(_ ledger: Ledger) {
        self.ledger = ledger
        violations = ledger.violations
    }

    private mutating func run(isSettled: Bool) {
        checkCards()
        for (transaction, draw) in ledger.draws { check(draw, transaction) }
        for (transaction, sale) in ledger.sales { check(sale, transaction) }
        checkSecurityCards(isSettled: isSettled)
        checkExchanges()
        for entry in ledger.orders.values { check(entry) }
        checkReaders()
        checkMails()
        checkConservation()
        checkLoads(isSettled: isSettled)
        checkFunding(isSettled: isSettled)
        checkPoints(isSettled: isSettled)
        checkClearing(isSettled: isSettled)
        if isSettled { checkNothingIsOpen() }
    }

    // MARK: Cards

    private mutating func checkCards() {
        for (index, entry) in ledger.cards.enumerated() {
            for finding in entry.audit.findings { violations.append(.card(index, finding)) }
            let audit = entry.audit
            let balance = entry.description?.purses.reduce(0) { $0 + $1.balance.minorUnits }
            let gone =
                audit.debitedTotal + audit.movedTotal + audit.sweptTotal + audit.expiredTotal
            if audit.loadedTotal + audit.recoveredTotal != gone + (balance ?? .max / 2) {
                violations.append(.balance(card: index))
            }
            var numbers: Set<UInt32> = []
            for row in entry.rows {
                switch row.event {
                case .debit(let evidence):
                    debits[evidence.command.transaction, default: []].append((index, evidence))
                case .recovery(_, _, let command, _): numbers.insert(command.number)
                case .load(let request, let initialized, let command, let answer):
                    let credit = Credit(
                        card: entry.card,
                        request: request,
                        initialized: initialized,
                        command: command,
                        answer: answer
                    )
                    credits[request.transaction, default: []].append(credit)
                case .setting, .moved, .expired, .swept: break
                }
            }
            recovered.append(numbers)
        }
        for (transaction, found) in debits {
            if found.count > 1 { violations.append(.debitedTwice(transaction)) }
            if ledger.draws[transaction] == nil, ledger.readerDebits[transaction] == nil {
                violations.append(.debitWithoutDraw(transaction))
            }
        }
        for (index, numbers) in recovered.enumerated() {
            let card = ledger.cards[index].card
            var known = Set(
                ledger.draws.values.filter { $0.card == card && $0.state == .recovered }
                    .map(\.answer.number)
            )
            known.formUnion(ledger.readerDebits.values.filter { $0.card == card }.map(\.number))
            for number in numbers.subtracting(known) {
                let movement = ledger.cards[index].rows.lazy.compactMap(\.movement)
                    .first { $0.number == number }
                violations.append(.recovery(movement?.transaction ?? .unknown))
            }
        }
    }

    // MARK: Draws

    private mutating func check(_ draw: DrawRecord, _ transaction: TransactionIdentifier) {
        guard let debit = debits[transaction]?.first,
            ledger.cards[debit.card].card == draw.card,
            isAnswer(debit.evidence.answer, draw.answer, transaction),
            debit.evidence.command == draw.command,
            debit.evidence.command.amount == draw.terms.amount,
            debit.evidence.command.merchant == draw.terms.merchant
        else {
            violations.append(.drawWithoutDebit(transaction))
            return
        }
        let sale = ledger.sales[transaction]
        let agrees: Bool =
            switch draw.state {
            case .debited: sale != nil && sale?.state != .refused
            case .sold: sale?.state == .sold
            case .recovered: sale?.state == .void
            }
        if !agrees {
            violations.append(.drawAgainstSale(transaction, draw.state, sale?.state))
        }
        let isBack = recovered[debit.card].contains(draw.answer.number)
        if isBack != (draw.state == .recovered) { violations.append(.recovery(transaction)) }
    }

    /// Whether this is what the card has answered; S3 may have been changed behind it.
    private func isAnswer(
        _ given: DebitAnswer,
        _ stored: DebitAnswer,
        _ transaction: TransactionIdentifier
    ) -> Bool {
        let forged = ledger.forged[transaction].map { $0.applied(to: given) }
        return stored == forged ?? given
    }

    // MARK: Sales

    private mutating func check(_ sale: SaleRecord, _ transaction: TransactionIdentifier) {
        let found = debits[transaction] ?? []
        switch sale.state {
        case .sold:
            guard found.count == 1, found[0].evidence.command == sale.command,
                found[0].evidence.answer == sale.answer,
                sale.command.amount == sale.request.terms.amount,
                sale.command.merchant == sale.request.terms.merchant,
                sale.draw.initializeAnswer.card == ledger.cards[found[0].card].card
            else {
                violations.append(.saleWithoutDebit(transaction))
                return
            }
            if let half = sale.request.terms.otherHalf,
                ledger.sales[half.transaction]?.state != .sold
            {
                violations.append(.halfSoldAlone(transaction))
            }
        case .refused:
            if !found.isEmpty { violations.append(.refusedButDebited(transaction)) }
        case .drawn, .void: break
        }
    }

    /// What a security card on another host says must not be otherwise at its sale; while the
    /// sale is open the security card may be ahead.
    private mutating func checkExchanges() {
        for exchange in ledger.exchanges {
            guard let sale = ledger.sales[exchange.transaction],
                sale.command.securityCard == exchange.securityCard,
                sale.command.securityCardNumber == exchange.number
            else {
                // A number without a sale has not left the payment server.
                if exchange.state == .counted { violations.append(.totals(exchange.securityCard)) }
                continue
            }
            let fits =
                switch (sale.state, exchange.state) {
                // Else S3 could still be compared here, and the sale be sold.
                case (.drawn, .void) where sale.request.terms.policy.releasesTerminalEarly:
                    sale.isLeftToSecurityCard
                case (.drawn, _), (.sold, .counted), (.refused, .refused), (.void, .void): true
                case (.sold, .drawn): !sale.isClosedBySecurityCard
                default: false
                }
            if !fits { violations.append(.totals(exchange.securityCard)) }
        }
    }

    private mutating func checkSecurityCards(isSettled: Bool) {
        let remote = Set(ledger.exchanges.map(\.securityCard))
        for card in ledger.securityCards {
            // What is elsewhere may be ahead of its sales.
            let isSure = isSettled || !remote.contains(card.identifier)
            let sales = ledger.sales.values.filter { $0.command.securityCard == card.identifier }
            var sums: [Money: (count: UInt64, minorUnits: UInt64)] = [:]
            for sale in sales
            where sale.state == .sold && sale.isClosedBySecurityCard && sale.draw.type == .purchase
            {
                let amount = sale.command.amount
                let unit = Money(
                    minorUnits: 0,
                    currency: amount.currency,
                    exponent: amount.exponent
                )
                sums[unit, default: (0, 0)].count += 1
                sums[unit, default: (0, 0)].minorUnits += amount.minorUnits
            }
            let hasSameTotals =
                card.totals.count == sums.count
                && card.totals.allSatisfy { total in
                    let unit = Money(
                        minorUnits: 0,
                        currency: total.currency,
                        exponent: total.exponent
                    )
                    return sums[unit].map {
                        $0.count == total.count && $0.minorUnits == total.minorUnits
                    } ?? false
                }
            if isSure, !hasSameTotals { violations.append(.totals(card.identifier)) }
            var numbers: Set<UInt32> = []
            for number in sales.map(\.command.securityCardNumber)
            where !numbers.insert(number).inserted || number > card.lastNumber {
                violations.append(.numberReused(card.identifier, number))
            }
            let open = sales.filter(\.isOpen).map(\.command.securityCardNumber)
            if isSure, Set(open) != Set(card.openNumbers) {
                violations.append(.openNumbers(card.identifier))
            }
        }
    }

    /// Whether the goods may be out: the sale is sold, or will be, because the card was debited as
    /// expected and one trip is all.
    private func isSold(_ sale: SaleRecord) -> Bool {
        if sale.state == .sold { return true }
        guard sale.state == .drawn, sale.request.terms.policy.isOneTrip,
            let draw = ledger.draws[sale.transaction]
        else { return false }
        return draw.command == sale.command && draw.answer.signature == sale.expectedSignature
    }

    // MARK: Orders

    private mutating func check(_ entry: Ledger.OrderEntry) {
        let order = entry.order
        let sale = ledger.sales[order.transaction]
        switch order.state {
        case .paid, .delivered:
            guard let sale, isSold(sale), sale.command.amount == order.amount,
                sale.command.merchant == entry.merchant
            else {
                violations.append(.orderWithoutSale(order.transaction))
                return
            }
        case .unpaid:
            if sale?.state == .sold {
                violations.append(.orderUnpaidThoughSold(order.transaction))
            }
        case .open: break
        }
        let isDelivered = order.state == .delivered
        if entry.deliveries > 1 || (entry.deliveries == 1) != isDelivered {
            violations.append(.deliveredTwice(order.transaction))
        }
    }

    // MARK: The whole

    /// Loaded = on cards + taken for sales + open + swept + expired. Counted in minor units of all
    /// currencies together: points of each programme are counted alone as well, so that what is
    /// left is money.
    private mutating func checkConservation() {
        var (loaded, found): (UInt64, UInt64) = (0, 0)
        for entry in ledger.cards {
            loaded += entry.audit.loadedTotal
            found += entry.description?.purses.reduce(0) { $0 + $1.balance.minorUnits } ?? 0
            // What came to the successor counts as loaded there.
            found += entry.audit.movedTotal
            found += entry.audit.sweptTotal
            found += entry.audit.expiredTotal
        }
        for draw in ledger.draws.values where draw.state == .debited {
            if ledger.sales[draw.terms.transaction]?.state != .sold {
                found += draw.terms.amount.minorUnits
            }
        }
        for debit in ledger.readerDebits.values where isUnderWay(debit) {
            found += debit.command.amount.minorUnits
        }
        for sale in ledger.sales.values where sale.state == .sold {
            found += sale.command.amount.minorUnits
        }
        if loaded != found { violations.append(.conservation(loaded: loaded, found: found)) }
    }

    private mutating func checkNothingIsOpen() {
        checkNoLoadIsOpen()
        for (transaction, draw) in ledger.draws where draw.state.isOpen {
            violations.append(.stillOpen("draw \(transaction)"))
        }
        for (transaction, sale) in ledger.sales where sale.isOpen {
            violations.append(.stillOpen("sale \(transaction)"))
        }
        for (transaction, entry) in ledger.orders where entry.order.state == .open {
            violations.append(.stillOpen("order \(transaction)"))
        }
    }
}
