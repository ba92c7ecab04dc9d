// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule

/// Goes through the console's database: opens every record and walks what operators did to each
/// card and with each loyalty programme.
package struct OperatorAudit: Sendable {
    private let store: any RecordStore
    private let seals: any RecordSealing

    private static let kinds = [
        OperatorJournal.kind, OperatorJournal.questionKind, OperatorJournal.programmeKind,
        OperatorJournal.operatorKind, OperatorJournal.clearingKind, OperatorJournal.keysKind,
    ]

    package init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    package func run() async throws(StoreFailure) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        try await store.forEach(OperatorDesk.operatorKind) { record async throws(StoreFailure) in
            guard await open(record) == nil else { return }
            let place = "console, operator \(Hex.text(record.key.bytes))"
            findings.append(AuditFinding(place, "does not open"))
        }
        for kind in FigureBook.kinds + [OperatorRoles.kind, LimitProposal.kind] {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                guard await open(record) == nil else { return }
                // A card is named by the last four digits of its number.
                let key =
                    kind == LimitProposal.kind
                    ? "•••• •••• •••• \(Hex.text(record.key.bytes.suffix(2)))"
                    : Hex.text(record.key.bytes)
                findings.append(AuditFinding("console, \(kind.name) \(key)", "does not open"))
            }
        }
        for kind in OperatorAudit.kinds {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                findings += try await check(acts: record)
            }
        }
        return findings
    }

    /// The key of the record that a stream of history belongs to, or nil where it is none of this
    /// database.
    package static func owner(of stream: [UInt8]) -> RecordKey? {
        let prefix = OperatorJournal.streamPrefix
        let key = Array(stream.dropFirst(prefix.count))
        guard stream.starts(with: prefix),
            let kind = kinds.first(where: { $0.keyBytes.contains(key.count) })
        else { return nil }
        return RecordKey(kind, key)
    }

    /// What acts belong to. A card is named by the last four digits of its number.
    package static func place(_ key: [UInt8]) -> String {
        if OperatorJournal.questionKind.keyBytes.contains(key.count) {
            return "console, questions about \(Hex.text(key))"
        }
        if OperatorJournal.clearingKind.keyBytes.contains(key.count) {
            return "console, acts at the clearing house"
        }
        if OperatorJournal.keysKind.keyBytes.contains(key.count) {
            return "console, acts on the keys of issuer \(Hex.text(key))"
        }
        if OperatorJournal.operatorKind.keyBytes.contains(key.count) {
            let name = String(decoding: key.prefix { $0 != 0 }, as: UTF8.self)
            return "console, changes of operator \(name)"
        }
        return OperatorJournal.programmeKind.keyBytes.contains(key.count)
            ? "console, acts on programme \(Hex.text(key))"
            : "console, acts on card •••• •••• •••• \(Hex.text(key.suffix(2)))"
    }

    private func check(acts record: Record) async throws(StoreFailure) -> [AuditFinding] {
        let place = OperatorAudit.place(record.key.bytes)
        guard let body = await open(record),
            let end = try? OperatorJournal.End(body, revision: record.revision)
        else { return [AuditFinding(place, "does not open")] }
        let stream = OperatorJournal.streamPrefix + record.key.bytes
        return try await store.checkJournal(
            of: record,
            stream: stream,
            rows: end.rows,
            lastHash: end.hash,
            place: place
        ) { row, previous in
            try? await seals.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            ).hash
        }
    }

    private func open(_ record: Record) async -> [UInt8]? {
        try? await seals.open(record.body, name: record.sealName, revision: record.revision)
    }
}
