// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
import SecurityModule
import Wire

/// What operators do to cards and loyalty programmes, and what they have asked about transactions,
/// with their names: an append-only history for each, whose end is sealed. An act is written down
/// before it is done.
package struct OperatorJournal: Sendable {
    /// The end of a card's acts, by its card identifier.
    package static let kind = RecordKind("operator_act", keyBytes: 8...8)
    /// The end of the questions about a transaction, by its TRX.
    package static let questionKind = RecordKind("operator_question", keyBytes: 16...16)
    /// The end of the acts on a loyalty programme, its members and its benefits, by CURR.
    package static let programmeKind = RecordKind("operator_programme", keyBytes: 2...2)
    /// The end of the acts at the clearing house; one record, key 00.
    package static let clearingKind = RecordKind("operator_clearing", keyBytes: 1...1)
    /// The end of the changes of an operator, by its name, with zeros up to 32 bytes.
    package static let operatorKind = RecordKind("operator_change", keyBytes: 32...32)
    /// The end of the changes of an issuer's keys, by BIN.
    package static let keysKind = RecordKind("operator_keys", keyBytes: 3...3)
    /// In whose name a command of the host changes operators, and decides.
    package static let host = "host"
    fileprivate static let format: UInt8 = 1

    /// One act: format 1, act 1, moment 8, operator (counted), reason (counted).
    package struct Act: Equatable, Sendable {
        package enum Kind: UInt8, Sendable {
            case blocked = 1
            case unblocked = 2
            /// The whole card number was shown.
            case numberShown = 3
            /// The payment server was asked about a draw.
            case drawAsked = 4
            /// The payment server was asked about a merchant's order.
            case orderAsked = 5
            /// The load server was asked about a load of a card.
            case loadAsked = 6
            /// The load server was asked about a load of a bank.
            case holdAsked = 7
            case programmeCreated = 8
            /// An earn file was begun, or went on.
            case pointsIssued = 9
            /// A member was looked up by the whole number.
            case memberShown = 10
            case benefitPut = 11
            case benefitRestocked = 12
            case benefitWithdrawn = 13
            case benefitOffered = 14
            /// A change of a card's limits waits for a second person.
            case limitsProposed = 15
            /// The second person; the reason names the first one.
            case limitsAgreed = 16
            /// Declined, or taken back; the reason names who had proposed it.
            case limitsDeclined = 17
            /// A command of the host; the reason names the role.
            case operatorAdded = 18
            case operatorRemoved = 19
            /// A sale that was set aside was cleared, or given up; the reason names its place.
            case saleReleased = 20
            case saleRejected = 21
            /// A day of clearing was closed before its cut-off.
            case dayClosed = 22
            /// Of a transaction. A dispute was decided for the holder; the reason has the amount.
            case disputeRefunded = 23
            case disputeRejected = 24
            /// A merchant's operator has answered a dispute; the reason says whether he agrees.
            case disputeAnswered = 25
            /// Keys of an issuer, by two persons: the reason names the version and the second one.
            case keyVersionMade = 26
            case keyVersionUsed = 27
            case keyVersionRetired = 28
            /// A payout that the bank refused was given back; the reason names it and says why.
            case payoutGivenBack = 30
            /// KB of the acquirer, by two persons, as the keys of an issuer above.
            case batchKeyMade = 33
            case batchKeyRetired = 34
            case batchKeyAccepted = 35
            /// A command of the host; the reason says whose fee it is, and what holds from when.
            case feeChanged = 36
            /// A command of the host; the reason names cut-off, value days and least payout.
            case termsChanged = 37
            /// Commands of the host on value that nobody uses; the reason names the issuer, and the
            /// sweep or the rule.
            case valueSwept = 38
            case sweepReturned = 39
            case dormancyRuleChanged = 40

            /// Whether what stood before still stands.
            fileprivate var keepsStanding: Bool {
                switch self {
                case .numberShown, .memberShown, .limitsProposed, .limitsAgreed,
                    .limitsDeclined, .disputeRefunded, .disputeRejected, .disputeAnswered:
                    true
                default: false
                }
            }
        }

        package let kind: Kind
        package let moment: Instant
        package let operatorName: String
        /// Why a card was blocked; which file, member or benefit of a programme; else empty.
        package let reason: String

        package init(_ kind: Kind, at moment: Instant, by name: OperatorName, reason: String = "") {
            self.kind = kind
            self.moment = moment
            operatorName = name.text
            self.reason = reason
        }

        /// By a command of the host.
        package init(_ kind: Kind, at moment: Instant, byHost reason: String) {
            self.kind = kind
            self.moment = moment
            operatorName = OperatorJournal.host
            self.reason = reason
        }
    }

    /// The end of the acts: format 1, rows 8, hash 32, last block or unblock, or last question
    /// (counted, empty where there was none).
    struct End {
        var revision: UInt64 = 0
        var rows: UInt64 = 0
        var hash = [UInt8](repeating: 0, count: RecordLimits.hashBytes)
        var standing: Act?
    }

    private let store: any RecordStore
    private let seals: any RecordSealing

    init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    /// Writes an act down.
    package func write(
        _ act: Act,
        on card: CardIdentifier
    ) async throws(OperatorFailure) {
        try await write(act, OperatorJournal.key(card))
    }

    /// Writes down that an operator has asked about a transaction.
    package func write(
        _ act: Act,
        about transaction: TransactionIdentifier
    ) async throws(OperatorFailure) {
        try await write(act, RecordKey(OperatorJournal.questionKind, transaction.bytes))
    }

    /// What operators have asked about a transaction and decided of it, oldest first.
    package func acts(
        about transaction: TransactionIdentifier
    ) async throws(OperatorFailure) -> [Act] {
        try await acts(RecordKey(OperatorJournal.questionKind, transaction.bytes))
    }

    /// Writes down what an operator does with a loyalty programme.
    package func write(
        _ act: Act,
        onProgramme code: Currency
    ) async throws(OperatorFailure) {
        try await write(act, OperatorJournal.key(code))
    }

    /// Writes down what an operator does at the clearing house, and with value that is moved there.
    package func writeOnClearing(_ act: Act) async throws(OperatorFailure) {
        try await write(act, RecordKey(OperatorJournal.clearingKind, [0]))
    }

    /// Writes down what two persons do with the keys of an issuer.
    func write(_ act: Act, onKeysOf issuer: IssuerIdentifier) async throws(OperatorFailure) {
        try await write(act, OperatorJournal.key(issuer))
    }

    /// What was done with the keys of an issuer, oldest first.
    package func acts(onKeysOf issuer: IssuerIdentifier) async throws(OperatorFailure) -> [Act] {
        try await acts(OperatorJournal.key(issuer))
    }

    /// Writes down what becomes of an operator.
    func write(_ act: Act, onOperator name: OperatorName) async throws(OperatorFailure) {
        try await write(act, OperatorJournal.key(name))
    }

    /// What became of an operator, oldest first.
    package func acts(onOperator name: OperatorName) async throws(OperatorFailure) -> [Act] {
        try await acts(OperatorJournal.key(name))
    }

    /// The last question about a transaction, or nil where there was none.
    package func lastQuestion(
        about transaction: TransactionIdentifier
    ) async throws(OperatorFailure) -> Act? {
        try await end(RecordKey(OperatorJournal.questionKind, transaction.bytes)).standing
    }

    private func write(_ act: Act, _ key: RecordKey) async throws(OperatorFailure) {
        for _ in 0..<ConsoleLimits.triesMax {
            var end = try await end(key)
            do {
                let stream = OperatorJournal.streamPrefix + key.bytes
                let row = try await seals.chain(
                    act.bytes,
                    stream: stream,
                    number: end.rows + 1,
                    previous: end.hash
                )
                (end.rows, end.hash) = (row.number, row.hash)
                if !act.kind.keepsStanding { end.standing = act }
                let body = try await seals.seal(
                    end.bytes,
                    name: key.sealName(),
                    revision: end.revision + 1
                )
                let transition = Transition(
                    writes: [.put(key, expectedRevision: end.revision, body: body)],
                    history: [
                        HistoryRow(
                            stream: stream,
                            number: row.number,
                            hash: row.hash,
                            body: row.body
                        )
                    ]
                )
                if try await store.commit(transition) == .committed { return }
            } catch {
                throw OperatorFailure(error)
            }
        }
        throw .busy
    }

    /// The act that blocked the card, where an operator blocked it last.
    package func block(of card: CardIdentifier) async throws(OperatorFailure) -> Act? {
        let standing = try await end(OperatorJournal.key(card)).standing
        return standing?.kind == .blocked ? standing : nil
    }

    /// All acts on a card, oldest first.
    package func acts(on card: CardIdentifier) async throws(OperatorFailure) -> [Act] {
        try await acts(OperatorJournal.key(card))
    }

    /// All acts on a loyalty programme, oldest first.
    package func acts(onProgramme code: Currency) async throws(OperatorFailure) -> [Act] {
        try await acts(OperatorJournal.key(code))
    }

    /// A page of the acts on a loyalty programme, newest first.
    ///
    /// - Parameters:
    ///   - code: CURR of the programme.
    ///   - row: the number of the last act of the page before; nil for the first page.
    ///   - limit: capped at ``RecordLimits/pageMax``.
    /// - Returns: acts with their numbers, and how many there are in all.
    /// - Throws: `OperatorFailure` where the store or the seal fails.
    func page(
        onProgramme code: Currency,
        before row: UInt64?,
        limit: Int
    ) async throws(OperatorFailure) -> (acts: [(number: UInt64, act: Act)], count: UInt64) {
        let key = OperatorJournal.key(code)
        let count = try await end(key).rows
        let last = min(row.map { max($0, 1) - 1 } ?? count, count)
        let size = UInt64(min(max(limit, 0), RecordLimits.pageMax))
        let start = last > size ? last - size : 0
        guard last > start else { return ([], count) }
        do {
            let rows = try await store.history(
                OperatorJournal.streamPrefix + key.bytes,
                after: start,
                limit: Int(last - start)
            )
            return (try rows.reversed().map { ($0.number, try Act($0.body)) }, count)
        } catch {
            throw OperatorFailure(error)
        }
    }

    private func acts(_ key: RecordKey) async throws(OperatorFailure) -> [Act] {
        do {
            return try await store.history(
                OperatorJournal.streamPrefix + key.bytes,
                after: 0,
                limit: RecordLimits.pageMax
            ).map { try Act($0.body) }
        } catch {
            throw OperatorFailure(error)
        }
    }

    private static func key(_ card: CardIdentifier) -> RecordKey { RecordKey(kind, card.bytes) }

    private static func key(_ name: OperatorName) -> RecordKey {
        let zeros = operatorKind.keyBytes.upperBound - name.bytes.count
        return RecordKey(operatorKind, name.bytes + [UInt8](repeating: 0, count: zeros))
    }

    private static func key(_ issuer: IssuerIdentifier) -> RecordKey {
        RecordKey(keysKind, issuer.bytes)
    }

    private static func key(_ programme: Currency) -> RecordKey {
        RecordKey(
            programmeKind,
            [UInt8(programme.bcd >> 8), UInt8(truncatingIfNeeded: programme.bcd)]
        )
    }

    /// A stream has 12 bytes more: 13 for the clearing house, 14 for a programme, 15 for keys, 20
    /// for a card, 28 for a transaction, 44 for an operator. No other stream has these lengths.
    static let streamPrefix = Array("operator act".utf8)

    private func end(_ key: RecordKey) async throws(OperatorFailure) -> End {
        do {
            guard let record = try await store.read(key) else {
                return End()
            }
            let body = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            return try End(body, revision: record.revision)
        } catch {
            throw OperatorFailure(error)
        }
    }
}

