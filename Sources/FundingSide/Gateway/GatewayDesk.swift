// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// Where OPAL servers ask the payment gateway for funds (`docs/messages/gateway.md`).
package struct GatewayDesk: LinkService {
    private let gateway: FundingGateway
    /// By the names of their links: nobody else is served.
    private let opalServers: Set<String>

    package init(gateway: FundingGateway, opalServers: Set<String>) {
        self.gateway = gateway
        self.opalServers = opalServers
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard let message = try? GatewayMessage(request) else {
            return GatewayMessage.refusal(TransactionIdentifier(high: 0, low: 0), .malformed).bytes
        }
        guard opalServers.contains(peer) else {
            return GatewayMessage.refusal(message.transaction, .notServed).bytes
        }
        let transaction = message.transaction
        do throws(GatewayFailure) {
            switch message {
            case .authorize(let authorization):
                guard let request = FundingRequest(authorization) else {
                    return GatewayMessage.refusal(transaction, .malformed).bytes
                }
                return Self.told(try await gateway.authorize(request)).bytes
            case .complete: return Self.told(try await gateway.complete(transaction)).bytes
            case .cancel: return Self.told(try await gateway.cancel(transaction)).bytes
            case .question:
                return Self.told(try await gateway.authorization(of: transaction)).bytes
            default: return GatewayMessage.refusal(transaction, .unknownMessage).bytes
            }
        } catch {
            return Self.told(error, of: transaction).bytes
        }
    }

    private static func told(_ authorization: Authorization) -> GatewayMessage {
        let transaction = authorization.transaction
        switch authorization.outcome {
        case .declined(let response):
            return .declined(transaction, FundingDecline(response))
        case .notSent: return .declined(transaction, .issuerUnavailable)
        case .addressMismatch: return .addressMismatch(transaction)
        case .codeMismatch: return .verificationValueMismatch(transaction)
        case .approved(let code) where authorization.state == .approved:
            return .approved(transaction, code: code)
        case .approved, .unknown, nil: break
        }
        return switch authorization.state {
        case .completing, .completed: .completed(transaction)
        case .reversed where authorization.outcome == .unknown: .reversed(transaction)
        case .reversing where authorization.outcome == .unknown: .unknown(transaction)
        case .reversing, .reversed: .cancelled(transaction)
        case .asked, .approved, .declined: .unknown(transaction)
        }
    }

    private static func told(
        _ failure: GatewayFailure,
        of transaction: TransactionIdentifier
    ) -> GatewayMessage {
        switch failure {
        case .transactionMismatch: .refusal(transaction, .termsDiffer)
        case .amountNotSupported: .refusal(transaction, .currencyNotTaken)
        case .notEncodable: .refusal(transaction, .malformed)
        case .unknownTransaction: .notKnown(transaction)
        case .inProgress, .notApproved: .unknown(transaction)
        case .alreadyCompleted: .completed(transaction)
        default: .busy(transaction)
        }
    }
}

extension FundingRequest {
    /// - Returns: nil where the account is none that the network can be asked about.
    fileprivate init?(_ authorization: GatewayAuthorization) {
        let expiry = authorization.account.expiry
        guard let account = FundingAccountNumber(authorization.account.number),
            let expiry = ExpiryMonth(year: expiry.year, month: expiry.month)
        else { return nil }
        self.init(
            transaction: authorization.transaction,
            amount: authorization.amount,
            account: account,
            expiry: expiry,
            address: AddressVerification(
                street: authorization.address.street,
                postalCode: authorization.address.postalCode
            ),
            code: authorization.verificationValue.flatMap { VerificationCode($0.digits) }
        )
    }
}
