// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// One load as the load server keeps it, sealed (FIG. 18D, step 895; FIG. 18C, step 887). Format 1:
/// state 1, who asked (text), moment of the beginning 8, terms, name of the bank's key (text), then
/// behind a presence byte each the load request (counted), load 95, CREDIT IEP 34, answer 22 and
/// negative response (counted); reason 1 (0 where there is none), Load Result for the bank
/// (counted, empty while open), moment of the end 8 (0 while open), number and hash of the last
/// journal row 8 + 32.
package struct AuthorizationRecord: Equatable, Sendable {
    package static let kind = RecordKind("authorization", keyBytes: 16...16)
    private static let format: UInt8 = 1

    package var state: AuthorizationState
    /// Who asked, by the name of its link: only that OPAL server says what the card answered.
    package let peer: String
    package let begunAt: Instant
    package let terms: LoadTerms
    /// The key that the bank used.
    package let keyName: String
    /// The request as it came: the same request gets the same answer. Nil where no S2 was issued.
    package let request: LoadRequest?
    package let load: CardLoad?
    package let credit: CreditIEP?
    /// The card's answer that proves the credit.
    package var answer: CreditAnswer?
    /// What the OPAL server said of a card that was not loaded.
    package var negative: NegativeResponse?
    package var reason: LoadRefusal?
    package var forBank: [UInt8]
    package var endedAt: Instant?
    package var rowCount: UInt64
    package var rowHash: [UInt8]

    package static let peerBytesMax = 64

    /// An authorized load.
    package init(
        peer: String,
        begunAt: Instant,
        request: LoadRequest,
        load: CardLoad,
        credit: CreditIEP
    ) {
        state = .authorized
        self.peer = peer
        self.begunAt = begunAt
        terms = request.terms
        keyName = request.proof.keyName
        self.request = request
        self.load = load
        self.credit = credit
        forBank = []
        rowCount = 0
        rowHash = Array(repeating: 0, count: RecordLimits.hashBytes)
    }

    /// A load for which no S2 was issued, and none ever will be.
    package init(
        peer: String,
        begunAt: Instant,
        terms: LoadTerms,
        keyName: String
    ) {
        state = .notLoaded
        self.peer = peer
        self.begunAt = begunAt
        self.terms = terms
        self.keyName = keyName
        request = nil
        load = nil
        credit = nil
        forBank = []
        rowCount = 0
        rowHash = Array(repeating: 0, count: RecordLimits.hashBytes)
    }

    package var transaction: TransactionIdentifier { terms.transaction }

    /// Whether the load counts as loaded though the result said otherwise.
    package var isDisproved: Bool { state == .loaded && negative != nil }

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "authorization record")
        guard try reader.byte("format") == AuthorizationRecord.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { AuthorizationState(rawValue: UInt8($0)) }
        peer = try reader.text("peer", bytesMax: AuthorizationRecord.peerBytesMax)
        begunAt = try reader.moment("begun")
        terms = try reader.loadTerms()
        keyName = try reader.text("key name", bytesMax: PurchaseLimits.keyNameBytesMax)
        request = try reader.optional("request") { reader throws(WireFailure) in
            let bytes = try reader.counted("request", max: LinkLimits.messageBytesMax)
            guard case .loadRequest(let request) = try LoadMessage(bytes) else {
                throw reader.failure("request", .invalid)
            }
            return request
        }
        load = try reader.optional("load") { reader throws(WireFailure) in
            try CardLoad(&reader)
        }
        credit = try reader.optional("CREDIT IEP") { reader throws(WireFailure) in
            try CreditIEP(try reader.bytes("CREDIT IEP", count: CreditIEP.length))
        }
        answer = try reader.optional("answer") { reader throws(WireFailure) in
            try CreditAnswer(try reader.bytes("answer", count: CreditAnswer.length))
        }
        negative = try reader.optional("negative response") { reader throws(WireFailure) in
            try NegativeResponse(
                try reader.counted("negative response", max: PartyMessage.sealedBytesMax)
            )
        }
        let code = try reader.byte("reason")
        reason = LoadRefusal(rawValue: code)
        if code != 0 && reason == nil { throw reader.failure("reason", .invalid) }
        forBank = try reader.counted("result", max: PartyMessage.sealedBytesMax)
        let ended = try reader.moment("ended")
        endedAt = ended.milliseconds == 0 ? nil : ended
        rowCount = try reader.integer("rows", bytes: 8)
        rowHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 1536)
        writer.byte(AuthorizationRecord.format)
        writer.byte(state.rawValue)
        writer.text(peer)
        writer.moment(begunAt)
        writer.loadTerms(terms)
        writer.text(keyName)
        writer.optional(request) { $0.counted(LoadMessage.loadRequest($1).bytes) }
        writer.optional(load) { $0.append($1.bytes) }
        writer.optional(credit) { $0.append($1.bytes) }
        writer.optional(answer) { $0.append($1.bytes) }
        writer.optional(negative) { $0.counted($1.bytes) }
        writer.byte(reason?.rawValue ?? 0)
        writer.counted(forBank)
        writer.moment(endedAt ?? Instant(milliseconds: 0))
        writer.integer(rowCount, bytes: 8)
        writer.append(rowHash)
        return writer.bytes
    }
}

/// One row of a load's journal: step 1, moment 8, then what the step brought (counted). It holds
/// neither key nor card number.
package struct AuthorizationStep: Equatable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// The load request came in (FIG. 18D, step 895).
        case requested = 1
        /// Module 864 issued S2 (step 899); CREDIT IEP.
        case authorized = 2
        /// S3 is right (FIG. 18C, step 885); the answer.
        case loaded = 3
        /// The card proved that it was not loaded; the reason.
        case notLoaded = 4
        /// The zero-value request shows that the card was loaded though the result said otherwise;
        /// the reason that was given.
        case disproved = 5
        /// The OPAL server ended a load for which no S2 was issued; the reason.
        case declined = 6
        /// The bank asked for a load that never came and no longer can.
        case overdue = 7
    }

    package let kind: Kind
    package let moment: Instant
    package let data: [UInt8]

    package init(_ kind: Kind, at moment: Instant, _ data: [UInt8] = []) {
        self.kind = kind
        self.moment = moment
        self.data = data
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "load journal")
        kind = try reader.value("step", bytes: 1) { Kind(rawValue: UInt8($0)) }
        moment = try reader.moment("moment")
        data = try reader.counted("data", max: 256)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(kind.rawValue)
        writer.moment(moment)
        writer.counted(data)
        return writer.bytes
    }
}
