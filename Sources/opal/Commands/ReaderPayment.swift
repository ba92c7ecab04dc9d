// SPDX-License-Identifier: Apache-2.0

import ClientCode
import ClientTerminal
import Foundation
import Kernel
import PCSCReader
import SessionKeys
import Sites
import Wire

/// `opal pay --reader`: a payment with the card in a PC/SC reader, composed.
struct ReaderPayment: Sendable {
    let terminal: ClientTerminal
    let memory: PaymentFolder
    /// The reader's name; nil for the one with a card of the profile.
    let reader: String?
    /// Asks the person, who sees what is paid and with which card.
    let consent: @Sendable (_ bill: String) -> Bool
    private let words = Wording().reader(.english)

    init(
        terminal: ClientTerminal,
        memory: PaymentFolder,
        reader: String?,
        consent: @escaping @Sendable (_ bill: String) -> Bool
    ) {
        self.terminal = terminal
        self.memory = memory
        self.reader = reader
        self.consent = consent
    }

    // MARK: A new payment

    func pay(at address: URL) async -> PaymentReport {
        forgetPaid(await terminal.pay(at: address) { offer, link in await pay(offer, link) })
    }

    /// The result was brought to the shop, or could not be: then the shop asks for it by itself.
    private func forgetPaid(_ report: PaymentReport) -> PaymentReport {
        if [.paid, .paidNotSaved].contains(report.outcome),
            let transaction = report.transaction.flatMap({ TransactionIdentifier($0) })
        {
            try? memory.forget(transaction)
        }
        return report
    }

    private func pay(
        _ offer: ClientTerminal.CardOffer,
        _ link: any Link
    ) async -> ClientTerminal.CardAnswer {
        let page: OrderPage
        do {
            page = try OrderPage { offer.fields[$0.rawValue] }
        } catch {
            return refused("The shop's page is no order. \(CardWords.nothing)")
        }
        let channel: CardReader
        do {
            channel = CardReader(try await ReaderChoice.name(reader))
        } catch {
            return refused("\(Self.text(error)) \(CardWords.nothing)")
        }
        let end = await payment(channel, link).pay(
            page,
            paymentServer: offer.paymentServer.text,
            order: offer.order.absoluteString
        ) { card in
            consent(bill(page, offer, card))
        }
        await channel.close()
        return answer(end, page.terms)
    }

    /// The amount is that which the card will be debited, whatever the shop wrote elsewhere.
    private func bill(
        _ page: OrderPage,
        _ offer: ClientTerminal.CardOffer,
        _ card: InitializePurchaseAnswer
    ) -> String {
        """
        Pay \(words.amount(page.terms.amount)) to \(offer.merchant) (\(page.terms.merchant.text)) \
        for “\(offer.article)”.
        The card in the reader is \(card.card), with \(words.amount(card.balance)) on it.
        The payment server is \(offer.paymentServer.text).
        """
    }

    private func payment(_ channel: any CardChannel, _ link: any Link) -> CardPayment {
        CardPayment(
            channel: channel,
            link: link,
            keys: DrawSealer(),
            memory: memory,
            now: SystemClock.now
        )
    }

    // MARK: What is open

    /// Brings a payment that was left open to its end, and its result to the shop.
    func finish(_ open: OpenPayment) async -> PaymentReport {
        guard let address = URL(string: open.paymentServer) else {
            return PaymentReport(.pending)
        }
        let order = URL(string: open.order)
        let report = await terminal.finish(
            address,
            order: order,
            article: open.description
        ) { link in
            let channel: any CardChannel
            var reader: CardReader?
            do {
                let found = CardReader(try await ReaderChoice.name(self.reader))
                (channel, reader) = (found, found)
            } catch {
                // Where the sale is sold, the card is not needed.
                channel = NoCard(reason: Self.text(error))
            }
            let end = await payment(channel, link).finish(open)
            await reader?.close()
            return answer(end, open.terms)
        }
        return forgetPaid(report)
    }

    // MARK: Ends

    private func refused(_ text: String) -> ClientTerminal.CardAnswer {
        var answer = ClientTerminal.CardAnswer(.refused)
        answer.said = [text]
        return answer
    }

    private func answer(
        _ end: CardPaymentEnd,
        _ terms: OrderTerms
    ) -> ClientTerminal.CardAnswer {
        var answer: ClientTerminal.CardAnswer
        let amount = words.amount(terms.amount)
        switch end {
        case .paid(let receipt):
            answer = .init(.paidNotSaved)
            answer.facts = [
                ReceiptFact("balance", "Balance now", words.amount(receipt.balance)),
                ReceiptFact(nil, "Paid with", "card \(receipt.card) in a reader"),
            ]
            answer.handover = (
                terms.statusURL, String(decoding: receipt.resultForMerchant, as: UTF8.self)
            )
        case .notTaken(.refused(.orderAlreadyPaid)):
            answer = .init(.alreadyPaid)
        case .notTaken(let problem):
            answer = .init(problem == .notAgreed ? .notAllowed : .refused)
            answer.said = ["\(CardWords.text(problem)) \(CardWords.nothing)"]
        case .putBack(let card, let balance):
            answer = .init(.refused)
            let now = balance.map { ", which holds \(words.amount($0)) now" } ?? ""
            answer.said = [
                "The payment server gave the payment up after the card was debited. "
                    + "\(amount) was put back on the card \(card)\(now). Order again at the shop."
            ]
        case .pending(let card, let problem):
            answer = .init(.pending)
            answer.said = [
                CardWords.text(problem),
                "\(amount) may have left the card \(card). It is paid, or comes back: with the "
                    + "card in the reader, enter opal pay --reader.",
            ]
        }
        answer.amount = amount
        answer.transaction = terms.transaction.text
        return answer
    }

    private static func text(_ error: any Error) -> String {
        switch error {
        case let failure as ChannelFailure: CardWords.text(.reader(failure))
        case let failure as CommandFailure: failure.description
        default: "The reader cannot be used."
        }
    }
}

/// Stands where no card is.
private struct NoCard: CardChannel {
    let reason: String

    func transmit(_ command: [UInt8]) async throws(ChannelFailure) -> [UInt8] {
        throw .broken(reason)
    }

    func reset() async throws(ChannelFailure) -> [UInt8] { throw .broken(reason) }
}
