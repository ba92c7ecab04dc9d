// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// What follows from the answer to a request for funds, or from its absence.
struct AuthorizationDecision: Equatable {
    let event: FundsAuthorizationEvent
    let outcome: AuthorizationOutcome

    private init(_ event: FundsAuthorizationEvent, _ outcome: AuthorizationOutcome) {
        self.event = event
        self.outcome = outcome
    }

    /// The network may have held the funds; nobody knows.
    static let unanswered = AuthorizationDecision(.unanswered, .unknown)

    init(_ failure: LinkFailure) {
        self = failure.hasNotLeft ? AuthorizationDecision(.declined, .notSent) : .unanswered
    }

    /// Reads 0110. What does not answer the question, or cannot be read, is no answer.
    init(_ answer: [UInt8], to question: ISOMessage, _ profile: GatewayProfile) {
        guard let message = try? profile.dialect.decode(answer),
            let exchange = ISOExchange(message), exchange == ISOExchange(question),
            message[.amount] ?? question[.amount] == question[.amount],
            message[.currency] ?? question[.currency] == question[.currency],
            let response = message[text: .responseCode].flatMap({ NetworkResponse($0) }),
            let elements = try? ISOElements(message[.responseData], of: .responseData)
        else {
            self = .unanswered
            return
        }
        // Asked only whether the account is good, many an issuer has no reason to say no.
        let isCheck = question[text: .amount]?.allSatisfy { $0 == "0" } ?? false
        if isCheck, response == .noReasonToDecline {
            let code = message[text: .approvalCode] ?? AuthorizationDecision.noCode
            self.init(.approved, elements, code, profile)
        } else {
            self.init(response, elements, message[text: .approvalCode], profile)
        }
    }

    /// Six blanks, where nothing was approved that could have a code.
    private static let noCode = String(repeating: " ", count: GatewayMessage.approvalCodeBytes)

    private init(
        _ response: NetworkResponse,
        _ elements: ISOElements,
        _ approvalCode: String?,
        _ profile: GatewayProfile
    ) {
        let no: FundsAuthorizationEvent = response.holdsFunds ? .unfit : .declined
        if response == .verificationCodeWrong
            || elements[.verificationCode] == CodeResult.differs.rawValue
        {
            self.init(no, .codeMismatch)
            return
        }
        if let address = elements[.address].flatMap(AddressResult.init(rawValue:)),
            !profile.acceptedAddresses.contains(address)
        {
            self.init(no, .addressMismatch(address))
            return
        }
        guard response == .approved else {
            self.init(no, .declined(response))
            return
        }
        guard let approvalCode else {
            self = .unanswered
            return
        }
        self.init(.approved, .approved(code: approvalCode))
    }
}
