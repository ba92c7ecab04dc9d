// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import SecurityModule
package import Wire

/// KML and KMC of one issuer and version: all that the load server's side of a load needs. Where
/// the load server is one with the OPAL server, HSM 268 uses them; else module 864 holds them
/// alone.
package struct LoadKeys: Sendable {
    private let load: CMACKey
    private let completion: CMACKey

    /// - Parameters:
    ///   - load: KML.
    ///   - completion: KMC.
    package init(load: CMACKey, completion: CMACKey) {
        self.load = load
        self.completion = completion
    }

    /// KCL of a card.
    package func loadKey(_ card: CardIdentifier) -> CMACKey {
        load.deriveMAC("OPAL load card key", card.bytes)
    }

    /// KCC of a card.
    package func completionKey(_ card: CardIdentifier) -> CMACKey {
        completion.deriveMAC("OPAL completion card key", card.bytes)
    }

    /// Checks S1.
    ///
    /// - Throws: `.sealBroken`.
    package func confirm(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer
    ) throws(ModuleFailure) {
        _ = try confirmed(request, answer)
    }

    /// Checks S1 and issues S2.
    ///
    /// - Throws: `.sealBroken`.
    package func authorize(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        completion: CompletionCode
    ) throws(ModuleFailure) -> CreditIEP {
        let key = try confirmed(request, answer)
        return CreditIEP(
            completion: completion,
            transaction: request.transaction,
            minorUnits: request.amount.minorUnits,
            signature: LoadSignatures.credit(request, answer, completion: completion, key: key)
        )
    }

    /// Checks S3.
    ///
    /// - Throws: `.sealBroken`.
    package func verify(
        _ answer: CreditAnswer,
        of request: InitializeLoad,
        _ initializeAnswer: InitializeLoadAnswer
    ) throws(ModuleFailure) {
        let card = initializeAnswer.card
        let expected = LoadSignatures.completion(
            request,
            card: card,
            number: answer.number,
            completion: answer.completion,
            balance: answer.balance,
            key: completionKey(card)
        )
        guard expected == answer.signature, answer.number == initializeAnswer.number else {
            throw .sealBroken
        }
    }

    /// SN, as the card makes it.
    ///
    /// - Throws: `.sealBroken` where S1 is wrong.
    package func denial(of load: CardLoad) throws(ModuleFailure) -> Signature {
        _ = try confirmed(load.request, load.answer)
        return LoadSignatures.denial(load, key: completionKey(load.answer.card))
    }

    /// Checks SN.
    ///
    /// - Throws: `.sealBroken`.
    package func verify(denial: Signature, of load: CardLoad) throws(ModuleFailure) {
        guard try self.denial(of: load) == denial else { throw .sealBroken }
    }

    /// - Returns: KCL of the card.
    private func confirmed(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer
    ) throws(ModuleFailure) -> CMACKey {
        let key = loadKey(answer.card)
        // S1 covers the currency of the request alone: the answer must speak of the same.
        guard answer.balance.isComparable(to: request.amount),
            LoadSignatures.request(request, answer, key: key) == answer.signature
        else { throw .sealBroken }
        return key
    }
}
