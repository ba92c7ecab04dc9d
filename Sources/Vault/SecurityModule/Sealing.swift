// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// What the merchant module 232 asks of its keys (FIG. 15A, steps 802–808; FIG. 15B, step 824).
package protocol OrderSealing: Sendable {
    /// Makes TSK, ETSK and order token for an order.
    ///
    /// `random`: 32 fresh random bytes, which become the TSK.
    /// Throws `.keyUnknown`.
    func seal(_ terms: OrderTerms, random: [UInt8]) async throws(ModuleFailure) -> SealedOrder

    /// Opens a Debit Result M.
    ///
    /// `compact`: the JWE in compact form, ASCII.
    /// Throws `.sealBroken` unless it was sealed for this merchant and this transaction.
    func openResult(_ compact: [UInt8], of terms: OrderTerms, keyName: String)
        async throws(ModuleFailure) -> MerchantDebitResult

    /// Opens what the payment server expects of the card (FIG. 8).
    ///
    /// `compact`: the JWE in compact form, ASCII.
    /// Throws `.sealBroken` unless it was sealed for this merchant and this transaction.
    func openExpectation(_ compact: [UInt8], of terms: OrderTerms, keyName: String)
        async throws(ModuleFailure) -> ExpectedResult

    /// Proves a question by transaction id.
    func question(_ terms: OrderTerms, keyName: String) async throws(ModuleFailure)
        -> SaleQuestion

    /// Proves an order to refund, with a key that proves nothing else.
    ///
    /// - Throws: `.keyUnknown`.
    func question(_ order: RefundOrder, keyName: String) async throws(ModuleFailure)
        -> RefundQuestion
}

/// What the order page carries.
package struct SealedOrder: Sendable {
    package let proof: OrderProof
    package let sessionKey: SessionKeyText

    package init(proof: OrderProof, sessionKey: SessionKeyText) {
        self.proof = proof
        self.sessionKey = sessionKey
    }
}

/// What the payment module 228 asks of its keys, for one transaction (FIG. 15A, step 812).
package protocol SaleSealing: Sendable {
    /// Checks the order token and unwraps the TSK.
    ///
    /// - Throws: `.keyUnknown` for a merchant or key name without key, `.sealBroken` for a token
    ///   or an ETSK that is not theirs.
    func session(for terms: OrderTerms, _ proof: OrderProof) async throws(ModuleFailure)
        -> any SaleSession

    /// Checks the proof of a merchant's question.
    ///
    /// - Throws: `.keyUnknown`, `.sealBroken`.
    func check(_ question: SaleQuestion) async throws(ModuleFailure)

    /// Checks the proof of a merchant's order to refund.
    ///
    /// - Throws: `.keyUnknown`, `.sealBroken`.
    func check(_ question: RefundQuestion) async throws(ModuleFailure)
}

/// The keys of one sale at the payment server.
package protocol SaleSession: Sendable {
    /// Opens the card's part of a draw request.
    func openDraw(_ sealed: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    /// Seals DEBIT IEP for the OPAL server.
    func sealCommand(_ command: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    /// Opens the card's answer to it: status word and answer data.
    func openResponse(_ sealed: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    /// Seals Debit Result C for the OPAL server.
    func sealResult(_ result: CardDebitResult) async throws(ModuleFailure) -> [UInt8]
    /// Seals Debit Result M for the merchant alone.
    func sealResult(_ result: MerchantDebitResult) async throws(ModuleFailure) -> [UInt8]
    /// Seals what is expected of the card for who compares, by the policy of the order: the OPAL
    /// server, the client terminal or the merchant (FIGS. 7 and 8).
    func sealExpectation(_ expected: ExpectedResult) async throws(ModuleFailure) -> [UInt8]
    /// The name of this card for this merchant: stable, 32 hexadecimal digits, and of no use to
    /// find the card or the same card at another merchant.
    func pseudonym(of card: CardIdentifier) async throws(ModuleFailure) -> String
}

/// What the client code asks of the transaction session key (FIG. 15A, step 810).
package protocol DrawSealing: Sendable {
    /// The sealing of one transaction under its TSK.
    func session(_ key: SessionKeyText, _ transaction: TransactionIdentifier) async
        -> any DrawSession
}

/// The keys of one purchase at the OPAL server.
package protocol DrawSession: Sendable {
    func sealDraw(_ draw: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    func openCommand(_ sealed: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    func sealResponse(_ response: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    func openResult(_ sealed: [UInt8]) async throws(ModuleFailure) -> CardDebitResult

    /// Compares S3 for the OPAL server (FIG. 13, step 732).
    ///
    /// - Returns: Debit Result M in compact form; nil where this is not the expected S3.
    /// - Throws: `.sealBroken`.
    func compare(_ signature: Signature, _ expectation: [UInt8]) async throws(ModuleFailure)
        -> [UInt8]?

    /// Compares S3 as the client terminal does (FIG. 7, variation): with the expected S3, and with
    /// no other, the result opens.
    ///
    /// - Returns: Debit Result M in compact form.
    /// - Throws: `.sealBroken`, also where this is not the expected S3.
    func unlock(_ locked: [UInt8], with signature: Signature) async throws(ModuleFailure)
        -> [UInt8]
}

/// Seals what a party stores: bound to the party, to what the record is and to its revision.
package protocol RecordSealing: Sendable {
    /// `name`: the kind of the record and its key, so that a record is of no use in another place.
    /// `revision`: the revision that the record will have.
    func seal(_ body: [UInt8], name: [UInt8], revision: UInt64) async throws(ModuleFailure)
        -> [UInt8]

    /// - Throws: `.sealBroken`.
    func open(_ sealed: [UInt8], name: [UInt8], revision: UInt64) async throws(ModuleFailure)
        -> [UInt8]

    /// The next row of a stream of history: its hash follows from the row before.
    ///
    /// `previous`: 32 bytes, zero before the first row.
    func chain(_ body: [UInt8], stream: [UInt8], number: UInt64, previous: [UInt8])
        async throws(ModuleFailure) -> ChainedRow
}

/// Keeps passwords: as a slow hash that is of no use without the module's key.
package protocol PasswordModule: Sendable {
    /// `salt`: 16 fresh random bytes.
    func hash(_ password: String, salt: [UInt8]) async throws(ModuleFailure) -> [UInt8]

    /// Whether the password is the one that was hashed; takes the same time for both answers.
    func matches(_ password: String, _ hash: [UInt8]) async throws(ModuleFailure) -> Bool
}
