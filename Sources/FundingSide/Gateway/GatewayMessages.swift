// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// Makes the gateway's messages to the funding network (`docs/messages/iso8583.md`).
struct GatewayMessages: Sendable {
    let profile: GatewayProfile

    /// Element 3: account funding, from and to the default account.
    private static let processingCode = "100000"
    /// Element 24.
    private static let networkIdentifier = "001"
    /// Element 25: no more than a check of the account.
    private static let accountCheck = "51"

    /// 0100: asks for the funds, or, for an amount of zero, whether the account is good. The only
    /// message with CVV2 and address.
    func authorization(
        _ terms: FundingTerms,
        _ request: FundingRequest
    ) -> ISOMessage {
        var message = transaction(.authorizationRequest, terms, terms.trace, at: terms.askedAt)
        message[.privateData] = GatewayMessages.verification(request.address, request.code)
        return message
    }

    /// 0220: the card was credited, the funds are captured.
    func advice(
        _ terms: FundingTerms,
        _ outcome: AuthorizationOutcome?,
        _ trace: TraceNumber,
        at moment: Instant
    ) -> ISOMessage {
        var message = later(.clearingAdvice, terms, outcome, trace, at: moment)
        message[text: .responseCode] = NetworkResponse.approved.code
        return message
    }

    /// 0420: nothing may stay held.
    func reversal(
        _ terms: FundingTerms,
        _ outcome: AuthorizationOutcome?,
        _ trace: TraceNumber,
        at moment: Instant,
        because reason: NetworkResponse
    ) -> ISOMessage {
        var message = later(.reversalAdvice, terms, outcome, trace, at: moment)
        message[text: .responseCode] = reason.code
        return message
    }

    /// 0800.
    func management(
        _ code: ManagementCode,
        _ trace: TraceNumber,
        at moment: Instant
    ) -> ISOMessage {
        var message = ISOMessage(.managementRequest)
        message[text: .transmissionTime] = GatewayMessages.digits(10, of: moment)
        message[text: .traceNumber] = trace.number
        message[text: .acquirer] = profile.acquirer
        message[text: .managementCode] = code.rawValue
        if code == .keyCheck { message[.privateData] = keyCheck }
        return message
    }

    /// Element 48 of a key check.
    var keyCheck: [UInt8]? {
        var elements = ISOElements()
        elements[.keyCheckValue] = profile.keyCheckValue
        return elements.bytes
    }

    /// Element 48 of an authorisation.
    static func verification(
        _ billing: BillingAddress,
        _ code: CardVerificationValue?
    ) -> [UInt8]? {
        var elements = ISOElements()
        let address = AddressVerification(street: billing.street, postalCode: billing.postalCode)
        if !address.isEmpty {
            elements[.streetNumber] = address.streetNumber
            elements[.postalCode] = address.postalCode
        }
        elements[.verificationCode] = code?.digits
        return elements.bytes
    }

    /// Element 49: the last three digits of CURR.
    private static func text(_ currency: Currency) -> String { String(currency.digits.suffix(3)) }

    /// The last digits of YYYYMMDDhhmmss, UTC.
    private static func digits(_ count: Int, of moment: Instant) -> String {
        BCD.digits(CardTime(moment).bcd, count: count)
    }

    /// An advice or a reversal: a STAN of its own, the RRN of its transaction, and which message it
    /// is about.
    private func later(
        _ type: ISOMessageType,
        _ terms: FundingTerms,
        _ outcome: AuthorizationOutcome?,
        _ trace: TraceNumber,
        at moment: Instant
    ) -> ISOMessage {
        var message = transaction(type, terms, trace, at: moment)
        if case .approved(let code) = outcome { message[text: .approvalCode] = code }
        message[text: .originalData] =
            ISOOriginalData(
                type: .authorizationRequest,
                traceNumber: terms.trace.number,
                transmissionTime: GatewayMessages.digits(10, of: terms.askedAt),
                acquirer: profile.acquirer
            ).text
        return message
    }

    /// What all messages of a transaction say.
    private func transaction(
        _ type: ISOMessageType,
        _ terms: FundingTerms,
        _ trace: TraceNumber,
        at moment: Instant
    ) -> ISOMessage {
        var message = ISOMessage(type)
        message[text: .processingCode] = GatewayMessages.processingCode
        message[text: .transmissionTime] = GatewayMessages.digits(10, of: moment)
        message[text: .traceNumber] = trace.number
        message[text: .localTime] = GatewayMessages.digits(6, of: terms.askedAt)
        message[text: .localDate] = String(GatewayMessages.digits(10, of: terms.askedAt).prefix(4))
        message[text: .accountNumber] = terms.account?.digits
        message[text: .expiry] = terms.expiry?.digits
        message[text: .amount] = BCD.digits(BCD.pack(terms.amount.minorUnits), count: 12)
        message[text: .currency] = GatewayMessages.text(terms.amount.currency)
        message[text: .networkIdentifier] = GatewayMessages.networkIdentifier
        message[text: .entryMode] = terms.initiation.entryMode
        message[text: .conditionCode] =
            terms.isOverNothing ? GatewayMessages.accountCheck : terms.initiation.conditionCode
        message[text: .acquirer] = profile.acquirer
        message[text: .retrievalReference] = terms.trace.retrievalReference
        describe(terms.acceptor, in: &message)
        return message
    }

    /// Elements 18 and 41 to 43.
    private func describe(_ acceptor: CardAcceptor, in message: inout ISOMessage) {
        message[text: .merchantCategory] = BCD.digits(
            BCD.pack(UInt64(acceptor.category)),
            count: 4
        )
        message[text: .terminal] = GatewayMessages.padded(
            acceptor.terminal,
            CardAcceptor.terminalBytesMax
        )
        message[.merchant] = acceptor.merchant.bytes
        message[text: .merchantLocation] =
            GatewayMessages.padded(acceptor.name, CardAcceptor.nameBytesMax)
            + GatewayMessages.padded(acceptor.city, CardAcceptor.cityBytesMax) + acceptor.country
    }

    private static func padded(_ text: String, _ count: Int) -> String {
        text + String(repeating: " ", count: count - text.utf8.count)
    }
}

extension GatewayAuthorization.Initiation {
    /// Element 22: how the account number came, without a PIN: a person gave it, or it was taken
    /// from a file.
    fileprivate var entryMode: String {
        switch self {
        case .person: "010"
        case .standingOrder: "100"
        }
    }

    /// Element 25: an order over the Internet, or one that recurs.
    fileprivate var conditionCode: String {
        switch self {
        case .person: "59"
        case .standingOrder: "08"
        }
    }
}
