// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// Where OPAL servers ask the payment gateway for funds: a request first moves the authorisation,
/// if it can, and the answer is what it is afterwards (the table in `docs/messages/gateway.md`).
///
/// It keeps nothing: whatever it answers follows from what ``FundingGateway`` has made durable.
package struct GatewayDesk: LinkService {
    private let gateway: FundingGateway
    /// By the names of their links: nobody else is served.
    private let opalServers: Set<String>

    /// `opalServers`: names of at most 48 bytes (``AuthorizationName/opalServerBytes``); an OPAL
    ///     server with a longer one is not served.
    package init(gateway: FundingGateway, opalServers: Set<String>) {
        self.gateway = gateway
        self.opalServers = opalServers
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        await reply(to: request, from: peer).bytes
    }

    private func reply(to request: [UInt8], from peer: String) async -> GatewayMessage {
        let message: GatewayMessage
        do throws(WireFailure) {
            message = try GatewayMessage(request)
        } catch {
            let isServed = opalServers.contains(peer)
            return .refusal(.transaction(of: request), isServed ? .malformed : .notServed)
        }
        let transaction = message.transaction
        guard opalServers.contains(peer), let name = AuthorizationName(transaction, of: peer) else {
            return .refusal(transaction, .notServed)
        }
        switch message {
        case .authorize, .complete, .cancel:
            // A question about it asks whether the gateway answers; it belongs to no load.
            if transaction == .unknown { return .refusal(transaction, .malformed) }
            return await moved(by: message, name)
        case .question: return await told(of: name)
        default: return .refusal(transaction, .unknownMessage)
        }
    }

    /// What the OPAL server is told of a transaction now.
    private func told(of name: AuthorizationName) async -> GatewayMessage {
        do throws(GatewayFailure) {
            let known = try await gateway.authorization(of: name)
            return known.map(GatewayMessage.init(telling:)) ?? .notKnown(name.transaction)
        } catch {
            return .busy(name.transaction)
        }
    }

    private func moved(by message: GatewayMessage, _ name: AuthorizationName) async
        -> GatewayMessage
    {
        do throws(GatewayFailure) {
            switch message {
            case .authorize(let authorization):
                guard let request = FundingRequest(authorization, of: name) else {
                    return .refusal(name.transaction, .malformed)
                }
                return GatewayMessage(telling: try await gateway.authorize(request))
            case .complete: return GatewayMessage(telling: try await gateway.complete(name))
            default: return GatewayMessage(telling: try await gateway.cancel(name))
            }
        } catch .transactionMismatch {
            return .refusal(name.transaction, .termsDiffer)
        } catch .currencyNotTaken {
            return .refusal(name.transaction, .currencyNotTaken)
        } catch .notEncodable, .amountTooLarge {
            return .refusal(name.transaction, .malformed)
        } catch .inProgress {
            return .unknown(name.transaction)
        } catch .unknownTransaction {
            return .notKnown(name.transaction)
        } catch {
            return await inDoubt(message, name)
        }
    }

    /// The store, say, did not work: the step may be durable all the same, and the network may have
    /// been asked.
    private func inDoubt(_ message: GatewayMessage, _ name: AuthorizationName) async
        -> GatewayMessage
    {
        switch await told(of: name) {
        case .notKnown: .busy(name.transaction)
        // Nothing can be said of it; *busy* would say that nothing has moved.
        case .busy: .unknown(name.transaction)
        case let answer: answer
        }
    }
}

extension GatewayMessage {
    /// What an OPAL server is told of an authorisation.
    fileprivate init(telling authorization: Authorization) {
        let transaction = authorization.name.transaction
        self =
            switch authorization.state {
            case .asked: .unknown(transaction)
            case .completing, .completed: .completed(transaction)
            case .cancelling, .cancelled: .cancelled(transaction)
            case .approved, .verified, .declined, .reversing, .reversed:
                switch authorization.outcome {
                case .approved(let code): .approved(transaction, code: code)
                case .declined(let response): .declined(transaction, FundingDecline(response))
                case .notSent: .declined(transaction, .issuerUnavailable)
                case .addressMismatch: .addressMismatch(transaction)
                case .codeMismatch: .verificationValueMismatch(transaction)
                case .unknown where authorization.state == .reversed: .reversed(transaction)
                case .unknown, nil: .unknown(transaction)
                }
            }
    }
}

extension TransactionIdentifier {
    /// That of a message which is not readable otherwise: behind version and type.
    fileprivate static func transaction(of message: [UInt8]) -> TransactionIdentifier {
        guard message.first == GatewayMessage.version, message.count >= 18,
            let transaction = TransactionIdentifier(Hex.text(Array(message[2..<18])))
        else { return .unknown }
        return transaction
    }
}
