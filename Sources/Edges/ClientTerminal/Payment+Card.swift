// SPDX-License-Identifier: Apache-2.0

package import Foundation
import NIOHTTP1
package import Wire

extension ClientTerminal {
    /// What the shop's page says to a terminal with a card in a reader.
    package struct CardOffer: Sendable {
        /// As the shop calls itself and its article; what is paid stands in the fields.
        package let merchant: String
        package let article: String
        package let order: URL
        /// The fields of the order page.
        package let fields: [String: String]
        /// Where the payment server takes messages; the person trusts it.
        package let paymentServer: Origin
    }

    /// What became of it.
    package struct CardAnswer: Sendable {
        package var outcome: PaymentOutcome
        package var amount: String?
        package var transaction: String?
        package var facts: [ReceiptFact] = []
        package var said: [String] = []
        /// The sealed result, to be brought to the shop at this address.
        package var handover: (statusURL: String, result: String)?

        package init(_ outcome: PaymentOutcome) {
            self.outcome = outcome
        }
    }

    /// Pays with the card in the reader, over a link to the payment server.
    package typealias PayByCard = @Sendable (CardOffer, any Link) async -> CardAnswer

    /// Pays for what an address shows with the card in the reader. It never throws: whatever
    /// happens, the report says where the money is.
    package func pay(at address: URL, byCard pay: @escaping PayByCard) async -> PaymentReport {
        await visit(address) { payment in
            payment.way = .cardInReader(pay)
            return await payment.run(address)
        }
    }

    /// Goes on with a payment that was left open.
    ///
    /// `paymentServer`: as it was trusted when the payment began.
    /// `order`: the order's page, for the report, as is what was bought.
    package func finish(
        _ paymentServer: URL,
        order: URL?,
        article: String,
        _ finish: @escaping @Sendable (any Link) async -> CardAnswer
    ) async -> PaymentReport {
        await visit(paymentServer) { payment in
            payment.report.order = order
            payment.report.article = article
            return await payment.finish(paymentServer, finish)
        }
    }
}

// With a card in a reader: no card site is visited, the payment server is spoken with.
extension Payment {
    private static let paymentServerField = "payment-server-url"

    mutating func pay(
        by pay: ClientTerminal.PayByCard,
        _ page: SitePage
    ) async throws(TerminalFailure) -> SitePage? {
        guard let form = page.cardForm,
            let address = form.value(Self.paymentServerField).flatMap({ URL(string: $0) }),
            let paymentServer = Origin(address)
        else {
            _ = end(.refused, page)
            report.said = ["This shop does not take a card in a reader. Nothing was taken."]
            return nil
        }
        try check(paymentServer, address, for: page)
        let offer = ClientTerminal.CardOffer(
            merchant: Printable.line(report.merchant ?? ""),
            article: Printable.line(report.article ?? ""),
            order: page.address,
            fields: Dictionary(form.entries.map { ($0.name, $0.value) }) { first, _ in first },
            paymentServer: paymentServer
        )
        let answer = await pay(offer, navigator.link(to: paymentServer))
        await take(answer, (page.address, page.policy))
        return nil
    }

    mutating func finish(
        _ address: URL,
        _ finish: @Sendable (any Link) async -> ClientTerminal.CardAnswer
    ) async -> PaymentReport {
        guard let paymentServer = Origin(address) else { return report }
        await take(await finish(navigator.link(to: paymentServer)), nil)
        return report
    }

    /// What the card and the payment server say stands, whatever the shop makes of it.
    private mutating func take(
        _ answer: ClientTerminal.CardAnswer,
        _ page: (address: URL, policy: ReferrerPolicy)?
    ) async {
        report.outcome = answer.outcome
        report.said = answer.said
        report.transaction = answer.transaction
        report.amount = answer.amount ?? report.amount
        report.add(answer.facts)
        guard let handover = answer.handover, let transaction = answer.transaction,
            let statusURL = URL(string: handover.statusURL)
        else { return }
        do throws(TerminalFailure) {
            let body = FormEncoding.encode([
                ("transaction", transaction), ("result", handover.result),
            ])
            let step = Navigator.Step(address: statusURL, method: .POST, body: body, page: page)
            await settle(handedOver: try await open(step), isPaid: true)
        } catch {
            report.said.append(error.text)
        }
    }

    /// The card is used with no payment server but those that the person named: whoever the shop
    /// names else would learn the card's number and balance.
    private func check(
        _ paymentServer: Origin,
        _ address: URL,
        for page: SitePage
    ) throws(TerminalFailure) {
        try navigator.check(address)
        if settings.paymentServers.contains(paymentServer) { return }
        let isHere = paymentServer.isLoopback && Origin(page.address)?.isLoopback == true
        if settings.paymentServers.isEmpty, isHere { return }
        throw .addressNotAllowed(
            """
            The shop names the payment server \(paymentServer.text), which you did not. The card \
            was asked nothing. If you trust it, give --payment-server \(paymentServer.text).
            """
        )
    }
}
