// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import LoyaltyServer
package import OPALServer
import Records
import Wire

/// What loyalty server and OPAL server of a ``World`` have stored of programmes, opened.
package struct PointsLedger: Sendable {
    /// A member as the loyalty server has them.
    package struct MemberLine: Sendable {
        package let member: Member
        /// By lines of earn files, as the member's statement says.
        package let earnedByFiles: UInt64
    }

    // At the loyalty server.
    package private(set) var members: [Membership: MemberLine] = [:]
    package private(set) var purchases: [Earning: PurchaseEarn] = [:]
    package private(set) var postings: [TransactionIdentifier: Posting] = [:]
    package private(set) var redemptions: [TransactionIdentifier: Redemption] = [:]
    // At the OPAL server.
    package private(set) var notices: [Earning: EarnNoticeRecord] = [:]
    package private(set) var loads: [TransactionIdentifier: PointsLoadRecord] = [:]
    /// Empty where no programme is.
    package private(set) var programmes: [Programme] = []

    private var openedMembers = Opened<MemberLine>()
    private var openedPurchases = Opened<PurchaseEarn>()
    private var openedPostings = Opened<Posting>()
    private var openedRedemptions = Opened<Redemption>()
    private var openedNotices = Opened<EarnNoticeRecord>()
    private var openedLoads = Opened<PointsLoadRecord>()

    /// Reads what has changed since the last time.
    ///
    /// - Returns: what could not be opened.
    mutating func read(
        _ world: World,
        of parties: Set<Party>
    ) async throws(StoreFailure) -> [Violation] {
        var found: [Violation] = []
        guard let loyalty = world.loyalty else { return found }
        programmes = loyalty.programmes
        if parties.contains(.loyaltyServer) {
            try await readMembers(loyalty, &found)
            try await readMoves(loyalty, &found)
        }
        if parties.contains(.opalServer) { try await readOPALServer(world, &found) }
        return found
    }

    // MARK: At the loyalty server

    private mutating func readMembers(
        _ host: LoyaltyHost,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        let reader = host.reader
        for record in try await Ledger.all(LoyaltyRecords.member, in: host.store.inner)
        where !openedMembers.has(record) {
            guard let membership = Membership(bytes: record.key.bytes),
                let member = try? await reader.member(membership),
                let earned = await Self.earnedByFiles(membership, reader)
            else {
                found.append(.damaged("a member"))
                continue
            }
            openedMembers.add(MemberLine(member: member, earnedByFiles: earned), record)
        }
        members = Dictionary(
            openedMembers.values.map { ($0.member.membership, $0) }
        ) { one, _ in one }
    }

    /// - Returns: nil where the statement cannot be read.
    private static func earnedByFiles(
        _ membership: Membership,
        _ reader: LoyaltyModule
    ) async -> UInt64? {
        var (sum, row): (UInt64, UInt64?) = (0, nil)
        while true {
            guard
                let rows = try? await reader.statement(
                    of: membership,
                    before: row,
                    limit: RecordLimits.pageMax
                )
            else { return nil }
            guard let last = rows.last else { return sum }
            for (_, entry) in rows where entry.event == .earned { sum += entry.amount }
            row = last.number
        }
    }

    private mutating func readMoves(
        _ host: LoyaltyHost,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        let (reader, store) = (host.reader, host.store.inner)
        for record in try await Ledger.all(LoyaltyRecords.purchase, in: store)
        where !openedPurchases.has(record) {
            guard let programme = Currency(bytes: record.key.bytes.prefix(2)),
                let transaction = TransactionIdentifier(Hex.text(record.key.bytes.dropFirst(2))),
                let earn = try? await reader.purchase(transaction, in: programme)
            else {
                found.append(.damaged("points of a purchase"))
                continue
            }
            openedPurchases.add(earn, record, transaction)
        }
        for record in try await Ledger.all(LoyaltyRecords.posting, in: store)
        where !openedPostings.has(record) {
            guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)),
                let posting = try? await reader.posting(transaction)
            else {
                found.append(.damaged("a posting"))
                continue
            }
            openedPostings.add(posting, record, transaction)
        }
        for record in try await Ledger.all(LoyaltyRecords.redemption, in: store)
        where !openedRedemptions.has(record) {
            guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)),
                let redemption = try? await reader.redemption(transaction)
            else {
                found.append(.damaged("a redemption"))
                continue
            }
            openedRedemptions.add(redemption, record, transaction)
        }
        purchases = Dictionary(
            openedPurchases.values.map {
                (Earning($0.transaction, $0.membership.programme), $0)
            }
        ) { one, _ in one }
        (postings, redemptions) = (openedPostings.byTransaction, openedRedemptions.byTransaction)
    }

    // MARK: At the OPAL server

    private mutating func readOPALServer(
        _ world: World,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        let store = world.opalStore.inner
        for record in try await Ledger.all(EarnNoticeRecord.kind, in: store)
        where !openedNotices.has(record) {
            guard let bytes = await world.openedByOPALServer(record),
                let notice = try? EarnNoticeRecord(bytes, key: record.key.bytes)
            else {
                found.append(.damaged("an earn notice"))
                continue
            }
            openedNotices.add(notice, record, notice.transaction)
        }
        for record in try await Ledger.all(PointsLoadRecord.kind, in: store)
        where !openedLoads.has(record) {
            let bytes = await world.openedByOPALServer(record)
            // A request that was refused for good stands in the place of its load.
            if let bytes, (try? PointsDenialRecord(bytes)) != nil { continue }
            guard let bytes, let load = try? PointsLoadRecord(bytes) else {
                found.append(.damaged("a load of points"))
                continue
            }
            openedLoads.add(load, record, load.request.transaction)
        }
        notices = Dictionary(
            openedNotices.values.map {
                (Earning($0.transaction, $0.membership.programme), $0)
            }
        ) { one, _ in one }
        loads = openedLoads.byTransaction
    }

    /// The audit that the loyalty server makes of its own database.
    static func audit(_ world: World) async throws(StoreFailure) -> [Violation] {
        guard let loyalty = world.loyalty else { return [] }
        return try await loyalty.audit.run {}.findings.map { .damaged("\($0)") }
    }

    /// What the databases say at the end of a run.
    var sights: Set<Sight> {
        var sights: Set<Sight> = []
        if !members.isEmpty { sights.insert(.enrolled) }
        for earn in purchases.values where earn.points > 0 {
            if earn.state == .due { sights.insert(.pointsEarned) }
            if earn.state == .undone { sights.insert(.pointsUndone) }
        }
        for posting in postings.values {
            switch posting.state {
            case .open: break
            case .posted: sights.insert(.pointsPosted)
            case .refused: sights.insert(.postingRefused)
            }
        }
        for line in members.values where line.member.expired > 0 {
            sights.insert(.pointsExpired(onCard: false))
        }
        for redemption in redemptions.values {
            sights.insert(.redeemedInDatabase(redemption.state))
        }
        return sights
    }
}

extension Membership {
    /// CURR 2, member number.
    fileprivate init?(bytes: [UInt8]) {
        guard let programme = Currency(bytes: bytes.prefix(2)),
            let number = MemberNumber(String(decoding: bytes.dropFirst(2), as: UTF8.self))
        else { return nil }
        self.init(programme: programme, number: number)
    }
}

extension Currency {
    fileprivate init?(bytes: ArraySlice<UInt8>) {
        self.init(bcd: bytes.reduce(0) { $0 << 8 | UInt16($1) })
    }
}
