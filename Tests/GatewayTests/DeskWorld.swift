// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Testing
import Wire

@testable import Simulation

/// What an OPAL server is told, without what belongs to it.
enum Word: Equatable, Sendable {
    case approved
    case declined(FundingDecline)
    case addressMismatch
    case verificationValueMismatch
    case unknown
    case reversed
    case completed
    case cancelled
    case notKnown
    case busy
    case refusal(GatewayMessage.Reason)
    case noAnswer

    init(_ message: GatewayMessage) {
        self =
            switch message {
            case .approved: .approved
            case .declined(_, let decline): .declined(decline)
            case .addressMismatch: .addressMismatch
            case .verificationValueMismatch: .verificationValueMismatch
            case .unknown: .unknown
            case .reversed: .reversed
            case .completed: .completed
            case .cancelled: .cancelled
            case .notKnown: .notKnown
            case .busy: .busy
            case .refusal(_, let reason): .refusal(reason)
            case .authorize, .complete, .cancel, .question: .noAnswer
            }
    }
}

// The gateway as OPAL servers see it.
extension GatewayWorld {
    static let otherServer = "opal-server-2"

    var desk: GatewayDesk {
        GatewayDesk(gateway: gateway, opalServers: [Self.opalServer, Self.otherServer])
    }

    func ask(
        _ message: GatewayMessage,
        from opalServer: String = opalServer
    ) async throws -> GatewayMessage {
        let answer = try GatewayMessage(await desk.answer(message.bytes, from: opalServer))
        #expect(answer.transaction == message.transaction)
        return answer
    }

    func word(
        _ message: GatewayMessage,
        from opalServer: String = opalServer
    ) async throws -> Word {
        Word(try await ask(message, from: opalServer))
    }

    /// A request that is new, for an account with these last digits.
    func authorization(
        _ cents: UInt64 = 2_500,
        ending: String = "1111",
        currency: Currency = .euro,
        code: String? = nil,
        transaction: TransactionIdentifier? = nil
    ) throws -> GatewayAuthorization {
        let expiry = try #require(AccountExpiry(year: 2028, month: 12))
        let number = try Self.account(ending: ending).digits
        return GatewayAuthorization(
            transaction: try transaction ?? name().transaction,
            amount: Money(minorUnits: cents, currency: currency, exponent: .cents),
            account: try #require(FundingAccount(number: number, expiry: expiry)),
            address: Self.address("12 Mill Lane", "CB2 1TN"),
            verificationValue: code.flatMap { CardVerificationValue(digits: $0) },
            acceptor: try Self.acceptor(),
            initiation: .person
        )
    }

    /// The gateway's process ends, and a new one has signed on.
    func restartAndSignOn() async throws {
        restartGateway()
        try await gateway.signOn()
    }

    /// What the network has of a transaction; nil where it has never heard of it.
    func hold(_ transaction: TransactionIdentifier) async throws -> FundsHoldState? {
        let name = try #require(AuthorizationName(transaction, of: Self.opalServer))
        guard let reference = try await authorizations()[name]?.retrievalReference else {
            return nil
        }
        return try await books().states[reference]
    }
}
