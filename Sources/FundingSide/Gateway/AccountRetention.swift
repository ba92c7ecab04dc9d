// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule

/// Account numbers that nobody needs any more: those of authorisations that have ended. What stays
/// is what the network names a transaction by (RRN), and the last four digits.
package struct AccountRetention: Sendable {
    private let book: AuthorizationBook

    package init(store: any RecordStore, seals: any RecordSealing) {
        book = AuthorizationBook(store: store, seals: seals)
    }

    /// The authorisations with a whole account number; those that have ended and were asked for
    /// before the limit are due. Records that do not open are for the audit.
    ///
    /// - Throws: `.store`.
    package func kept(askedBefore limit: Instant) async throws(GatewayFailure) -> KeptRecords {
        var kept = KeptRecords()
        try await forEach { entry async throws(GatewayFailure) in
            guard let terms = entry.record.terms else { return }
            let isDue = entry.record.mayForgetAccount(askedBefore: limit)
            kept.add(terms.askedAt, isDue: isDue)
        }
        return kept
    }

    /// Forgets them, each in a transition of its own; one that changes meanwhile is left for the
    /// next time.
    ///
    /// - Returns: of how many authorisations.
    /// - Throws: `.store`, `.module`.
    @discardableResult
    package func forget(askedBefore limit: Instant) async throws(GatewayFailure) -> Int {
        var count = 0
        try await forEach { entry async throws(GatewayFailure) in
            guard entry.record.mayForgetAccount(askedBefore: limit) else { return }
            if try await book.forgetAccount(entry) { count += 1 }
        }
        return count
    }

    /// Those with a whole account number.
    private func forEach(
        _ body: (AuthorizationBook.Entry) async throws(GatewayFailure) -> Void
    ) async throws(GatewayFailure) {
        var failure: GatewayFailure?
        do throws(StoreFailure) {
            try await book.store.forEach(AuthorizationRecord.kind) {
                stored async throws(StoreFailure) in
                guard failure == nil, let entry = try? await book.open(stored),
                    entry.record.terms?.account != nil
                else { return }
                do throws(GatewayFailure) { try await body(entry) } catch { failure = error }
            }
        } catch {
            throw .store(error)
        }
        if let failure { throw failure }
    }
}
