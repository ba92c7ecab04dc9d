// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// A payment with a card in a reader that has not come to its end, as the client terminal remembers
/// it from before the debit on. It holds the TSK, so that it is a secret. Format 1: card 8, NT 4,
/// order terms, TSK (counted), description (counted), address of the payment server (counted),
/// address of the order (counted), DEBIT IEP 69, whether the card's answer is known 1, the answer.
package struct OpenPayment: Equatable, Sendable {
    private static let format: UInt8 = 1
    package static let addressBytesMax = 8192
    /// The longest one in bytes; what is longer was not written by us.
    package static let bytesMax = 32 * 1024

    package let card: CardIdentifier
    /// NT of the debit.
    package let number: UInt32
    package let terms: OrderTerms
    package let sessionKey: SessionKeyText
    package let description: String
    /// Where the payment server takes messages, `scheme://host:port`.
    package let paymentServer: String
    /// The order's page, for the person.
    package let order: String
    package let command: DebitIEP
    /// Nil where DEBIT IEP was given to the card and no answer has come back.
    package var answer: DebitAnswer?

    package init(
        card: CardIdentifier,
        number: UInt32,
        page: OrderPage,
        paymentServer: String,
        order: String,
        command: DebitIEP
    ) {
        self.card = card
        self.number = number
        terms = page.terms
        sessionKey = page.sessionKey
        description = page.description
        self.paymentServer = paymentServer
        self.order = order
        self.command = command.restoring(page.terms)
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "open payment")
        guard try reader.byte("format") == OpenPayment.format else {
            throw reader.failure("format", .invalid)
        }
        card = try reader.card()
        number = try reader.number("NT")
        terms = try reader.orderTerms()
        guard let key = SessionKeyText(try reader.text("TSK", bytesMax: 43)) else {
            throw reader.failure("TSK", .invalid)
        }
        sessionKey = key
        description = try reader.text("description", bytesMax: PurchaseLimits.descriptionBytesMax)
        paymentServer = try reader.text("payment server", bytesMax: OpenPayment.addressBytesMax)
        order = try reader.text("order", bytesMax: OpenPayment.addressBytesMax)
        command = try DebitIEP(try reader.bytes("DEBIT IEP", count: DebitIEP.length))
        answer =
            try reader.byte("answer") == 0
            ? nil : try DebitAnswer(try reader.bytes("answer", count: DebitAnswer.length))
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.byte(OpenPayment.format)
        writer.card(card)
        writer.number(number)
        writer.orderTerms(terms)
        writer.text(sessionKey.reveal())
        writer.text(description)
        writer.text(paymentServer)
        writer.text(order)
        writer.append(command.bytes)
        writer.byte(answer == nil ? 0 : 1)
        if let answer { writer.append(answer.bytes) }
        return writer.bytes
    }
}

/// Where the client terminal remembers what is open. What it keeps survives a crash.
package protocol PaymentMemory: Sendable {
    /// Keeps a payment, over the one of the same transaction. It is durable when this returns.
    func keep(_ payment: OpenPayment) throws(PaymentMemoryFailure)
    func forget(_ transaction: TransactionIdentifier) throws(PaymentMemoryFailure)
}

/// Nothing could be written, or nobody knows whether it was; the text is for the person.
package struct PaymentMemoryFailure: Error, Equatable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }
}
