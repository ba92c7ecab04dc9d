// SPDX-License-Identifier: Apache-2.0

import Bank
import ClearingHouse
import Kernel
import LoadServer
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Wire

/// Tells the records of one transaction as a story.
struct StoryWriter {
    /// Who checks what.
    enum Checker {
        static let issuer = "the issuer's module"
        static let securityCard = "the security card"
        static let loadModule = "the load server's module"
        static let noIssuer = "only the issuer's module has the key"
    }

    let records: StoryRecords
    let reader: Reader

    init(_ records: StoryRecords, _ reader: Reader) {
        self.records = records
        self.reader = reader
    }

    var story: Story {
        let steps =
            orderSteps + saleSteps + cardSteps + drawSteps + loadSteps + holdSteps + clearingSteps
        return Story(
            transaction: records.transaction,
            title: title,
            amount: amount,
            money: isOfLoad ? loadMoney : purchaseMoney.followed(by: refundText),
            facts: facts,
            steps: steps.sorted { $0.order < $1.order },
            otherHalf: terms?.otherHalf?.transaction,
            card: records.hasCardSide ? card : nil
        )
    }

    // MARK: What it is

    var sale: SaleRecord? { records.sale?.line.sale }

    var draw: DrawRecord? {
        if case .found(let draw) = records.draw { draw } else { nil }
    }

    var isOfLoad: Bool {
        records.load != nil || records.accountLoad != nil || records.authorization != nil
            || !records.holds.isEmpty
    }

    var terms: OrderTerms? { draw?.terms ?? sale?.request.terms }

    /// Whether the value was put back on the card.
    var isPutBack: Bool {
        records.evidence.contains { if case .recovery = $0.entry.event { true } else { false } }
    }

    private var title: String {
        if isOfLoad { return "Load" }
        if sale?.draw.type == .authentication { return "Proof of identity" }
        return isPutBack || draw?.state == .recovered ? "Purchase, put back" : "Purchase"
    }

    var amount: Money? {
        terms?.amount ?? records.readerDebit?.command.amount
            ?? records.load?.load?.terms.amount ?? records.accountLoad?.amount
            ?? records.authorization?.line.record?.terms.amount ?? records.holds.first?.hold.amount
            ?? elsewhereAmount
    }

    /// Where neither card nor payment server is in this process.
    private var elsewhereAmount: Money? {
        let ordered = records.orders.lazy.compactMap(\.order?.amount).first
        return ordered ?? records.cleared?.sale.amount
    }

    var amountText: String { amount.map { reader.amount($0) } ?? "An amount that is not read" }

    var card: CardIdentifier? {
        draw?.card ?? sale?.draw.initializeAnswer.card ?? records.readerDebit?.card
            ?? records.load?.load?.card ?? records.accountLoad?.card
            ?? records.authorization?.line.record?.load?.answer.card
    }

    var cardText: String { card.map { "card \($0.masked)" } ?? "the card" }

    private var facts: [[String: Any]] {
        var facts: [[String: Any]] = []
        func add(_ label: String, _ value: String?, isCode: Bool = false) {
            if let value { facts.append(Shape.fact(label, value, isCode: isCode)) }
        }
        add("Card", card?.masked)
        let number = draw?.answer.number ?? sale?.draw.initializeAnswer.number
        add("Its number", (number ?? records.readerDebit?.number).map { "\($0)" })
        let merchant = terms?.merchant ?? records.cleared?.sale.merchant
        add("Merchant", merchant?.text, isCode: true)
        for order in records.orders {
            add("Order at \(order.shop)", OrderNumber.text(records.transaction), isCode: true)
            add("Article", order.order?.article.title)
        }
        let command = draw?.command ?? sale?.command ?? records.readerDebit?.command
        add("Security card", command?.securityCard.text, isCode: true)
        add("Its number of the sale", command.map { "\($0.securityCardNumber)" })
        add("Terminal", sale?.terminal)
        add("Payment server", draw?.paymentServer)
        add("Compared by", terms.map { SaleWords.place($0.policy) })
        add("Bank", records.load?.load?.page.bankName)
        for hold in records.holds { add("Account at \(hold.bank)", hold.hold.account.masked) }
        add("Account", records.accountLoad?.account.map { "•••• \($0.lastFour)" })
        return facts
    }
}
