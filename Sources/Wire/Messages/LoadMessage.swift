// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A message of a load between two parties: version 1, type 1, then the fields of the type
/// (`docs/messages/load.md`). The types are none of ``PartyMessage``.
package enum LoadMessage: Equatable, Sendable {
    /// OPAL server → load server (FIG. 18A, step 878).
    case loadRequest(LoadRequest)
    /// Load server → OPAL server (FIG. 18B, step 880); the CREDIT IEP, sealed.
    case loadCommand(TransactionIdentifier, sealed: [UInt8])
    /// OPAL server → load server (FIG. 18B, step 883); the answer of a card that credited itself,
    /// sealed.
    case loadResponse(TransactionIdentifier, sealed: [UInt8])
    /// OPAL server → load server (negative result, steps 882 and following): the card was not
    /// loaded; a ``NegativeResponse``, sealed.
    case negativeResponse(LoadRequest)
    /// Load server → OPAL server (FIG. 18C, step 890): the Load Result for the OPAL server and that
    /// for the bank alone.
    case loadResult(TransactionIdentifier, forCard: [UInt8], forBank: [UInt8])
    /// Bank → load server: what became of this transaction?
    case loadQuestion(LoadQuestion)
    /// Load server → bank: the Load Result once the load has ended, else empty.
    case loadAnswer(TransactionIdentifier, AuthorizationState, forBank: [UInt8])
    /// OPAL server → load server (FIG. 18A, step 872).
    case cardQuestion(CardQuestion)
    /// Load server → OPAL server: the information of the card, sealed for the bank alone.
    case cardInformation(TransactionIdentifier, forBank: [UInt8])
    /// Load server → either: the step is not taken, for this reason.
    case refusal(TransactionIdentifier, LoadRefusal)

    package static let version = PartyMessage.version

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "load message")
        guard try reader.byte("version") == LoadMessage.version else {
            throw reader.failure("version", .invalid)
        }
        let type = try reader.byte("type")
        let max = PartyMessage.sealedBytesMax
        switch type {
        case 0x11: self = .loadRequest(try LoadRequest(&reader))
        case 0x12:
            self = .loadCommand(
                try reader.transaction(),
                sealed: try reader.counted("CREDIT IEP, sealed", max: max)
            )
        case 0x13:
            self = .loadResponse(
                try reader.transaction(),
                sealed: try reader.counted("answer, sealed", max: max)
            )
        case 0x14: self = .negativeResponse(try LoadRequest(&reader))
        case 0x15:
            self = .loadResult(
                try reader.transaction(),
                forCard: try reader.counted("result for the card", max: max),
                forBank: try reader.counted("result for the bank", max: max)
            )
        case 0x16: self = .loadQuestion(try LoadQuestion(&reader))
        case 0x17:
            self = .loadAnswer(
                try reader.transaction(),
                try reader.value("state", bytes: 1) { AuthorizationState(rawValue: UInt8($0)) },
                forBank: try reader.counted("result for the bank", max: max)
            )
        case 0x18: self = .cardQuestion(try CardQuestion(&reader))
        case 0x19:
            self = .cardInformation(
                try reader.transaction(),
                forBank: try reader.counted("information for the bank", max: max)
            )
        case 0x1F:
            self = .refusal(
                try reader.transaction(),
                try reader.value("reason", bytes: 1) { LoadRefusal(rawValue: UInt8($0)) }
            )
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 1024)
        writer.byte(LoadMessage.version)
        switch self {
        case .loadRequest(let request):
            writer.byte(0x11)
            request.write(to: &writer)
        case .loadCommand(let transaction, let sealed):
            writer.byte(0x12)
            writer.transaction(transaction)
            writer.counted(sealed)
        case .loadResponse(let transaction, let sealed):
            writer.byte(0x13)
            writer.transaction(transaction)
            writer.counted(sealed)
        case .negativeResponse(let request):
            writer.byte(0x14)
            request.write(to: &writer)
        case .loadResult(let transaction, let forCard, let forBank):
            writer.byte(0x15)
            writer.transaction(transaction)
            writer.counted(forCard)
            writer.counted(forBank)
        case .loadQuestion(let question):
            writer.byte(0x16)
            question.write(to: &writer)
        case .loadAnswer(let transaction, let state, let forBank):
            writer.byte(0x17)
            writer.transaction(transaction)
            writer.byte(state.rawValue)
            writer.counted(forBank)
        case .cardQuestion(let question):
            writer.byte(0x18)
            question.write(to: &writer)
        case .cardInformation(let transaction, let forBank):
            writer.byte(0x19)
            writer.transaction(transaction)
            writer.counted(forBank)
        case .refusal(let transaction, let refusal):
            writer.byte(0x1F)
            writer.transaction(transaction)
            writer.byte(refusal.rawValue)
        }
        return writer.bytes
    }

    /// TRX of the message.
    package var transaction: TransactionIdentifier {
        switch self {
        case .loadRequest(let request), .negativeResponse(let request): request.terms.transaction
        case .loadCommand(let transaction, _), .loadResponse(let transaction, _),
            .loadResult(let transaction, _, _), .loadAnswer(let transaction, _, _),
            .cardInformation(let transaction, _), .refusal(let transaction, _):
            transaction
        case .loadQuestion(let question): question.terms.transaction
        case .cardQuestion(let question): question.inquiry.transaction
        }
    }
}
