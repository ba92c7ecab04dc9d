// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through the gateway's authorisations: opens every record, walks every journal, looks
/// whether the counter has given out every number, and adds up what was captured.
package struct AuthorizationAudit: Sendable {
    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        /// Every authorisation that opens.
        package var authorizations: [AuthorizationName: Authorization] = [:]

        /// What is or will be captured, in minor units of a currency.
        package func captured(_ currency: Currency) -> UInt64 {
            authorizations.values
                .filter { $0.state == .completing || $0.state == .completed }
                .compactMap(\.amount)
                .filter { $0.currency == currency }
                .reduce(0) { $0 + $1.minorUnits }
        }
    }

    private let book: AuthorizationBook

    package init(store: any RecordStore, seals: any RecordSealing) {
        book = AuthorizationBook(store: store, seals: seals)
    }

    /// `progress`: told after each authorisation.
    package func run(
        _ progress: @Sendable () -> Void = {}
    ) async throws(StoreFailure) -> Report {
        var report = Report()
        var lastUsed: UInt64 = 0
        try await book.store.forEach(AuthorizationRecord.kind) {
            stored async throws(StoreFailure) in
            let place = "gateway, authorisation \(Hex.text(stored.key.bytes))"
            if let record = try? await book.open(stored).record {
                report.authorizations[record.name] = Authorization(record)
                lastUsed = max(lastUsed, record.terms?.trace.count ?? 0)
                report.findings += try await checkJournal(of: record, stored, place)
            } else {
                report.findings.append(AuditFinding(place, "does not open"))
            }
            progress()
        }
        report.findings += try await checkCounter(behind: lastUsed)
        return report
    }

    /// It is read after the authorisations, whose numbers it gave out before.
    private func checkCounter(
        behind lastUsed: UInt64
    ) async throws(StoreFailure) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var next: UInt64 = 1
        try await book.store.forEach(TraceCounter.kind) { record async throws(StoreFailure) in
            let place = "gateway, counter \(Hex.text(record.key.bytes))"
            guard let count = try? await TraceCounter.next(in: record, book.seals) else {
                findings.append(AuditFinding(place, "does not open"))
                return
            }
            next = count
        }
        if next <= lastUsed, findings.isEmpty {
            findings.append(
                AuditFinding("gateway, counter", "has not given out numbers that were used")
            )
        }
        return findings
    }

    /// How far one has come now.
    ///
    /// - Returns: nil where there is none, and where it does not open, which ``run(_:)`` names.
    package func state(
        of name: AuthorizationName
    ) async throws(StoreFailure) -> FundsAuthorizationState? {
        try await authorization(of: name)?.state
    }

    /// One as it is now; nil as for ``state(of:)``.
    package func authorization(
        of name: AuthorizationName
    ) async throws(StoreFailure) -> Authorization? {
        guard let record = try await book.store.read(AuthorizationRecord.key(name)),
            let opened = try? await book.open(record).record
        else { return nil }
        return Authorization(opened)
    }

    private func checkJournal(
        of record: AuthorizationRecord,
        _ stored: Record,
        _ place: String
    ) async throws(StoreFailure) -> [AuditFinding] {
        let stream = record.name.bytes
        return try await book.store.checkJournal(
            of: stored,
            stream: stream,
            rows: record.rowCount,
            lastHash: record.rowHash,
            place: place
        ) { row, previous in
            try? await book.seals.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            ).hash
        }
    }
}
