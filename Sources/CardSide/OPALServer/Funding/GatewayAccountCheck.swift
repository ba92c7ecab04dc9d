// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// Has the payment gateway ask whether a funding account is good: an authorization of zero, with
/// CVV2 and address (FIG. 10, step 502).
package struct GatewayAccountCheck: FundingAccountCheck {
    private let gateway: any Link
    private let acceptor: CardAcceptor
    private let currency: Currency
    private let exponent: Exponent
    private let random: any RandomSource
    private let now: @Sendable () -> Instant

    /// `currency`, `exponent`: those of the issuer's cards; the amount is zero.
    package init(
        gateway: any Link,
        acceptor: CardAcceptor,
        currency: Currency,
        exponent: Exponent,
        random: any RandomSource,
        now: @escaping @Sendable () -> Instant
    ) {
        self.gateway = gateway
        self.acceptor = acceptor
        self.currency = currency
        self.exponent = exponent
        self.random = random
        self.now = now
    }

    package func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer {
        let question = GatewayAuthorization(
            transaction: TransactionIdentifier(at: now(), random: random.pair()),
            amount: Money(minorUnits: 0, currency: currency, exponent: exponent),
            account: account,
            address: address,
            verificationValue: verificationValue,
            acceptor: acceptor,
            initiation: .person
        )
        // Nothing is owed for it, so that nothing has to be remembered.
        guard let reply = try? await gateway.request(GatewayMessage.authorize(question).bytes),
            let answer = try? GatewayMessage(reply), answer.transaction == question.transaction
        else { return .unavailable }
        return switch answer {
        case .approved: .accepted
        case .addressMismatch: .refused(.addressWrong)
        case .verificationValueMismatch: .refused(.verificationValueWrong)
        case .declined(_, .accountUnknown): .refused(.unknownAccount)
        case .declined(_, .accountExpired): .refused(.expired)
        case .declined(_, .issuerUnavailable): .unavailable
        case .declined: .refused(.declined)
        default: .unavailable
        }
    }
}
