// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import SecurityModule
import Wire

/// The signatures of a debit that happened, made again from its evidence.
struct DebitCheck {
    private let evidence: DebitEvidence
    private let scope: PurchaseScope
    private let session: PurchaseSessionKey
    private let proofKey: CMACKey

    init(_ evidence: DebitEvidence, of card: CardIdentifier, _ keys: ReadyMasterKeys) {
        self.evidence = evidence
        let command = evidence.command
        scope = PurchaseScope(
            type: evidence.type,
            card: card,
            number: evidence.answer.number,
            command: command
        )
        session = PurchaseSessionKey(
            cardKey: keys.purchaseKey(card),
            number: evidence.answer.number,
            random: evidence.random,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction
        )
        proofKey = keys.proofKey(card)
    }

    /// Whether S6 is right: only the issuer's module can have made it.
    var isProven: Bool {
        scope.issuerProof(
            expiry: evidence.expiry,
            balance: evidence.answer.balance,
            key: proofKey
        )
            == evidence.answer.issuerProof
    }

    /// Whether S2, S3 and S6 are right.
    var isSigned: Bool {
        isProven && session.securityCardSignature(scope) == evidence.command.signature
            && session.cardSignature(
                scope,
                completion: evidence.answer.completion,
                balance: evidence.answer.balance
            )
                == evidence.answer.signature
    }

    /// SV, as the security card makes it.
    var voidProof: Signature { session.voidProof(scope) }

    /// The command that puts this debit back.
    var recovery: RecoverValue {
        let command = evidence.command
        return RecoverValue(
            number: evidence.answer.number,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction,
            minorUnits: command.amount.minorUnits,
            voidProof: voidProof
        )
    }
}

extension DebitEvidence {
    /// Whether RECOVER VALUE names this debit.
    func isNamed(by recovery: RecoverValue) -> Bool {
        answer.number == recovery.number && command.transaction == recovery.transaction
            && command.securityCard == recovery.securityCard
            && command.securityCardNumber == recovery.securityCardNumber
            && command.amount.minorUnits == recovery.minorUnits
    }
}
