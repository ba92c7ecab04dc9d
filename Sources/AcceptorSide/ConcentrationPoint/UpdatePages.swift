// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import Records
import SecurityModule
import Wire

/// What the clearing house has said is new, in the pages in which it came, for payment servers that
/// ask. Key: the revision before the page 8; the page as ``CollectionMessage`` bytes, sealed.
struct UpdatePages {
    static let kind = RecordKind("update_page", keyBytes: 8...8)

    let store: any RecordStore
    let seals: any RecordSealing

    /// Pages that one round asks for.
    private static let pagesMax = 64

    private struct Page {
        let before: UInt64
        let revision: UInt64
        let updates: [SchemeUpdate]
    }

    /// What came after a revision. A revision that is in the midst of a page gets the whole page:
    /// who takes updates in their order ends with the same.
    func answer(after revision: UInt64) async throws(StoreFailure) -> CollectionMessage {
        let behind = revision == .max ? nil : UpdatePages.key(revision + 1).bytes
        let found = try await store.list(
            UpdatePages.kind,
            after: behind,
            limit: 1,
            order: .descending
        ).first
        guard let found else { return .updates(revision: revision, hasMore: false, []) }
        let page = try await open(found)
        guard page.revision > revision else {
            return .updates(revision: revision, hasMore: false, [])
        }
        let next = try await store.read(UpdatePages.key(page.revision))
        return .updates(revision: page.revision, hasMore: next != nil, page.updates)
    }

    /// Asks for what is new.
    ///
    /// - Returns: how many updates came; 0 also where nobody answers.
    func refresh(over link: any Link) async throws(StoreFailure) -> Int {
        var count = 0
        for _ in 0..<UpdatePages.pagesMax {
            let revision = try await lastRevision()
            let question = CollectionMessage.updatesQuestion(after: revision)
            guard let bytes = try? await link.request(question.bytes),
                let answer = try? CollectionMessage(bytes),
                case .updates(let last, let hasMore, let updates) = answer, last > revision,
                !updates.isEmpty
            else { break }
            try await keep(answer, after: revision)
            count += updates.count
            if !hasMore { break }
        }
        return count
    }

    private func lastRevision() async throws(StoreFailure) -> UInt64 {
        let last = try await store.list(
            UpdatePages.kind,
            after: nil,
            limit: 1,
            order: .descending
        ).first
        guard let last else { return 0 }
        return try await open(last).revision
    }

    private func keep(
        _ page: CollectionMessage,
        after revision: UInt64
    ) async throws(StoreFailure) {
        let key = UpdatePages.key(revision)
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await seals.seal(page.bytes, name: key.sealName(), revision: 1)
        } catch {
            throw .unavailable("updates cannot be sealed: \(error)")
        }
        // Where another round was first, the next one goes on from there.
        _ = try await store.commit(
            Transition(writes: [.put(key, expectedRevision: 0, body: body)])
        )
    }

    private func open(_ record: Record) async throws(StoreFailure) -> Page {
        let bytes = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let bytes, case .updates(let revision, _, let updates) = try? CollectionMessage(bytes)
        else { throw .damaged("updates \(Hex.text(record.key.bytes)) do not open") }
        let before = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
        return Page(before: before, revision: revision, updates: updates)
    }

    private static func key(_ revision: UInt64) -> RecordKey {
        RecordKey(kind, revision.bigEndianBytes)
    }
}
