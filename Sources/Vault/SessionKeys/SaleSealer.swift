// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import SecurityModule
package import Wire

/// The keys of the payment server (FIG. 15A, step 812).
package struct SaleSealer: SaleSealing {
    private let directory: SharedKeyDirectory
    private let pseudonyms: KeyFamily

    package static let pseudonymKeyBytes = 32

    /// - Parameters:
    ///   - directory: the keys shared with merchants; it may change while this is in use.
    ///   - pseudonymKey: 32 bytes of the acquirer from which the names of cards are made. With
    ///     another key, each card has another name at each merchant.
    package init(directory: SharedKeyDirectory, pseudonymKey: consuming [UInt8]) {
        precondition(pseudonymKey.count == SaleSealer.pseudonymKeyBytes)
        self.directory = directory
        pseudonyms = KeyFamily(of: SymmetricKey(data: pseudonymKey))
    }

    package func session(
        for terms: OrderTerms,
        _ proof: OrderProof
    ) throws(ModuleFailure) -> any SaleSession {
        let keys = try keys(terms, proof.keyName)
        // The token first: it costs less than what follows, so that a forged order costs little.
        guard keys.isRight(proof.token, .order, terms),
            let sessionKey = try? AES.KeyWrap.unwrap(
                proof.wrappedSessionKey,
                using: keys.derivedKey
            )
        else { throw .sealBroken }
        return OpenSale(
            terms: terms,
            keyName: proof.keyName,
            orderKeys: keys,
            transactionKeys: TransactionKeys(sessionKey),
            pseudonyms: pseudonyms
        )
    }

    package func check(_ question: SaleQuestion) throws(ModuleFailure) {
        let keys = try keys(question.terms, question.keyName)
        guard keys.isRight(question.proof, .question, question.terms) else { throw .sealBroken }
    }

    package func check(_ question: RefundQuestion) throws(ModuleFailure) {
        let order = question.order
        guard let shared = directory.key(question.keyName, of: order.merchant) else {
            throw .keyUnknown
        }
        let keys = OrderKeys(shared, order.transaction, order.merchant)
        guard keys.isRight(question.proof, order) else { throw .sealBroken }
    }

    private func keys(
        _ terms: OrderTerms,
        _ name: String
    ) throws(ModuleFailure) -> OrderKeys {
        guard let shared = directory.key(name, of: terms.merchant) else { throw .keyUnknown }
        return OrderKeys(shared, terms)
    }
}

extension SaleSealer: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The keys of one sale at the payment server.
private struct OpenSale: SaleSession {
    private let terms: OrderTerms
    private let keyName: String
    private let orderKeys: OrderKeys
    private let pseudonyms: KeyFamily
    private let transactionKeys: TransactionKeys
    private let fromOPALServer: OpeningKey
    private let toOPALServer: SealingKey

    init(
        terms: OrderTerms,
        keyName: String,
        orderKeys: OrderKeys,
        transactionKeys: TransactionKeys,
        pseudonyms: KeyFamily
    ) {
        self.terms = terms
        self.keyName = keyName
        self.orderKeys = orderKeys
        self.pseudonyms = pseudonyms
        self.transactionKeys = transactionKeys
        fromOPALServer = OpeningKey(transactionKeys.toPaymentServer)
        toOPALServer = SealingKey(transactionKeys.toOPALServer)
    }

    func openDraw(_ sealed: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try fromOPALServer.open(sealed, SealedHeader(.draw, terms.transaction))
    }

    func sealCommand(_ command: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try toOPALServer.seal(command, SealedHeader(.debit, terms.transaction))
    }

    func openResponse(_ sealed: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try fromOPALServer.open(sealed, SealedHeader(.response, terms.transaction))
    }

    func sealResult(_ result: CardDebitResult) throws(ModuleFailure) -> [UInt8] {
        try toOPALServer.seal(result.bytes, SealedHeader(.resultForCard, terms.transaction))
    }

    /// - Throws: `.sealBroken` for a result that belongs to another sale or names the card by
    ///   anything but a pseudonym.
    func sealResult(_ result: MerchantDebitResult) throws(ModuleFailure) -> [UInt8] {
        try sealForMerchant(.result(of: terms), result, result.json)
    }

    private func sealForMerchant(
        _ message: SealedMessage,
        _ result: MerchantDebitResult,
        _ json: [UInt8]
    ) throws(ModuleFailure) -> [UInt8] {
        guard result.transaction == terms.transaction, result.merchant == terms.merchant,
            Pseudonym.isOne(result.cardPseudonym)
        else { throw .sealBroken }
        return try SealingKey(orderKeys.resultKey).seal(
            json,
            SealedHeader(message, terms.transaction, keyName: keyName)
        )
    }

    func sealExpectation(_ expected: ExpectedResult) throws(ModuleFailure) -> [UInt8] {
        let (result, signature) = (expected.result, expected.signature)
        switch terms.policy {
        case .opalServer:
            return try toOPALServer.seal(
                signature.bytes + sealResult(result),
                SealedHeader(.expectationForServer, terms.transaction)
            )
        case .clientTerminal:
            return try SealingKey(transactionKeys.toClientTerminal(signature)).seal(
                sealResult(result),
                SealedHeader(.resultForTerminal, terms.transaction)
            )
        case .merchant:
            return try sealForMerchant(
                .expectationForMerchant,
                result,
                result.json(expecting: signature)
            )
        case .securityCard, .paymentServer:
            preconditionFailure("What the acquirer compares is not given out.")
        }
    }

    func pseudonym(of card: CardIdentifier) throws(ModuleFailure) -> String {
        let key = pseudonyms.key("OPAL pseudonym", terms.merchant.bytes)
        let code = HMAC<SHA256>.authenticationCode(for: card.bytes, using: key)
        return Hex.text(code.prefix(Pseudonym.bytes))
    }
}

extension OpenSale: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
