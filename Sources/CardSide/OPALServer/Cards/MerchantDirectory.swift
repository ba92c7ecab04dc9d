// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// What merchants sell, for cards that pay some categories only. DEBIT IEP names the merchant
/// alone, so that the category is this server's word: each entry is sealed, and each change of one
/// is a row of history, so that an entry which is put back to an older one is noticed.
///
/// An entry, format 1: category 3, rows of history 8, hash of the last one 32. A category: 01 and
/// the four digits of ISO 18245 in BCD 2, or three zero bytes for none.
package struct MerchantDirectory: MerchantCategorySource {
    /// By MERCH.
    package static let kind = RecordKind("merchant_category", keyBytes: 15...15)
    fileprivate static let format: UInt8 = 1
    /// A stream is this and MERCH, 32 bytes: no card has one of that length.
    private static let streamPrefix = Array("merchant category".utf8)

    private let store: any RecordStore
    private let seals: any RecordSealing

    package init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    // MARK: Reading

    package func category(
        of merchant: MerchantIdentifier
    ) async throws(StoreFailure) -> MerchantCategory? {
        for _ in 0..<MerchantDirectory.triesMax {
            guard let record = try await store.read(MerchantDirectory.key(merchant)),
                let entry = await open(record)
            else { return nil }
            let behind = try await store.history(
                MerchantDirectory.stream(record.key),
                after: entry.rows,
                limit: 1
            )
            if behind.isEmpty { return entry.category }
            // It was changed in between, or it is an old one that somebody put back.
            if try await store.isStray(behind: record) { return nil }
        }
        return nil
    }

    private static let triesMax = 10

    /// Each merchant that is known, with its category, in the order of their identifiers.
    ///
    /// - Returns: nil in the place of a category that was taken away, or does not open.
    package func merchants()
        async throws(StoreFailure)
        -> [(merchant: MerchantIdentifier, category: MerchantCategory?)]
    {
        var found: [(MerchantIdentifier, MerchantCategory?)] = []
        try await store.forEach(MerchantDirectory.kind) { record async throws(StoreFailure) in
            guard let text = String(validating: record.key.bytes, as: UTF8.self),
                let merchant = MerchantIdentifier(text)
            else { return }
            found.append((merchant, try await category(of: merchant)))
        }
        return found
    }

    // MARK: Changing

    /// Sets the category of a merchant, or takes it away.
    ///
    /// - Parameters:
    ///   - category: nil for none.
    ///   - merchant: by its identifier.
    ///   - who: in whose name.
    ///   - now: the moment for the history.
    /// - Throws: `.store`, `.module`, `.setBack` where the entry is older than its history,
    ///   `.conflict` where somebody else changes it all the time.
    package func set(
        _ category: MerchantCategory?,
        of merchant: MerchantIdentifier,
        by who: String,
        now: Instant
    ) async throws(EmulatorFailure) {
        precondition(CardHistoryEntry.isName(who))
        let key = MerchantDirectory.key(merchant)
        for _ in 0..<MerchantDirectory.triesMax {
            do {
                let record = try await store.read(key)
                var entry = MerchantEntry()
                if let record {
                    guard let opened = await open(record) else { throw ModuleFailure.sealBroken }
                    entry = opened
                }
                if record != nil, entry.category == category { return }
                let transition = try await transition(
                    to: category,
                    from: entry,
                    key,
                    expectedRevision: record?.revision ?? 0,
                    MerchantDirectory.row(category, by: who, now: now)
                )
                if try await store.commit(transition) == .committed { return }
                if try await store.read(key)?.revision == record?.revision {
                    throw EmulatorFailure.setBack
                }
            } catch let failure as EmulatorFailure {
                throw failure
            } catch let failure as StoreFailure {
                throw .store(failure)
            } catch let failure as ModuleFailure {
                throw .module(failure)
            } catch {
                preconditionFailure("Only the failures above are thrown.")
            }
        }
        throw .conflict
    }

    private func transition(
        to category: MerchantCategory?,
        from entry: MerchantEntry,
        _ key: RecordKey,
        expectedRevision: UInt64,
        _ body: [UInt8]
    ) async throws(ModuleFailure) -> Transition {
        let stream = MerchantDirectory.stream(key)
        let row = try await seals.chain(
            body,
            stream: stream,
            number: entry.rows + 1,
            previous: entry.hash
        )
        let next = MerchantEntry(category: category, rows: row.number, hash: row.hash)
        let sealed = try await seals.seal(
            next.bytes,
            name: key.sealName(),
            revision: expectedRevision + 1
        )
        return Transition(
            writes: [.put(key, expectedRevision: expectedRevision, body: sealed)],
            history: [
                HistoryRow(stream: stream, number: row.number, hash: row.hash, body: row.body)
            ]
        )
    }

    /// A row of history: format 1, moment 8, category 3, who set it (counted).
    private static func row(
        _ category: MerchantCategory?,
        by who: String,
        now: Instant
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 48)
        writer.byte(MerchantDirectory.format)
        writer.integer(UInt64(bitPattern: now.milliseconds), bytes: 8)
        writer.category(category)
        writer.text(who)
        return writer.bytes
    }

    // MARK: Auditing

    /// Opens every entry and walks its history.
    func audit() async throws(StoreFailure) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        try await store.forEach(MerchantDirectory.kind) { record async throws(StoreFailure) in
            let place = MerchantDirectory.place(record.key.bytes)
            guard !record.isOpen, record.reply.isEmpty, let entry = await open(record) else {
                findings.append(AuditFinding(place, "does not open"))
                return
            }
            let stream = MerchantDirectory.stream(record.key)
            findings += try await store.checkJournal(
                of: record,
                stream: stream,
                rows: entry.rows,
                lastHash: entry.hash,
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
        return findings
    }

    /// The entry that a stream of history belongs to, or nil where it belongs to none.
    package static func owner(of stream: [UInt8]) -> RecordKey? {
        let key = Array(stream.dropFirst(streamPrefix.count))
        guard stream.starts(with: streamPrefix), kind.keyBytes.contains(key.count) else {
            return nil
        }
        return RecordKey(kind, key)
    }

    /// `key`: MERCH.
    package static func place(_ key: [UInt8]) -> String {
        "OPAL server, category of merchant \(Hex.text(key))"
    }

    // MARK: Entries

    private static func key(_ merchant: MerchantIdentifier) -> RecordKey {
        RecordKey(kind, merchant.bytes)
    }

    private static func stream(_ key: RecordKey) -> [UInt8] { streamPrefix + key.bytes }

    private func open(_ record: Record) async -> MerchantEntry? {
        let body = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        return body.flatMap { try? MerchantEntry($0) }
    }
}

