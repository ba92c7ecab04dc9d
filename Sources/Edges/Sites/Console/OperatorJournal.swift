// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
import SecurityModule
import Wire

/// What operators do to cards, with their names: an append-only history for each card, whose end
/// is sealed. An act is written down before it is done.
package struct OperatorJournal: Sendable {
    /// The end of a card's acts, by its card identifier.
    package static let kind = RecordKind("operator_act", keyBytes: 8...8)
    fileprivate static let format: UInt8 = 1

    /// One act: format 1, act 1, moment 8, operator (counted), reason (counted).
    package struct Act: Equatable, Sendable {
        package enum Kind: UInt8, Sendable {
            case blocked = 1
            case unblocked = 2
            /// The whole card number was shown.
            case numberShown = 3
        }

        package let kind: Kind
        package let moment: Instant
        package let operatorName: String
        /// Why a card was blocked; else empty.
        package let reason: String

        package init(_ kind: Kind, at moment: Instant, by name: OperatorName, reason: String = "") {
            self.kind = kind
            self.moment = moment
            operatorName = name.text
            self.reason = reason
        }
    }

    /// The end of a card's acts: format 1, rows 8, hash 32, last block or unblock (counted, empty
    /// where there was none).
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
        for _ in 0..<ConsoleLimits.triesMax {
            var end = try await end(card)
            do {
                let stream = OperatorJournal.stream(card)
                let row = try await seals.chain(
                    act.bytes,
                    stream: stream,
                    number: end.rows + 1,
                    previous: end.hash
                )
                (end.rows, end.hash) = (row.number, row.hash)
                if act.kind != .numberShown { end.standing = act }
                let key = OperatorJournal.key(card)
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
        let standing = try await end(card).standing
        return standing?.kind == .blocked ? standing : nil
    }

    /// All acts on a card, oldest first.
    package func acts(on card: CardIdentifier) async throws(OperatorFailure) -> [Act] {
        do {
            return try await store.history(
                OperatorJournal.stream(card),
                after: 0,
                limit: RecordLimits.pageMax
            ).map { try Act($0.body) }
        } catch {
            throw OperatorFailure(error)
        }
    }

    private static func key(_ card: CardIdentifier) -> RecordKey { RecordKey(kind, card.bytes) }

    /// 20 bytes: no other stream has this length.
    private static func stream(_ card: CardIdentifier) -> [UInt8] { streamPrefix + card.bytes }

    static let streamPrefix = Array("operator act".utf8)

    private func end(_ card: CardIdentifier) async throws(OperatorFailure) -> End {
        do {
            guard let record = try await store.read(OperatorJournal.key(card)) else {
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
            bytesMax: ConsoleLimits.operatorNameBytes.upperBound
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
