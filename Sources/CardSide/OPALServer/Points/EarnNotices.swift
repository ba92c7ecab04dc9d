// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Tells loyalty servers of their members' purchases at partners. A notice becomes durable with the
/// debit; it is sent with what has become of the debit until the loyalty server has noted the end.
/// One that is refused waits before it is sent again, longer each time.
package struct EarnNotices: Sendable {
    private let store: any RecordStore
    private let records: SealedRecords
    private let programmes: ProgrammeDirectory
    private let links: ProgrammeLinks
    private let now: @Sendable () -> Instant

    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        programmes: ProgrammeDirectory,
        links: ProgrammeLinks,
        now: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        records = SealedRecords(store: store, sealing: seals)
        self.programmes = programmes
        self.links = links
        self.now = now
    }

    // MARK: With the debit

    /// Of which of its programmes a card earns by a purchase.
    ///
    /// - Throws: `.storeUnavailable`. A programme that somebody changed earns nothing, and keeps
    ///   nobody from paying; the audit tells.
    func earning(
        _ terms: OrderTerms,
        of memberships: [Membership]
    ) async throws(Refusal) -> [Membership] {
        guard terms.amount.minorUnits > 0, !terms.amount.currency.isProgramme else { return [] }
        var earning: [Membership] = []
        for membership in memberships {
            do throws(StoreFailure) {
                let entry = try await programmes.find(membership.programme)
                guard let entry, entry.programme.partners.contains(terms.merchant) else {
                    continue
                }
                earning.append(membership)
            } catch .damaged {
                continue
            } catch {
                throw .storeUnavailable
            }
        }
        return earning
    }

    /// What becomes durable with the debit.
    func writes(
        _ transaction: TransactionIdentifier,
        for memberships: [Membership]
    ) async throws(ModuleFailure) -> [RecordWrite] {
        var writes: [RecordWrite] = []
        for membership in memberships {
            let notice = EarnNoticeRecord(transaction, membership)
            do throws(UserFailure) {
                writes.append(try await write(notice, expectedRevision: 0))
            } catch {
                throw .unavailable("the earn notice cannot be sealed")
            }
        }
        return writes
    }

    private func write(
        _ notice: EarnNoticeRecord,
        expectedRevision: UInt64
    ) async throws(UserFailure) -> RecordWrite {
        try await records.put(
            notice.key,
            expectedRevision: expectedRevision,
            notice.bytes,
            isOpen: notice.isOpen
        )
    }

    // MARK: Afterwards

    /// Sends what the loyalty servers have not noted yet. To be called at start-up and then every
    /// few seconds. A loyalty server that is silent is left alone until the next round.
    ///
    /// - Returns: how many notices came to their end.
    @discardableResult
    package func tell() async -> Int {
        var (count, cursor): (Int, [UInt8]?) = (0, nil)
        var silent: Set<Currency> = []
        while true {
            guard
                let page = try? await store.listOpen(
                    EarnNoticeRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            else { return count }
            for record in page {
                guard let opened = try? await records.open(record),
                    let notice = try? EarnNoticeRecord(opened.body, key: record.key.bytes),
                    !silent.contains(notice.membership.programme),
                    notice.pause?.lasts(at: now()) != true
                else { continue }
                switch await told(notice) {
                case nil: silent.insert(notice.membership.programme)
                case let next? where next != notice:
                    guard await store(next, expectedRevision: opened.revision) else { continue }
                    count += next.isOpen ? 0 : 1
                case _?: break
                }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return count }
            cursor = last.key.bytes
        }
    }

    /// How many notices wait for their end.
    package func openCount() async throws(StoreFailure) -> Int {
        var (count, cursor): (Int, [UInt8]?) = (0, nil)
        while true {
            let page = try await store.listOpen(
                EarnNoticeRecord.kind,
                after: cursor,
                limit: RecordLimits.pageMax
            )
            count += page.count
            guard page.count == RecordLimits.pageMax, let last = page.last else { return count }
            cursor = last.key.bytes
        }
    }

    /// Tells of one purchase.
    ///
    /// - Returns: the notice afterwards, perhaps as it was; nil where the loyalty server is silent.
    private func told(_ notice: EarnNoticeRecord) async -> EarnNoticeRecord? {
        guard let draw = await draw(notice.transaction),
            draw.state.notice != notice.noted,
            let link = links.link(to: notice.membership.programme)
        else { return notice }
        let message = PointsMessage.purchase(
            PurchaseNotice(
                transaction: notice.transaction,
                membership: notice.membership,
                merchant: draw.terms.merchant,
                amount: draw.terms.amount,
                debitedAt: draw.debitedAt,
                state: draw.state.notice
            )
        )
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.noticeLost) {
                _ = try? await link.request(message.bytes)
                return notice.noting(.sold)
            }
        #endif
        guard let reply = try? await link.request(message.bytes) else { return nil }
        return switch try? PointsMessage(reply) {
        case .noted(notice.transaction): notice.noting(draw.state.notice)
        case .refusal(notice.transaction, let reason): notice.refused(reason, at: now())
        default: notice
        }
    }

    private func draw(_ transaction: TransactionIdentifier) async -> DrawRecord? {
        guard let opened = try? await records.read(DrawRecord.key(transaction)) else { return nil }
        return try? DrawRecord(opened.body)
    }

    /// - Returns: whether it is durable.
    private func store(_ notice: EarnNoticeRecord, expectedRevision: UInt64) async -> Bool {
        guard let write = try? await write(notice, expectedRevision: expectedRevision) else {
            return false
        }
        return (try? await records.commit(Transition(writes: [write]))) ?? false
    }
}

/// The loyalty servers that this OPAL server tells of purchases, by programme.
package struct ProgrammeLinks: Sendable {
    private let find: @Sendable (Currency) -> (any Link)?

    package init(_ links: [Currency: any Link]) {
        find = { links[$0] }
    }

    /// `find`: asked anew for each notice, where programmes come and go.
    package init(_ find: @escaping @Sendable (Currency) -> (any Link)?) {
        self.find = find
    }

    package func link(to programme: Currency) -> (any Link)? { find(programme) }
}

extension DrawState {
    fileprivate var notice: PurchaseNotice.State {
        switch self {
        case .debited: .debited
        case .sold: .sold
        case .recovered: .recovered
        }
    }
}
