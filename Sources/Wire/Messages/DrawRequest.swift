// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The draw request: all that the payment server needs to make a security card issue S2
/// (FIG. 11A, steps 608–612; FIG. 15A, step 810). The order stands in the clear, so that the
/// payment server finds the key; the card's answers are sealed under the TSK.
package struct DrawRequest: Equatable, Sendable {
    package let terms: OrderTerms
    package let proof: OrderProof
    /// The bytes of a ``CardDraw``, sealed.
    package let sealedDraw: [UInt8]

    package init(terms: OrderTerms, proof: OrderProof, sealedDraw: [UInt8]) {
        self.terms = terms
        self.proof = proof
        self.sealedDraw = sealedDraw
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        terms = try reader.orderTerms()
        proof = try OrderProof(&reader)
        sealedDraw = try reader.counted("draw, sealed", max: PartyMessage.sealedBytesMax)
    }

    func write(to writer: inout ByteWriter) {
        writer.orderTerms(terms)
        proof.write(to: &writer)
        writer.counted(sealedDraw)
    }
}

/// What a card answered, packed so that a terminal can replay it to its security card: answer to
/// reset (counted), answer to INITIALIZE IEP for purchase 37, amount with CURR and CEXP 11,
/// transaction type 1, TRX 16, MERCH 15, card and issuer certificate (counted, empty for ALG 11);
/// with a proof of identity then the card's numbers in the programmes of the site, where there are
/// any: how many 1, and each CURR 2 and number (counted).
package struct CardDraw: Equatable, Sendable {
    package let answerToReset: [UInt8]
    package let initializeAnswer: InitializePurchaseAnswer
    package let type: TransactionType
    package let amount: Money
    package let transaction: TransactionIdentifier
    package let merchant: MerchantIdentifier
    package let cardCertificate: [UInt8]
    package let issuerCertificate: [UInt8]
    /// The word of the OPAL server: the card signs none.
    package let memberships: [Membership]

    package init(
        answerToReset: [UInt8],
        initializeAnswer: InitializePurchaseAnswer,
        type: TransactionType,
        amount: Money,
        transaction: TransactionIdentifier,
        merchant: MerchantIdentifier,
        cardCertificate: [UInt8] = [],
        issuerCertificate: [UInt8] = [],
        memberships: [Membership] = []
    ) {
        self.answerToReset = answerToReset
        self.initializeAnswer = initializeAnswer
        self.type = type
        self.amount = amount
        self.transaction = transaction
        self.merchant = merchant
        self.cardCertificate = cardCertificate
        self.issuerCertificate = issuerCertificate
        self.memberships = memberships
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "draw")
        answerToReset = try reader.counted("answer to reset", max: AnswerToReset.bytesMax)
        initializeAnswer = try InitializePurchaseAnswer(
            try reader.bytes("answer to INITIALIZE", count: InitializePurchaseAnswer.length)
        )
        type = try reader.transactionType()
        amount = try reader.money()
        transaction = try reader.transaction()
        merchant = try reader.merchant()
        cardCertificate = try reader.counted(
            "card certificate",
            max: PurchaseLimits.certificateBytesMax
        )
        issuerCertificate = try reader.counted(
            "issuer certificate",
            max: PurchaseLimits.certificateBytesMax
        )
        memberships = reader.remaining == 0 ? [] : try reader.memberships()
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 160)
        writer.counted(answerToReset)
        writer.append(initializeAnswer.bytes)
        writer.byte(type.rawValue)
        writer.money(amount)
        writer.transaction(transaction)
        writer.merchant(merchant)
        writer.counted(cardCertificate)
        writer.counted(issuerCertificate)
        if !memberships.isEmpty { writer.memberships(memberships) }
        return writer.bytes
    }
}
