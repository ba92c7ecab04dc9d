// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// Makes the gateway's messages to the funding network (`docs/messages/iso8583.md`).
struct GatewayMessages: Sendable {
    let profile: GatewayProfile

    /// Element 3: account funding, from and to the default account.
    private static let processingCode = "100000"
    /// Element 18: loads of stored value.
    private static let merchantCategory = "6540"
    /// Element 22: typed by the person, no PIN.
    private static let entryMode = "010"
    /// Element 24.
    private static let networkIdentifier = "001"
    /// Element 25: an order over the Internet.
    private static let onlineOrder = "59"
    /// Element 25: no more than a check of the account.
    private static let accountCheck = "51"

    /// 0100: asks for the funds. The only message with CVV2 and address.
    func authorization(
        _ record: AuthorizationRecord,
        _ request: FundingRequest
    ) throws(GatewayFailure) -> ISOMessage {
        var message = try transaction(.authorizationRequest, record, at: record.askedAt)
        message[.privateData] = GatewayMessages.verification(request.address, request.code)
        return message
    }

    /// 0100 over nothing: asks whether account, address and CVV2 belong together.
    func check(
        _ account: FundingAccountNumber,
        _ expiry: ExpiryMonth,
        _ currency: Currency,
        _ trace: TraceNumber,
        at moment: Instant
    ) -> ISOMessage {
        var message = exchange(.authorizationRequest, trace, at: moment)
        message[text: .accountNumber] = account.digits
        message[text: .expiry] = expiry.digits
        message[text: .amount] = String(repeating: "0", count: 12)
        message[text: .currency] = GatewayMessages.text(currency)
        message[text: .conditionCode] = GatewayMessages.accountCheck
        message[text: .retrievalReference] = trace.retrievalReference
        return message
    }

    /// 0220: the card was credited, the funds are captured.
    func advice(
        _ record: AuthorizationRecord,
        _ trace: TraceNumber,
        at moment: Instant
    ) throws(GatewayFailure) -> ISOMessage {
        var message = try later(.clearingAdvice, record, trace, at: moment)
        message[text: .responseCode] = NetworkResponse.approved.code
        return message
    }

    /// 0420: nothing may stay held.
    func reversal(
        _ record: AuthorizationRecord,
        _ trace: TraceNumber,
        at moment: Instant,
        because reason: NetworkResponse
    ) throws(GatewayFailure) -> ISOMessage {
        var message = try later(.reversalAdvice, record, trace, at: moment)
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
        _ address: AddressVerification?,
        _ code: VerificationCode?
    ) -> [UInt8]? {
        var elements = ISOElements()
        if let address, !address.isEmpty {
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
        _ record: AuthorizationRecord,
        _ trace: TraceNumber,
        at moment: Instant
    ) throws(GatewayFailure) -> ISOMessage {
        var message = try transaction(type, record, at: moment)
        message[text: .traceNumber] = trace.number
        if case .approved(let code) = record.outcome { message[text: .approvalCode] = code }
        message[text: .originalData] =
            ISOOriginalData(
                type: .authorizationRequest,
                traceNumber: record.trace.number,
                transmissionTime: GatewayMessages.digits(10, of: record.askedAt),
                acquirer: profile.acquirer
            ).text
        return message
    }

    /// What all messages of a transaction say.
    private func transaction(
        _ type: ISOMessageType,
        _ record: AuthorizationRecord,
        at moment: Instant
    ) throws(GatewayFailure) -> ISOMessage {
        var message = exchange(type, record.trace, at: moment)
        message[text: .accountNumber] = record.account.digits
        message[text: .expiry] = record.expiry.digits
        message[text: .amount] = try profile.amountText(record.amount)
        message[text: .currency] = GatewayMessages.text(record.amount.currency)
        message[text: .localTime] = GatewayMessages.digits(6, of: record.askedAt)
        message[text: .localDate] = String(GatewayMessages.digits(10, of: record.askedAt).prefix(4))
        return message
    }

    private func exchange(
        _ type: ISOMessageType,
        _ trace: TraceNumber,
        at moment: Instant
    ) -> ISOMessage {
        var message = ISOMessage(type)
        let day = GatewayMessages.digits(10, of: moment)
        message[text: .processingCode] = GatewayMessages.processingCode
        message[text: .transmissionTime] = day
        message[text: .traceNumber] = trace.number
        message[text: .localTime] = GatewayMessages.digits(6, of: moment)
        message[text: .localDate] = String(day.prefix(4))
        message[text: .merchantCategory] = GatewayMessages.merchantCategory
        message[text: .entryMode] = GatewayMessages.entryMode
        message[text: .networkIdentifier] = GatewayMessages.networkIdentifier
        message[text: .conditionCode] = GatewayMessages.onlineOrder
        message[text: .acquirer] = profile.acquirer
        message[text: .retrievalReference] = trace.retrievalReference
        message[text: .terminal] = profile.terminal
        message[text: .merchant] = profile.merchant
        message[text: .merchantLocation] = profile.location
        return message
    }
}
