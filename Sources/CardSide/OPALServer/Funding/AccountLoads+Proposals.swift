// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

// Transactions of loads are made here and nowhere else. A person gets one with the confirmation and
// sends it back; were it theirs to choose, it could be that of a load from a bank, which the card's
// history then has twice, or one that the gateway does not take.
extension AccountLoads {
    /// A load with a transaction of its own, to be confirmed: what ``begin(_:)`` takes.
    package func proposal(
        by payer: UserKey,
        onto card: CardIdentifier,
        of amount: Money,
        purpose: AccountLoadPurpose,
        verificationValue: CardVerificationValue? = nil
    ) -> AccountLoadRequest {
        request(
            TransactionIdentifier(at: now(), random: users.random.pair()),
            by: payer,
            onto: card,
            of: amount,
            purpose: purpose,
            verificationValue: verificationValue
        )
    }

    /// `transaction`: made by this server, never one that somebody has sent.
    package func request(
        _ transaction: TransactionIdentifier,
        by payer: UserKey,
        onto card: CardIdentifier,
        of amount: Money,
        purpose: AccountLoadPurpose,
        verificationValue: CardVerificationValue? = nil
    ) -> AccountLoadRequest {
        AccountLoadRequest(
            transaction: transaction,
            proof: proof(of: transaction, payer, card, amount, purpose),
            payer: payer,
            card: card,
            amount: amount,
            purpose: purpose,
            verificationValue: verificationValue
        )
    }

    /// Whether this server has made the transaction for this load.
    func isOwn(_ request: AccountLoadRequest) -> Bool {
        ConstantTime.isEqual(
            request.proof,
            proof(
                of: request.transaction,
                request.payer,
                request.card,
                request.amount,
                request.purpose
            )
        )
    }

    /// HMAC-SHA256 of TRX 16, payer 32, card 8, CURR 2, CEXP 1, M 8, purpose 1.
    private func proof(
        of transaction: TransactionIdentifier,
        _ payer: UserKey,
        _ card: CardIdentifier,
        _ amount: Money,
        _ purpose: AccountLoadPurpose
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 68)
        writer.append(transaction.bytes)
        writer.append(payer.bytes)
        writer.card(card)
        writer.money(amount)
        writer.byte(purpose.rawValue)
        return users.hashes.accountLoad(writer.bytes)
    }
}
