// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// What a load page and an inquiry page carry, as an order page does.
package typealias SealedLoadOrder = SealedOrder

/// What the bank asks of its keys (FIG. 18A, steps 872–875; FIG. 18C, step 892).
package protocol LoadOrderSealing: Sendable {
    /// Makes TSK, ETSK and load token for a load.
    ///
    /// `random`: 32 fresh random bytes, which become the TSK.
    /// Throws `.keyUnknown`.
    func seal(_ terms: LoadTerms, random: [UInt8]) async throws(ModuleFailure) -> SealedLoadOrder

    /// Makes TSK, ETSK and inquiry token for a question about a card.
    ///
    /// `random`: 32 fresh random bytes, which become the TSK.
    /// Throws `.keyUnknown`.
    func seal(_ inquiry: CardInquiry, random: [UInt8]) async throws(ModuleFailure)
        -> SealedLoadOrder

    /// Opens a Load Result.
    ///
    /// `compact`: the JWE in compact form, ASCII.
    /// Throws `.sealBroken` unless it was sealed for this bank and this transaction.
    func openResult(_ compact: [UInt8], of terms: LoadTerms, keyName: String)
        async throws(ModuleFailure) -> BankLoadResult

    /// Opens a card's information.
    ///
    /// `compact`: the JWE in compact form, ASCII.
    /// Throws `.sealBroken` unless it was sealed for this bank and this inquiry.
    func openInformation(_ compact: [UInt8], of inquiry: CardInquiry, keyName: String)
        async throws(ModuleFailure) -> CardInformation

    /// Proves a question by transaction id.
    func question(_ terms: LoadTerms, keyName: String) async throws(ModuleFailure)
        -> LoadQuestion
}

/// What the load server asks of its keys, for one transaction (FIG. 18D, step 895).
package protocol LoadSealing: Sendable {
    /// Checks the load token and unwraps the TSK.
    ///
    /// - Throws: `.keyUnknown` for a bank or key name without key, `.sealBroken` for a token or an
    ///   ETSK that is not theirs.
    func session(for terms: LoadTerms, _ proof: LoadProof) async throws(ModuleFailure)
        -> any LoadSession

    /// Checks the inquiry token and unwraps the TSK.
    ///
    /// - Throws: as for a load.
    func session(for inquiry: CardInquiry, _ proof: LoadProof) async throws(ModuleFailure)
        -> any InquirySession

    /// Checks the proof of a bank's question.
    ///
    /// - Throws: `.keyUnknown`, `.sealBroken`.
    func check(_ question: LoadQuestion) async throws(ModuleFailure)

    /// Seals a Load Result for the bank alone, also where the transaction never came here.
    ///
    /// `keyName`: the key that the bank used.
    /// Throws `.keyUnknown`; `.sealBroken` for a result that belongs to another load.
    func sealResult(_ result: BankLoadResult, of terms: LoadTerms, keyName: String)
        async throws(ModuleFailure) -> [UInt8]

    /// The name of this card for this bank.
    func pseudonym(of card: CardIdentifier, at bank: BankIdentifier)
        async throws(ModuleFailure) -> CardPseudonym
}

/// The keys of one load at the load server.
package protocol LoadSession: Sendable {
    /// Opens the card's part of a load request.
    func openLoad(_ sealed: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    /// Seals CREDIT IEP for the OPAL server.
    func sealCommand(_ command: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    /// Opens the card's answer to it: answer data and status word.
    func openResponse(_ sealed: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    /// Opens a negative response.
    func openNegative(_ sealed: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    /// Seals the Load Result for the OPAL server.
    func sealResult(_ result: CardLoadResult) async throws(ModuleFailure) -> [UInt8]
}

/// The keys of one inquiry at the load server.
package protocol InquirySession: Sendable {
    /// Opens the card's answer to a zero-value request.
    func openCard(_ sealed: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    /// Seals a card's information for the bank alone.
    func sealInformation(_ information: CardInformation) async throws(ModuleFailure) -> [UInt8]
}

/// What the OPAL server asks of the transaction session key of a load (FIG. 18A, step 876).
package protocol CreditSealing: Sendable {
    /// The sealing of one transaction under its TSK.
    func session(_ key: SessionKeyText, _ transaction: TransactionIdentifier) async
        -> any CreditSession
}

/// The keys of one load, or of one inquiry, at the OPAL server.
package protocol CreditSession: Sendable {
    func sealLoad(_ load: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    func openCommand(_ sealed: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    func sealResponse(_ response: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    func sealNegative(_ response: [UInt8]) async throws(ModuleFailure) -> [UInt8]
    func openResult(_ sealed: [UInt8]) async throws(ModuleFailure) -> CardLoadResult
    func sealCard(_ load: [UInt8]) async throws(ModuleFailure) -> [UInt8]
}
