// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// One authorisation as the gateway keeps it, sealed: it holds the account's number. There is no
/// CVV2 in it. Format 1: state 1, whether it was asked for 1 and then its terms, outcome 1 and its
/// text (counted), response of a refused advice (counted), advice or reversal (counted), number and
/// hash of the last journal row 8 + 32. The terms: CURR 2, CEXP 1, M 8, account number (counted),
/// expiry YYMM (counted), hash of the address 32, acceptor, initiation 1, number of the counter 8,
/// moment of the request 8. Format 2 is one that has ended and whose account is forgotten: the last
/// four digits in the place of the number, no expiry, and zeros in the place of the hash.
package struct AuthorizationRecord: Equatable, Sendable {
    package static let kind = RecordKind(
        "authorization",
        keyBytes: 16 + AuthorizationName.opalServerBytes.lowerBound...16
            + AuthorizationName.opalServerBytes.upperBound
    )
    private static let format: UInt8 = 1
    private static let forgottenFormat: UInt8 = 2

    package let name: AuthorizationName
    /// Nil where it was cancelled before it was heard of.
    package private(set) var terms: FundingTerms?
    package var state: FundsAuthorizationState
    package var outcome: AuthorizationOutcome?
    package var refusedWith: NetworkResponse?
    /// The advice or the reversal, as it was first sent; nil where there is none.
    package var forwarded: ISOMessage?
    package var rowCount: UInt64 = 0
    package var rowHash = [UInt8](repeating: 0, count: RecordLimits.hashBytes)

    /// What is kept is written in one dialect, whichever the network speaks.
    private static let dialect = ISODialect.ascii1987

    /// One that may be asked for now.
    init(_ name: AuthorizationName, _ terms: FundingTerms) {
        self.name = name
        self.terms = terms
        state = .asked
    }

    /// One that is not to be asked for any more.
    init(cancelled name: AuthorizationName) {
        self.name = name
        terms = nil
        state = .cancelled
    }

    /// Whether it has ended, was asked for before a moment, and has an account to forget.
    func mayForgetAccount(askedBefore limit: Instant) -> Bool {
        guard let terms, terms.account != nil else { return false }
        return !state.isOpen && terms.askedAt < limit
    }

    /// Keeps of the account its last four digits alone; the message that was sent has it, too.
    mutating func forgetAccount() {
        precondition(!state.isOpen, "It may still be needed.")
        terms?.forgetAccount()
        forwarded = nil
    }

    package static func key(_ name: AuthorizationName) -> RecordKey {
        RecordKey(kind, name.bytes)
    }

    /// The next state, or nil where the event has no place.
    func next(after event: FundsAuthorizationEvent) -> FundsAuthorizationState? {
        guard let terms else { return nil }
        return state.next(after: event, isOverNothing: terms.isOverNothing)
    }

    package init(_ bytes: [UInt8], of name: AuthorizationName) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "authorization record")
        let format = try reader.byte("format")
        let isForgotten = format == AuthorizationRecord.forgottenFormat
        guard isForgotten || format == AuthorizationRecord.format else {
            throw reader.failure("format", .invalid)
        }
        self.name = name
        state = try reader.value("state", bytes: 1) { FundsAuthorizationState(rawValue: UInt8($0)) }
        let isAskedFor = try reader.value("asked", bytes: 1) { $0 <= 1 ? $0 == 1 : nil }
        terms = isAskedFor ? try FundingTerms(&reader, isForgotten: isForgotten) : nil
        outcome = try AuthorizationRecord.outcome(&reader)
        let response = try reader.text("response", bytesMax: 2)
        refusedWith = NetworkResponse(response)
        if refusedWith == nil, !response.isEmpty { throw reader.failure("response", .invalid) }
        let message = try reader.counted("advice", max: ISOLimits.messageBytesMax)
        forwarded = message.isEmpty ? nil : try AuthorizationRecord.dialect.decode(message)
        rowCount = try reader.integer("rows", bytes: 8)
        rowHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
        guard state.isForwarded == (forwarded != nil) || !state.isOpen else {
            throw reader.failure("advice", .invalid)
        }
        guard !isForgotten || isAskedFor && !state.isOpen && forwarded == nil else {
            throw reader.failure("account number", .invalid)
        }
        guard isAskedFor || (state == .cancelled && outcome == nil && forwarded == nil) else {
            throw reader.failure("state", .invalid)
        }
    }

    /// Holds the account's number; it leaves the gateway only sealed.
    package var bytes: [UInt8] {
        get throws(WireFailure) {
            var writer = ByteWriter(capacity: 512)
            let isForgotten = terms != nil && terms?.account == nil
            writer.byte(
                isForgotten ? AuthorizationRecord.forgottenFormat : AuthorizationRecord.format
            )
            writer.byte(state.rawValue)
            writer.byte(terms == nil ? 0 : 1)
            terms?.write(to: &writer)
            AuthorizationRecord.write(outcome, to: &writer)
            writer.text(refusedWith?.code ?? "")
            writer.counted(try forwarded.map(AuthorizationRecord.encoded) ?? [])
            writer.integer(rowCount, bytes: 8)
            writer.append(rowHash)
            return writer.bytes
        }
    }

    private static func encoded(_ message: ISOMessage) throws(WireFailure) -> [UInt8] {
        try dialect.encode(message)
    }
}

// The outcome: 0 none, 1 approved, 2 declined, 3 address, 4 CVV2, 5 unknown, 6 not sent.
extension AuthorizationRecord {
    private static func outcome(
        _ reader: inout ByteReader
    ) throws(WireFailure) -> AuthorizationOutcome? {
        let kind = try reader.byte("outcome")
        let text = try reader.text("outcome", bytesMax: 6)
        switch kind {
        case 0 where text.isEmpty: return nil
        case 1: return .approved(code: text)
        case 2:
            guard let response = NetworkResponse(text) else { break }
            return .declined(response)
        case 3:
            guard let result = AddressResult(rawValue: text) else { break }
            return .addressMismatch(result)
        case 4 where text.isEmpty: return .codeMismatch
        case 5 where text.isEmpty: return .unknown
        case 6 where text.isEmpty: return .notSent
        default: break
        }
        throw reader.failure("outcome", .invalid)
    }

    private static func write(_ outcome: AuthorizationOutcome?, to writer: inout ByteWriter) {
        let (kind, text): (UInt8, String) =
            switch outcome {
            case nil: (0, "")
            case .approved(let code): (1, code)
            case .declined(let response): (2, response.code)
            case .addressMismatch(let result): (3, result.rawValue)
            case .codeMismatch: (4, "")
            case .unknown: (5, "")
            case .notSent: (6, "")
            }
        writer.byte(kind)
        writer.text(text)
    }
}