extension OperatorJournal.End {
    init(_ bytes: [UInt8], revision: UInt64) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "operator acts")
        guard try reader.byte("format") == OperatorJournal.format else {
            throw reader.failure("format", .invalid)
        }
        self.revision = revision
        rows = try reader.integer("rows", bytes: 8)
        hash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        let last = try reader.counted("last act", max: 1024)
        standing = last.isEmpty ? nil : try OperatorJournal.Act(last)
        try reader.end()
    }

    fileprivate var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(OperatorJournal.format)
        writer.integer(rows, bytes: 8)
        writer.append(hash)
        writer.counted(standing?.bytes ?? [])
        return writer.bytes
    }
}

extension OperatorJournal.Act {
    private static let format: UInt8 = 1

    fileprivate init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "operator act")
        guard try reader.byte("format") == Self.format else {
            throw reader.failure("format", .invalid)
        }
        kind = try reader.value("act", bytes: 1) { Kind(rawValue: UInt8($0)) }
        moment = try reader.moment("moment")
        operatorName = try reader.text(
            "operator",
            bytesMax: SignInLimits.nameBytes.upperBound
        )
        reason = try reader.text("reason", bytesMax: ConsoleLimits.reasonBytesMax)
        try reader.end()
    }

    fileprivate var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(Self.format)
        writer.byte(kind.rawValue)
        writer.integer(UInt64(bitPattern: moment.milliseconds), bytes: 8)
        writer.text(operatorName)
        writer.text(reason)
        return writer.bytes
    }
}
