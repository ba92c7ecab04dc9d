// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through the simulated network's books: opens every record, and compares each account with
/// the holds on it.
package struct NetworkAudit: Sendable {
    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        /// How many transactions are in each state.
        package var count: [FundsHoldState: Int] = [:]
        /// The same in minor units.
        package var sum: [FundsHoldState: UInt64] = [:]
        package var accounts: [NetworkAccount] = []
        /// The state of each transaction, by its RRN.
        package var states: [String: FundsHoldState] = [:]
        /// What each transaction holds or held, by its RRN, in minor units.
        package var amounts: [String: UInt64] = [:]
    }

    private let book: NetworkBook

    package init(store: any RecordStore, seals: any RecordSealing) {
        book = NetworkBook(store: store, seals: seals)
    }

    /// `progress`: told after each hold and each account.
    package func run(
        _ progress: @Sendable () -> Void = {}
    ) async throws(StoreFailure) -> Report {
        var report = Report()
        var sums: [[UInt8]: (held: UInt64, captured: UInt64)] = [:]
        try await book.store.forEach(HoldRecord.kind) { record async throws(StoreFailure) in
            progress()
            guard let hold = try? await book.hold(record).value else {
                let place = "funding network, hold \(Hex.text(record.key.bytes))"
                report.findings.append(AuditFinding(place, "does not open"))
                return
            }
            report.count[hold.state, default: 0] += 1
            report.sum[hold.state, default: 0] += hold.amount
            let reference = String(decoding: record.key.bytes.suffix(12), as: UTF8.self)
            report.states[reference] = hold.state
            report.amounts[reference] = hold.amount
            switch hold.state {
            case .held: sums[hold.account, default: (0, 0)].held += hold.amount
            case .captured: sums[hold.account, default: (0, 0)].captured += hold.amount
            case .released, .declined, .void: break
            }
        }
        try await book.store.forEach(NetworkAccount.kind) { record async throws(StoreFailure) in
            progress()
            let place = "funding network, account \(Hex.text(record.key.bytes.prefix(4)))"
            guard let account = try? await book.account(record).value else {
                report.findings.append(AuditFinding(place, "does not open"))
                return
            }
            report.accounts.append(account)
            let sum = sums.removeValue(forKey: record.key.bytes) ?? (0, 0)
            if account.held != sum.held {
                report.findings.append(AuditFinding(place, "holds another sum than its holds"))
            }
            if account.captured != sum.captured {
                report.findings.append(AuditFinding(place, "captured another sum than its holds"))
            }
        }
        for account in sums.keys {
            let place = "funding network, account \(Hex.text(account.prefix(4)))"
            report.findings.append(AuditFinding(place, "is missing"))
        }
        return report
    }
}
