// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// What is asked of a funding account: so much, for the load of a card.
package struct FundingRequest: Sendable {
    /// Of the load; the same one is authorised once.
    package let name: AuthorizationName
    /// Zero asks only whether the account is good.
    package let amount: Money
    package let account: FundingAccountNumber
    package let expiry: ExpiryMonth
    /// Its digits are compared, where it has any.
    package let address: BillingAddress
    /// For this one message; it is not stored.
    package let code: CardVerificationValue?
    package let acceptor: CardAcceptor
    package let initiation: GatewayAuthorization.Initiation

    package init(
        name: AuthorizationName,
        amount: Money,
        account: FundingAccountNumber,
        expiry: ExpiryMonth,
        address: BillingAddress,
        code: CardVerificationValue?,
        acceptor: CardAcceptor,
        initiation: GatewayAuthorization.Initiation
    ) {
        self.name = name
        self.amount = amount
        self.account = account
        self.expiry = expiry
        self.address = address
        self.code = code
        self.acceptor = acceptor
        self.initiation = initiation
    }

    /// - Returns: nil where ISO 8583 cannot say it, or the number has a wrong check digit.
    init?(_ authorization: GatewayAuthorization, of name: AuthorizationName) {
        let expiry = authorization.account.expiry
        guard let account = FundingAccountNumber(authorization.account.number),
            let expiry = ExpiryMonth(year: expiry.year, month: expiry.month),
            authorization.amount.minorUnits <= GatewayLimits.amountMax
        else { return nil }
        self.init(
            name: name,
            amount: authorization.amount,
            account: account,
            expiry: expiry,
            address: authorization.address,
            code: authorization.verificationValue,
            acceptor: authorization.acceptor,
            initiation: authorization.initiation
        )
    }

    /// What ``FundingTerms/addressHash`` is made of.
    var addressBytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.billingAddress(address)
        return writer.bytes
    }
}
