// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Merchant
package import OPALServer
package import PaymentServer
import Records
package import SecurityModule
package import TerminalHost
package import Wire

/// All that the parties of a ``World`` have stored, opened: what the invariants are checked on.
package struct Ledger: Sendable {
    /// One card with its history.
    package struct CardEntry: Sendable {
        package let card: CardIdentifier
        package var rows: [CardHistoryEntry] = []
        package var audit: CardAudit
        package var description: CardDescription?
    }

    package struct OrderEntry: Sendable {
        package let order: OrderView
        package let merchant: MerchantIdentifier
        package let deliveries: Int
    }

    package private(set) var cards: [CardEntry] = []
    package private(set) var draws: [TransactionIdentifier: DrawRecord] = [:]
    package private(set) var sales: [TransactionIdentifier: SaleRecord] = [:]
    package private(set) var securityCards: [SecurityCardDescription] = []
    /// What the security cards on other hosts say of each number.
    package private(set) var exchanges: [TerminalAudit.Entry] = []
    package private(set) var orders: [TransactionIdentifier: OrderEntry] = [:]
    /// What could not be read.
    package private(set) var violations: [Violation] = []

    package init(_ world: World) async {
        do throws(StoreFailure) {
            try await readCards(world)
            try await readDraws(world)
            try await readSales(world)
        } catch {
            violations.append(.unreadable("\(error)"))
        }
        for host in world.hosts {
            if let description = await host.description(), let audit = try? await host.audit.run() {
                securityCards.append(description)
                exchanges += audit.entries
                violations += audit.findings.map { .damaged("\($0)") }
            } else {
                violations.append(.damaged("security card \(host.securityCard.text)"))
            }
        }
        for index in world.shops.indices { await readOrders(world, index) }
    }

    private mutating func readCards(_ world: World) async throws(StoreFailure) {
        for card in world.cards {
            var entry = CardEntry(card: card, audit: CardAudit())
            var last: UInt64 = 0
            while true {
                let rows = try await world.opalStore.inner.history(
                    card.bytes,
                    after: last,
                    limit: RecordLimits.pageMax
                )
                guard let newest = rows.last else { break }
                last = newest.number
                entry.rows += rows.compactMap { try? CardHistoryEntry($0.body) }
                entry.audit = await world.cardModule.audit(
                    rows.map { ChainedRow(number: $0.number, hash: $0.hash, body: $0.body) },
                    of: card,
                    entry.audit
                )
            }
            let key = Emulator.key(card)
            if let record = try await world.opalStore.inner.read(key) {
                let sealed = SealedCard(card: card, revision: record.revision, body: record.body)
                entry.audit = await world.cardModule.conclude(entry.audit, on: sealed)
                entry.description = try? await world.cardModule.describe(sealed)
            }
            cards.append(entry)
        }
    }

    private mutating func readDraws(_ world: World) async throws(StoreFailure) {
        for record in try await Ledger.all(DrawRecord.kind, in: world.opalStore.inner) {
            do throws(StoreFailure) {
                let stored = try await world.purchases.open(record)
                draws[stored.draw.terms.transaction] = stored.draw
            } catch {
                violations.append(.damaged("\(error)"))
            }
        }
    }

    private mutating func readSales(_ world: World) async throws(StoreFailure) {
        for record in try await Ledger.all(SaleRecord.kind, in: world.paymentStore.inner) {
            do throws(StoreFailure) {
                let sale = try await world.payments.open(record).sale
                sales[sale.transaction] = sale
            } catch {
                violations.append(.damaged("\(error)"))
            }
        }
        for record in try await Ledger.all(Terminal.memoryKind, in: world.paymentStore.inner) {
            let identifier = SecurityCardIdentifier(
                bits: record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
            )
            let memory = SealedSecurityCard(
                identifier: identifier,
                revision: record.revision,
                body: record.body
            )
            let module = world.securityCard(identifier)
            if let description = try? await module.describe(memory) {
                securityCards.append(description)
            } else {
                violations.append(.damaged("security card \(identifier.text)"))
            }
        }
    }

    private mutating func readOrders(_ world: World, _ index: Int) async {
        let module = world.merchant(index)
        var cursor: TransactionIdentifier?
        while true {
            guard
                let lines = try? await module.orders(before: cursor, limit: RecordLimits.pageMax)
            else {
                violations.append(.unreadable("the orders of merchant \(index + 1)"))
                return
            }
            for line in lines {
                guard let order = line.order,
                    let journal = try? await module.journal(of: line.transaction)
                else {
                    violations.append(.damaged("order \(line.transaction)"))
                    continue
                }
                orders[line.transaction] = OrderEntry(
                    order: order,
                    merchant: module.profile.merchant,
                    deliveries: journal.count { $0.event == .delivered }
                )
            }
            guard let last = lines.last else { return }
            cursor = last.transaction
        }
    }

    private static func all(
        _ kind: RecordKind,
        in store: any RecordStore
    ) async throws(StoreFailure) -> [Record] {
        var records: [Record] = []
        while true {
            let page = try await store.list(
                kind,
                after: records.last?.key.bytes,
                limit: RecordLimits.pageMax,
                order: .ascending
            )
            if page.isEmpty { return records }
            records += page
        }
    }
}
