// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
package import Wire

/// One load as the bank keeps it: what is held, on which terms, and how it ended. Format 1: state
/// 1, account (text), terms, key name (text), ETSK 40, load token 32, TSK (text) behind a presence
/// byte, issuer 3, last digits (text), time of the beginning 8, behind a presence byte the end:
/// reason 1 (0 where there is none) and DTHR 7; number and hash of the last journal row 8 + 32.
struct LoadHold: Equatable, Sendable {
    /// How a load ended.
    struct End: Equatable, Sendable {
        let reason: LoadRefusal?
        let time: CardTime
    }

    private static let format: UInt8 = 1

    var state: HoldState
    let account: AccountNumber
    let terms: LoadTerms
    let proof: LoadProof
    /// The TSK stays only as long as the page may be shown.
    var sessionKey: SessionKeyText?
    /// The issuer of the card, as its information said.
    let issuer: IssuerIdentifier
    let lastDigits: String
    let begunAt: Instant
    var end: End?
    var lastRow: UInt64
    var lastHash: [UInt8]

    init(
        account: AccountNumber,
        terms: LoadTerms,
        sealed: SealedLoadOrder,
        issuer: IssuerIdentifier,
        lastDigits: String,
        begunAt: Instant
    ) {
        state = .held
        self.account = account
        self.terms = terms
        proof = sealed.proof
        sessionKey = sealed.sessionKey
        self.issuer = issuer
        self.lastDigits = lastDigits
        self.begunAt = begunAt
        lastRow = 0
        lastHash = Array(repeating: 0, count: RecordLimits.hashBytes)
    }

    var transaction: TransactionIdentifier { terms.transaction }

    /// The load after a result, or nil where it has ended before.
    func ended(_ outcome: LoadOutcome, _ end: End) -> LoadHold? {
        guard let state = state.next(after: outcome) else { return nil }
        var next = self
        next.state = state
        next.end = end
        next.sessionKey = nil
        return next
    }

    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "load hold")
        guard try reader.byte("format") == LoadHold.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { HoldState(rawValue: UInt8($0)) }
        account = try reader.account("account")
        terms = try reader.loadTerms()
        proof = try reader.loadProof()
        sessionKey = try reader.optional("TSK") { reader throws(WireFailure) in
            try reader.sessionKey()
        }
        issuer = try reader.issuer()
        lastDigits = try reader.text("last digits", bytesMax: 4)
        begunAt = try reader.moment("begun")
        end = try reader.optional("end") { reader throws(WireFailure) in
            let code = try reader.byte("reason")
            let reason = LoadRefusal(rawValue: code)
            if code != 0 && reason == nil { throw reader.failure("reason", .invalid) }
            return End(reason: reason, time: try reader.time())
        }
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
    }

    /// Holds a secret; it leaves the module only sealed.
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.byte(LoadHold.format)
        writer.byte(state.rawValue)
        writer.text(account.text)
        writer.loadTerms(terms)
        writer.loadProof(proof)
        writer.optional(sessionKey) { $0.text($1.reveal()) }
        writer.issuer(issuer)
        writer.text(lastDigits)
        writer.moment(begunAt)
        writer.optional(end) { writer, end in
            writer.byte(end.reason?.rawValue ?? 0)
            writer.time(end.time)
        }
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }
}

/// What is shown of a load at the bank. It holds no key.
package struct HoldView: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let account: AccountNumber
    package let amount: Money
    package let state: HoldState
    package let issuer: IssuerIdentifier
    /// The last four digits of the card number.
    package let lastDigits: String
    package let begunAt: Instant
    /// Why nothing was loaded, where the result said so.
    package let reason: LoadRefusal?
    package let endedAt: Instant?

    init(_ hold: LoadHold) {
        transaction = hold.transaction
        account = hold.account
        amount = hold.terms.amount
        state = hold.state
        issuer = hold.issuer
        lastDigits = hold.lastDigits
        begunAt = hold.begunAt
        reason = hold.end?.reason
        endedAt = hold.end?.time.instant
    }
}

/// One row in the journal of a load: version 1, event 1, time 8, then the Load Result as it was
/// sealed (counted; empty for the beginning). With it the bank proves what it was told.
package struct HoldEntry: Equatable, Sendable {
    package enum Event: UInt8, CaseIterable, Sendable {
        case held = 1
        case loaded = 2
        case released = 3
    }

    package let event: Event
    package let time: Instant
    package let sealed: [UInt8]

    private static let version: UInt8 = 1

    init(_ event: Event, at time: Instant, sealed: [UInt8] = []) {
        self.event = event
        self.time = time
        self.sealed = sealed
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "load journal of a bank")
        guard try reader.byte("version") == HoldEntry.version else {
            throw reader.failure("version", .invalid)
        }
        event = try reader.value("event", bytes: 1) { Event(rawValue: UInt8($0)) }
        time = try reader.moment("time")
        sealed = try reader.counted("result", max: PartyMessage.sealedBytesMax)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(HoldEntry.version)
        writer.byte(event.rawValue)
        writer.moment(time)
        writer.counted(sealed)
        return writer.bytes
    }
}
