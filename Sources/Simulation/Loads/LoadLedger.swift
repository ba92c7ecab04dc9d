// SPDX-License-Identifier: Apache-2.0

package import Bank
package import Kernel
package import LoadServer
package import OPALServer
import Records
import Wire

/// What the parties of a ``World`` have stored of loads through a bank, opened.
package struct LoadLedger: Sendable {
    /// An account at the bank with its statement, the oldest line first.
    package struct AccountLine: Sendable {
        package let account: Account
        package let entries: [AccountEntry]
    }

    /// At the OPAL server.
    package private(set) var loads: [TransactionIdentifier: LoadRecord] = [:]
    /// At the load server.
    package private(set) var authorizations: [TransactionIdentifier: AuthorizationRecord] = [:]
    /// At the bank.
    package private(set) var holds: [TransactionIdentifier: HoldView] = [:]
    package private(set) var accounts: [AccountNumber: AccountLine] = [:]
    /// What was paid into the accounts of customers, in minor units.
    package private(set) var deposited: UInt64 = 0

    private var openedLoads = Opened<LoadRecord>()
    private var openedAuthorizations = Opened<AuthorizationRecord>()
    private var openedHolds = Opened<HoldView>()
    private var openedAccounts = Opened<AccountNumber>()

    /// Reads what has changed since the last time.
    ///
    /// - Returns: what could not be opened.
    mutating func read(
        _ world: World,
        of parties: Set<Party>
    ) async throws(StoreFailure) -> [Violation] {
        var found: [Violation] = []
        guard let loadServer = world.loadServer, let bank = world.bank else { return found }
        if parties.contains(.opalServer) { try await readLoads(world, &found) }
        if parties.contains(.loadServer) { try await readAuthorizations(loadServer, &found) }
        if parties.contains(.bank) {
            deposited = bank.deposited
            try await readHolds(bank, &found)
            try await readAccounts(bank, &found)
        }
        return found
    }

    private mutating func readLoads(
        _ world: World,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        guard let opening = world.loads else { return }
        for record in try await Ledger.all(LoadRecord.kind, in: world.opalStore.inner)
        where !openedLoads.has(record) {
            do throws(StoreFailure) {
                let load = try await opening.open(record).load
                openedLoads.add(load, record, load.terms.transaction)
            } catch {
                found.append(.damaged("\(error)"))
            }
        }
        loads = openedLoads.byTransaction
    }

    private mutating func readAuthorizations(
        _ host: LoadServerHost,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        for record in try await Ledger.all(AuthorizationRecord.kind, in: host.store.inner)
        where !openedAuthorizations.has(record) {
            do throws(StoreFailure) {
                let authorization = try await host.desk.open(record).record
                openedAuthorizations.add(authorization, record, authorization.transaction)
            } catch {
                found.append(.damaged("\(error)"))
            }
        }
        authorizations = openedAuthorizations.byTransaction
    }

    private mutating func readHolds(
        _ bank: BankHost,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        for record in try await Ledger.all(BankRecords.hold, in: bank.store.inner)
        where !openedHolds.has(record) {
            guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)),
                let hold = try? await bank.reader.load(transaction)
            else {
                found.append(.damaged("hold \(Hex.text(record.key.bytes))"))
                continue
            }
            openedHolds.add(hold, record, transaction)
        }
        holds = openedHolds.byTransaction
    }

    private mutating func readAccounts(
        _ bank: BankHost,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        for record in try await Ledger.all(BankRecords.account, in: bank.store.inner)
        where !openedAccounts.has(record) {
            let text = String(decoding: record.key.bytes, as: UTF8.self)
            guard let number = AccountNumber(text),
                let account = try? await bank.reader.account(number)
            else {
                found.append(.damaged("account \(text)"))
                continue
            }
            var entries = accounts[number]?.entries ?? []
            while let page = try? await bank.reader.statement(
                of: number,
                after: UInt64(entries.count),
                limit: RecordLimits.pageMax
            ), !page.isEmpty {
                entries += page
            }
            openedAccounts.add(number, record)
            accounts[number] = AccountLine(account: account, entries: entries)
        }
    }

    /// The audits that load server and bank make of their own databases.
    static func audit(_ world: World) async throws(StoreFailure) -> [Violation] {
        var findings: [AuditFinding] = []
        if let loadServer = world.loadServer {
            findings += try await loadServer.audit.run {}.findings
        }
        if let bank = world.bank { findings += try await bank.audit.run {}.findings }
        return findings.map { .damaged("\($0)") }
    }
}

extension LoadLedger {
    /// How loads ended at the load server.
    package struct Count: Equatable, Sendable {
        /// With S3 of the card.
        package var loaded = 0
        /// A negative result that the card proved (steps 882 and following): truly not loaded.
        package var negativeProved = 0
        /// Loaded though the result said otherwise.
        package var negativeDisproved = 0

        package init() {}

        package static func + (one: Count, other: Count) -> Count {
            var sum = one
            sum.loaded += other.loaded
            sum.negativeProved += other.negativeProved
            sum.negativeDisproved += other.negativeDisproved
            return sum
        }
    }

    package var count: Count {
        var count = Count()
        for authorization in authorizations.values {
            switch authorization.state {
            case .authorized: break
            case .loaded where authorization.isDisproved: count.negativeDisproved += 1
            case .loaded: count.loaded += 1
            case .notLoaded where authorization.request != nil: count.negativeProved += 1
            case .notLoaded: break
            }
        }
        return count
    }

    /// What the databases say at the end of a run.
    var sights: Set<Sight> {
        var sights: Set<Sight> = []
        if loads.values.contains(where: { $0.state == .loaded }) { sights.insert(.loaded) }
        for authorization in authorizations.values {
            switch authorization.state {
            case .authorized: break
            case .loaded: if authorization.isDisproved { sights.insert(.negativeDisproved) }
            case .notLoaded:
                if authorization.request != nil {
                    let isDenial = authorization.negative?.denial != nil
                    sights.insert(.negativeProved(byDenial: isDenial))
                } else {
                    let isLate = authorization.reason == .loadTooOld
                    sights.insert(isLate ? .loadOverdue : .loadDeclined)
                }
            }
        }
        return sights
    }
}
