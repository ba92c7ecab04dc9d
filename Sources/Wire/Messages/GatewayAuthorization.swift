// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What the gateway asks the funding network to approve. It holds an account number, and prints
/// none of it but the last four digits.
package struct GatewayAuthorization: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// An amount of zero asks only whether the account is good.
    package let amount: Money
    package let account: FundingAccount
    package let address: BillingAddress
    /// Given by the person this one time; nobody keeps it, and where none is given none is
    /// compared.
    package let verificationValue: CardVerificationValue?
    package let acceptor: CardAcceptor
    package let initiation: Initiation

    /// Who asks for the money.
    package enum Initiation: UInt8, CaseIterable, Sendable {
        /// The holder of the account, who waits for the answer.
        case person = 1
        /// A standing order that the holder of the account has given.
        case standingOrder = 2
    }

    package init(
        transaction: TransactionIdentifier,
        amount: Money,
        account: FundingAccount,
        address: BillingAddress,
        verificationValue: CardVerificationValue?,
        acceptor: CardAcceptor,
        initiation: Initiation
    ) {
        self.transaction = transaction
        self.amount = amount
        self.account = account
        self.address = address
        self.verificationValue = verificationValue
        self.acceptor = acceptor
        self.initiation = initiation
    }

    /// Whether a repeat asks for the same: all but CVV2, which nobody keeps.
    package func hasSameTerms(as other: GatewayAuthorization) -> Bool {
        transaction == other.transaction && amount == other.amount && account == other.account
            && address == other.address && acceptor == other.acceptor
            && initiation == other.initiation
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        transaction = try reader.transaction()
        amount = try reader.money()
        account = try reader.fundingAccount()
        address = try reader.billingAddress()
        let digits = try reader.text(
            "CVV2",
            bytesMax: CardVerificationValue.digits.upperBound
        )
        if digits.isEmpty {
            verificationValue = nil
        } else {
            guard let value = CardVerificationValue(digits: digits) else {
                throw reader.failure("CVV2", .invalid)
            }
            verificationValue = value
        }
        acceptor = try CardAcceptor(&reader)
        initiation = try reader.value("initiation", bytes: 1) { Initiation(rawValue: UInt8($0)) }
    }

    func write(to writer: inout ByteWriter) {
        writer.transaction(transaction)
        writer.money(amount)
        writer.fundingAccount(account)
        writer.billingAddress(address)
        writer.text(verificationValue?.digits ?? "")
        acceptor.write(to: &writer)
        writer.byte(initiation.rawValue)
    }
}

extension GatewayAuthorization: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var description: String { "(authorization \(transaction), account \(account))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
