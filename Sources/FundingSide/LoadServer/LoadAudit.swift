// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through the load server's database: opens every record, walks every journal, and has S1 and
/// S3 of every load checked again.
package struct LoadAudit: Sendable {
    /// A load whose S2 was issued.
    package struct Authorized: Equatable, Sendable {
        package let card: CardIdentifier
        package let number: UInt32
        package let amount: Money
        package let bank: BankIdentifier
    }

    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        package var loadCount = 0
        package var loaded: [TransactionIdentifier: Authorized] = [:]
        package var notLoaded: Set<TransactionIdentifier> = []
        /// S2 is out, and the card has not answered yet.
        package var open: [TransactionIdentifier: Authorized] = [:]
        /// Of the loaded ones, those whose result had said otherwise.
        package var disproved: Set<TransactionIdentifier> = []
    }

    private let store: any RecordStore
    private let seals: any RecordSealing
    private let module: any LoadModule

    package init(store: any RecordStore, seals: any RecordSealing, module: any LoadModule) {
        self.store = store
        self.seals = seals
        self.module = module
    }

    /// `progress`: told after each load.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        try await store.forEach(AuthorizationRecord.kind) { record async throws(StoreFailure) in
            report.loadCount += 1
            try await check(record, &report)
            progress()
        }
        for kind in [
            LoadServerRecords.agreement, LoadServerRecords.bankKey, LoadServerRecords.issuerKey,
        ] {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                if await open(record) == nil {
                    report.findings.append(AuditFinding(Self.place(record), "does not open"))
                }
            }
        }
        return report
    }

    /// The state of a load as it is now: nil where there is none, or where it does not open.
    package func state(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> AuthorizationState? {
        guard let record = try await store.read(AuthorizationRecord.key(transaction)),
            let body = await open(record)
        else { return nil }
        return (try? AuthorizationRecord(body))?.state
    }

    /// What S2 was issued for in a load as it is now: nil where none was, where the card has proved
    /// that it was not credited, and where it does not open.
    package func authorized(
        _ transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> Authorized? {
        guard let record = try await store.read(AuthorizationRecord.key(transaction)),
            let body = await open(record), let load = try? AuthorizationRecord(body),
            load.state != .notLoaded
        else { return nil }
        return load.authorized
    }

    private func open(_ record: Record) async -> [UInt8]? {
        try? await seals.open(record.body, name: record.sealName, revision: record.revision)
    }

    private func check(
        _ record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) {
        let place = Self.place(record)
        guard let body = await open(record), let load = try? AuthorizationRecord(body),
            load.transaction.bytes == record.key.bytes, record.isOpen == load.state.isOpen
        else {
            report.findings.append(AuditFinding(place, "does not open"))
            return
        }
        report.findings += await problems(of: load).map { AuditFinding(place, $0) }
        switch load.state {
        case .notLoaded: report.notLoaded.insert(load.transaction)
        case .authorized: report.open[load.transaction] = load.authorized
        case .loaded:
            report.loaded[load.transaction] = load.authorized
            if load.isDisproved { report.disproved.insert(load.transaction) }
        }
        let stream = load.transaction.bytes
        report.findings += try await store.checkJournal(
            of: record,
            stream: stream,
            rows: load.rowCount,
            lastHash: load.rowHash,
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

    /// The signatures of a load, checked again.
    private func problems(of record: AuthorizationRecord) async -> [String] {
        guard let load = record.load, let credit = record.credit else {
            return record.state == .notLoaded ? [] : ["has no request of a card"]
        }
        var problems: [String] = []
        let again = try? await module.authorize(
            load.request,
            load.answer,
            completion: credit.completion
        )
        if again != credit { problems.append("its S1 or S2 is wrong") }
        if let answer = record.answer {
            let isRight: Void? = try? await module.verify(
                answer,
                to: credit,
                of: load.request,
                load.answer
            )
            if isRight == nil { problems.append("its S3 is wrong") }
        } else if record.state == .loaded, !record.isDisproved {
            problems.append("is loaded without S3")
        }
        return problems
    }

    private static func place(_ record: Record) -> String {
        "load server, \(record.key.kind.name) \(Hex.text(record.key.bytes))"
    }
}

extension AuthorizationRecord {
    /// What S2 was issued for; nil where none was.
    fileprivate var authorized: LoadAudit.Authorized? {
        load.map {
            LoadAudit.Authorized(
                card: $0.answer.card,
                number: $0.answer.number,
                amount: terms.amount,
                bank: terms.bank
            )
        }
    }
}
