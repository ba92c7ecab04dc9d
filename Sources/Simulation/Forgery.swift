// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Wire

/// What is wrong with a card's answer to DEBIT IEP. It is sealed like a right one.
package enum Forgery: CaseIterable, Sendable {
    case signature, number, balance

    /// The answer with that changed.
    package func applied(to answer: DebitAnswer) -> DebitAnswer {
        DebitAnswer(
            completion: answer.completion,
            number: answer.number ^ (self == .number ? 1 : 0),
            balance: answer.balance ^ (self == .balance ? 1 : 0),
            signature: Signature(bits: answer.signature.bits ^ (self == .signature ? 1 : 0)),
            issuerProof: answer.issuerProof
        )
    }

    /// What it changes, for a story.
    var word: String {
        switch self {
        case .signature: "S3"
        case .number: "number"
        case .balance: "balance"
        }
    }
}
