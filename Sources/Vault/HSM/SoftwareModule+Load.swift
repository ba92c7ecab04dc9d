// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Keys
package import SecurityModule
package import Wire

// The load server's module 864, where it is one with the HSM of the OPAL server.
extension SoftwareModule {
    package func authorize(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        completion: CompletionCode
    ) async throws(ModuleFailure) -> CreditIEP {
        let key = try keys(of: answer.card, version: answer.loadKeyVersion).loadKey(answer.card)
        // S1 covers the currency of the request alone: the answer must speak of the same.
        guard answer.balance.isComparable(to: request.amount),
            LoadSignatures.request(request, answer, key: key) == answer.signature
        else { throw .sealBroken }
        return CreditIEP(
            completion: completion,
            transaction: request.transaction,
            minorUnits: request.amount.minorUnits,
            signature: LoadSignatures.credit(request, answer, completion: completion, key: key)
        )
    }

    package func verify(
        _ answer: CreditAnswer,
        to credit: CreditIEP,
        of request: InitializeLoad,
        _ initializeAnswer: InitializeLoadAnswer
    ) async throws(ModuleFailure) {
        let card = initializeAnswer.card
        let key = try keys(of: card, version: initializeAnswer.loadKeyVersion).completionKey(card)
        let expected = LoadSignatures.completion(
            request,
            card: card,
            number: answer.number,
            completion: answer.completion,
            balance: answer.balance,
            key: key
        )
        guard expected == answer.signature, answer.number == initializeAnswer.number else {
            throw .sealBroken
        }
    }
}
