// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// The mails that wait to be sent. They are written together with what they tell of; an edge sends
/// them and removes each one afterwards, so that a mail can come twice but never gets lost.
package struct MailOutbox: Sendable {
    private let records: SealedRecords

    package init(store: any RecordStore, sealing: any RecordSealing) {
        records = SealedRecords(store: store, sealing: sealing)
    }

    /// A mail in the outbox.
    package struct Waiting: Sendable {
        /// 16 bytes, in the order of time.
        package let key: [UInt8]
        let revision: UInt64
        /// Nil where the record was changed by somebody and does not open: that mail alone stops.
        package let message: MailMessage?
    }

    /// The oldest mails first, beginning behind `cursor`.
    package func waiting(
        after cursor: [UInt8]? = nil,
        limit: Int = UserLimits.tidyPage
    ) async throws(UserFailure) -> [Waiting] {
        let page: [Record]
        do throws(StoreFailure) {
            page = try await records.store.listOpen(
                UserRecordKinds.mail,
                after: cursor,
                limit: limit
            )
        } catch {
            throw .store(error)
        }
        return try await opened(page)
    }

    /// The newest mails first.
    package func newest(limit: Int) async throws(UserFailure) -> [Waiting] {
        let page: [Record]
        do throws(StoreFailure) {
            page = try await records.store.list(
                UserRecordKinds.mail,
                after: nil,
                limit: limit,
                order: .descending
            )
        } catch {
            throw .store(error)
        }
        return try await opened(page)
    }

    private func opened(_ page: [Record]) async throws(UserFailure) -> [Waiting] {
        var waiting: [Waiting] = []
        for record in page {
            waiting.append(
                Waiting(
                    key: record.key.bytes,
                    revision: record.revision,
                    message: try await message(in: record)
                )
            )
        }
        return waiting
    }

    /// Forgets a mail that was sent.
    ///
    /// - Returns: false where another server did so before.
    @discardableResult
    package func remove(_ mail: Waiting) async throws(UserFailure) -> Bool {
        try await records.delete(
            RecordKey(UserRecordKinds.mail, mail.key),
            revision: mail.revision
        )
    }

    /// How many mails there are, and how many of them were written before a moment.
    package func kept(
        madeBefore limit: Instant
    ) async throws(UserFailure) -> KeptRecords {
        var kept = KeptRecords()
        do throws(StoreFailure) {
            try await records.store.forEach(UserRecordKinds.mail) {
                record async throws(StoreFailure) in
                kept.add(record.madeAt, isDue: record.madeAt < limit)
            }
        } catch {
            throw .store(error)
        }
        return kept
    }

    /// Removes the mails that were written before a moment, sent or not.
    ///
    /// - Returns: how many.
    @discardableResult
    package func remove(madeBefore limit: Instant) async throws(UserFailure) -> Int {
        var count = 0
        while true {
            let page: [Record]
            do throws(StoreFailure) {
                page = try await records.store.list(
                    UserRecordKinds.mail,
                    after: nil,
                    limit: UserLimits.tidyPage,
                    order: .ascending
                )
            } catch {
                throw .store(error)
            }
            // The oldest come first.
            let due = page.prefix { $0.madeAt < limit }
            var removed = 0
            for record in due {
                if try await records.delete(record.key, revision: record.revision) { removed += 1 }
            }
            count += removed
            guard removed > 0, due.count == UserLimits.tidyPage else { return count }
        }
    }

    /// The write of a new mail, for the transition that it tells of.
    func write(
        _ message: MailMessage,
        from random: any RandomSource
    ) async throws(UserFailure) -> RecordWrite {
        let identifier = TransactionIdentifier(at: message.madeAt, random: random.pair())
        return try await records.put(
            RecordKey(UserRecordKinds.mail, identifier.bytes),
            expectedRevision: 0,
            message.bytes,
            isOpen: true
        )
    }

    private func message(in record: Record) async throws(UserFailure) -> MailMessage? {
        do throws(UserFailure) {
            let opened = try await records.open(record)
            return try decoded(opened.body) { bytes throws(WireFailure) in try MailMessage(bytes) }
        } catch {
            switch error {
            case .module(.sealBroken), .damaged: return nil
            default: throw error
            }
        }
    }
}

extension Record {
    /// Of a mail: its key begins with the time in milliseconds (6 bytes).
    fileprivate var madeAt: Instant {
        Instant(milliseconds: key.bytes.prefix(6).reduce(0) { $0 << 8 | Int64($1) })
    }
}