/// An entry of the ``MerchantDirectory``.
private struct MerchantEntry {
    var category: MerchantCategory?
    var rows: UInt64 = 0
    var hash = [UInt8](repeating: 0, count: RecordLimits.hashBytes)

    init(
        category: MerchantCategory? = nil,
        rows: UInt64 = 0,
        hash: [UInt8] = Array(repeating: 0, count: RecordLimits.hashBytes)
    ) {
        self.category = category
        self.rows = rows
        self.hash = hash
    }

    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "category of a merchant")
        guard try reader.byte("format") == MerchantDirectory.format else {
            throw reader.failure("format", .invalid)
        }
        let isKnown = try reader.value("known", bytes: 1) { $0 <= 1 ? $0 == 1 : nil }
        let category = try reader.value("category", bytes: 2) {
            MerchantCategory(bcd: UInt16($0))
        }
        self.category = isKnown ? category : nil
        rows = try reader.integer("rows", bytes: 8)
        hash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 44)
        writer.byte(MerchantDirectory.format)
        writer.category(category)
        writer.integer(rows, bytes: 8)
        writer.append(hash)
        return writer.bytes
    }
}

extension ByteWriter {
    fileprivate mutating func category(_ category: MerchantCategory?) {
        byte(category == nil ? 0 : 1)
        integer(UInt64(category?.bcd ?? 0), bytes: 2)
    }
}
