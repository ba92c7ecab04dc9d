// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

extension UserDirectory {
    /// Removes what nobody needs any more: sessions and tickets that are over, forgotten failures,
    /// and sign-ups whose person never came. To be called about once an hour; for mails see
    /// ``MailOutbox/remove(madeBefore:)``.
    ///
    /// - Returns: the number of removed records.
    @discardableResult
    package func tidy(at now: Instant) async throws(UserFailure) -> Int {
        var removed = 0
        removed += try await tidy(UserRecordKinds.session) { record throws(UserFailure) in
            guard let body = try await self.body(of: record),
                let session = try? SessionRecord(body)
            else { return true }
            return session.isOver(at: now)
        }
        removed += try await tidy(UserRecordKinds.attempts) { record throws(UserFailure) in
            guard let body = try await self.body(of: record),
                let attempts = try? AttemptsRecord(body)
            else { return true }
            return attempts.isForgotten(at: now)
        }
        removed += try await tidy(UserRecordKinds.user) { record throws(UserFailure) in
            // A user whose record does not open stays, for the operator to look at.
            guard let body = try await self.body(of: record), let user = try? UserRecord(body)
            else { return false }
            return user.isLapsed(at: now)
        }
        return removed
    }

    private func tidy(
        _ kind: RecordKind,
        where isOver: (Record) async throws(UserFailure) -> Bool
    ) async throws(UserFailure) -> Int {
        var removed = 0
        var cursor: [UInt8]?
        while true {
            let page = try await self.page(kind, after: cursor)
            for record in page where try await isOver(record) {
                if try await records.delete(record.key, revision: record.revision) { removed += 1 }
            }
            guard page.count == UserLimits.tidyPage, let last = page.last else { return removed }
            cursor = last.key.bytes
        }
    }

    /// Users are open while they can lapse; of the other kinds every record is looked at.
    private func page(
        _ kind: RecordKind,
        after cursor: [UInt8]?
    ) async throws(UserFailure) -> [Record] {
        do throws(StoreFailure) {
            if kind == UserRecordKinds.user {
                return try await records.store.listOpen(
                    kind,
                    after: cursor,
                    limit: UserLimits.tidyPage
                )
            }
            return try await records.store.list(
                kind,
                after: cursor,
                limit: UserLimits.tidyPage,
                order: .ascending
            )
        } catch {
            throw .store(error)
        }
    }

    /// The opened body, or nil where the seal is broken.
    private func body(of record: Record) async throws(UserFailure) -> [UInt8]? {
        do throws(UserFailure) {
            return try await records.open(record).body
        } catch {
            if error == .module(.sealBroken) { return nil }
            throw error
        }
    }
}
