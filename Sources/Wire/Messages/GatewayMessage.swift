// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A message between OPAL server and payment gateway: version 1, type 1, then the fields of the
/// type (`docs/messages/gateway.md`).
///
/// **What a repeat must answer.** The gateway keeps one state for each transaction and OPAL server:
/// nothing, asking, approved, declined (with its word, or a mismatch), reversing, reversed,
/// completed, cancelled. A request first moves that state, if it can; the answer is the state
/// afterwards and nothing else. The step is durable at the gateway before the answer leaves. So a
/// request that comes again, late, twice at the same time, or after a restart, gets the same bytes
/// as before, unless the state has moved since:
///
/// | state | authorize | complete | cancel | question |
/// |---|---|---|---|---|
/// | nothing | → asking; waits for the network | `notKnown` | → cancelled | `notKnown` |
/// | asking | waits, or `unknown` | `unknown` | → cancelled, and reverses | `unknown` |
/// | approved | `approved` | → completed | → cancelled, and reverses | `approved` |
/// | declined | `declined` … | `declined` … | `declined` … | `declined` … |
/// | reversing | `unknown` | `unknown` | → cancelled | `unknown` |
/// | reversed | `reversed` | `reversed` | `reversed` | `reversed` |
/// | completed | `completed` | `completed` | `completed` | `completed` |
/// | cancelled | `cancelled` | `cancelled` | `cancelled` | `cancelled` |
///
/// - *Asking* ends by the network's answer, as approved or declined, or by the gateway's time-out,
///   as reversing. An approval that comes after the time-out changes nothing here: it is reversed.
///   *Reversing* becomes reversed once the network has acknowledged it.
/// - No time-out leads out of *approved*: the card may be credited. It ends by `complete` or
///   `cancel`, whenever they come.
/// - A `cancel` of what the gateway does not know is kept: an `authorize` that comes behind it is
///   answered `cancelled` and never sent to the network.
/// - An approval is for the whole amount; the gateway reverses a part of it and answers `declined`.
/// - An authorization of zero asks whether the account is good. Its approval needs no `complete`,
///   and nothing is owed for it.
/// - An `authorize` for a known transaction with other terms (all but CVV2, which nobody keeps) is
///   answered with `refusal(termsDiffer)` and changes nothing. `busy` says that the request was not
///   taken and that the state is what it was.
/// - A `question` about the transaction that is all zero asks whether the gateway answers; it is
///   `notKnown` always.
/// - A transaction belongs to who asked: the same identifier of another OPAL server is another one.
package enum GatewayMessage: Equatable, Sendable {
    /// OPAL server → gateway.
    case authorize(GatewayAuthorization)
    /// OPAL server → gateway: the card is credited, the account is to be charged.
    case complete(TransactionIdentifier)
    /// OPAL server → gateway: the card is not credited and never will be.
    case cancel(TransactionIdentifier)
    /// OPAL server → gateway: what became of it? Changes nothing.
    case question(TransactionIdentifier)

    /// Gateway → OPAL server, as all below. `code`: that of the funding network, 6 characters.
    case approved(TransactionIdentifier, code: String)
    case declined(TransactionIdentifier, FundingDecline)
    /// The network compared the billing address (AVS) and it is another.
    case addressMismatch(TransactionIdentifier)
    /// The network compared CVV2 and it is another.
    case verificationValueMismatch(TransactionIdentifier)
    /// The network has not answered. It still may in time; if not, what it may have approved is
    /// reversed. Ask again.
    case unknown(TransactionIdentifier)
    /// The network did not answer in time, and has acknowledged the reversal.
    case reversed(TransactionIdentifier)
    /// The account is charged: the gateway tells the network until it knows.
    case completed(TransactionIdentifier)
    /// The account is not charged: the gateway tells the network until it knows, where there is
    /// something to tell.
    case cancelled(TransactionIdentifier)
    /// The gateway has never heard of it.
    case notKnown(TransactionIdentifier)
    /// Not taken now; nothing is changed.
    case busy(TransactionIdentifier)
    /// Not taken; nothing is changed. The transaction is all zero where none could be read.
    case refusal(TransactionIdentifier, Reason)

    /// Why the gateway does not take a request.
    package enum Reason: UInt8, CaseIterable, Sendable {
        case malformed = 0x01
        /// An answer, where a request is expected.
        case unknownMessage = 0x02
        /// Who asks is no OPAL server that this gateway serves.
        case notServed = 0x03
        /// The transaction is known with other terms.
        case termsDiffer = 0x04
        /// The funding network does not take this currency.
        case currencyNotTaken = 0x05
    }

    package static let version: UInt8 = 1
    /// The network's approval code (ISO 8583, element 38).
    package static let approvalCodeBytes = 6

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "gateway message")
        guard try reader.byte("version") == GatewayMessage.version else {
            throw reader.failure("version", .invalid)
        }
        let type = try reader.byte("type")
        switch type {
        case 0x51: self = .authorize(try GatewayAuthorization(&reader))
        case 0x52: self = .complete(try reader.transaction())
        case 0x53: self = .cancel(try reader.transaction())
        case 0x54: self = .question(try reader.transaction())
        case 0x58: self = .approved(try reader.transaction(), code: try reader.approvalCode())
        case 0x59:
            self = .declined(
                try reader.transaction(),
                try reader.value("reason", bytes: 1) { FundingDecline(rawValue: UInt8($0)) }
            )
        case 0x5A: self = .addressMismatch(try reader.transaction())
        case 0x5B: self = .verificationValueMismatch(try reader.transaction())
        case 0x5C: self = .unknown(try reader.transaction())
        case 0x5D: self = .reversed(try reader.transaction())
        case 0x60: self = .completed(try reader.transaction())
        case 0x61: self = .cancelled(try reader.transaction())
        case 0x62: self = .notKnown(try reader.transaction())
        case 0x63: self = .busy(try reader.transaction())
        case 0x6F:
            self = .refusal(
                try reader.transaction(),
                try reader.value("reason", bytes: 1) { Reason(rawValue: UInt8($0)) }
            )
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(GatewayMessage.version)
        writer.byte(type)
        guard case .authorize(let authorization) = self else {
            writer.transaction(transaction)
            switch self {
            case .approved(_, let code):
                precondition(GatewayMessage.isApprovalCode(code))
                writer.append(Array(code.utf8))
            case .declined(_, let decline): writer.byte(decline.rawValue)
            case .refusal(_, let reason): writer.byte(reason.rawValue)
            default: break
            }
            return writer.bytes
        }
        authorization.write(to: &writer)
        return writer.bytes
    }

    private var type: UInt8 {
        switch self {
        case .authorize: 0x51
        case .complete: 0x52
        case .cancel: 0x53
        case .question: 0x54
        case .approved: 0x58
        case .declined: 0x59
        case .addressMismatch: 0x5A
        case .verificationValueMismatch: 0x5B
        case .unknown: 0x5C
        case .reversed: 0x5D
        case .completed: 0x60
        case .cancelled: 0x61
        case .notKnown: 0x62
        case .busy: 0x63
        case .refusal: 0x6F
        }
    }

    /// What the message is about.
    package var transaction: TransactionIdentifier {
        switch self {
        case .authorize(let authorization): authorization.transaction
        case .complete(let transaction), .cancel(let transaction), .question(let transaction),
            .approved(let transaction, _), .declined(let transaction, _),
            .addressMismatch(let transaction), .verificationValueMismatch(let transaction),
            .unknown(let transaction), .reversed(let transaction), .completed(let transaction),
            .cancelled(let transaction), .notKnown(let transaction), .busy(let transaction),
            .refusal(let transaction, _):
            transaction
        }
    }

    /// Whether text can be an approval code: ``approvalCodeBytes`` letters, digits or spaces.
    package static func isApprovalCode(_ code: String) -> Bool {
        code.utf8.count == approvalCodeBytes
            && code.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte) || byte == 0x20
            }
    }
}

extension ByteReader {
    fileprivate mutating func approvalCode() throws(WireFailure) -> String {
        let raw = try bytes("approval code", count: GatewayMessage.approvalCodeBytes)
        guard let code = String(validating: raw, as: UTF8.self),
            GatewayMessage.isApprovalCode(code)
        else { throw failure("approval code", .invalid) }
        return code
    }
}
