// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

// Which disputes are open: those of one card, and lists of them for people.
extension DisputeDesk {
    // MARK: One card

    /// The open disputes of a card.
    struct OpenOnes {
        let transactions: [TransactionIdentifier]
        /// Of the record that the next one is added to.
        let revision: UInt64

        var isFull: Bool { transactions.count >= DisputeLimits.openPerCardMax }
    }

    func openOnes(of card: CardIdentifier) async throws(UserFailure) -> OpenOnes {
        guard let opened = try await records.read(OpenDisputesRecord.key(card)) else {
            return OpenOnes(transactions: [], revision: 0)
        }
        let known = try decoded(opened.body, OpenDisputesRecord.init).transactions
        var open: [TransactionIdentifier] = []
        for transaction in known where try await isOpen(transaction) { open.append(transaction) }
        return OpenOnes(transactions: open, revision: opened.revision)
    }

    /// The write that adds a dispute to those of its card, of which there is room for one.
    func write(
        adding dispute: Dispute,
        to open: OpenOnes
    ) async throws(UserFailure) -> RecordWrite {
        let record = OpenDisputesRecord(open.transactions + [dispute.sale.transaction])
        return try await records.put(
            OpenDisputesRecord.key(dispute.sale.card),
            expectedRevision: open.revision,
            record.bytes
        )
    }

    /// One that does not open counts: nobody gets room by damage.
    private func isOpen(_ transaction: TransactionIdentifier) async throws(UserFailure) -> Bool {
        do throws(UserFailure) {
            return try await find(transaction).map { !$0.state.isFinal } ?? false
        } catch .module(.sealBroken), .damaged { return true } catch { throw error }
    }

    // MARK: Lists

    /// A page of disputes.
    package struct Page: Sendable {
        package fileprivate(set) var disputes: [Dispute]
        /// Behind which sale the next page begins; nil for the last page.
        package let next: TransactionIdentifier?
    }

    /// Disputes without an outcome, in the order of their sales; on the page those that have to be
    /// decided first stand first.
    ///
    /// `issuer`: whose cards alone are looked at; nil for all.
    /// `transaction`: where the page before ended; nil for the first page.
    package func open(
        of issuer: IssuerIdentifier?,
        after transaction: TransactionIdentifier? = nil,
        limit: Int = DisputeLimits.listedMax
    ) async throws(UserFailure) -> Page {
        var page = try await page(
            of: issuer,
            beyond: transaction,
            limit,
            isOpen: true,
            searching: DisputeLimits.searchedMax
        )
        page.disputes.sort { $0.decideBy < $1.decideBy }
        return page
    }

    /// Disputes that have ended, the newest sales first; likewise.
    package func ended(
        of issuer: IssuerIdentifier?,
        before transaction: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(UserFailure) -> Page {
        try await page(
            of: issuer,
            beyond: transaction,
            limit,
            isOpen: false,
            searching: DisputeLimits.searchedMax
        )
    }

    /// What one message has room for, in the order of their sales: a clearing house goes on behind
    /// the last one.
    func openDisputes(
        of issuer: IssuerIdentifier,
        after transaction: TransactionIdentifier
    ) async throws(UserFailure) -> ([Dispute], hasMore: Bool) {
        let page = try await page(
            of: issuer,
            beyond: transaction,
            DisputeLimits.pageMax,
            isOpen: true,
            searching: .max
        )
        return (page.disputes, hasMore: page.next != nil)
    }

    private func page(
        of issuer: IssuerIdentifier?,
        beyond transaction: TransactionIdentifier?,
        _ limit: Int,
        isOpen: Bool,
        searching: Int
    ) async throws(UserFailure) -> Page {
        let search = RecordSearch(
            DisputeRecord.kind,
            isOpen: isOpen,
            limit: limit,
            searchedMax: searching
        )
        let (disputes, next) = try await search.page(
            beyond: transaction?.bytes,
            in: records.store,
            UserFailure.store
        ) { record async throws(UserFailure) -> Dispute? in
            let dispute = try await opened(record)
            return issuer == nil || dispute?.sale.card.issuer == issuer ? dispute : nil
        }
        return Page(disputes: disputes, next: next.flatMap(TransactionIdentifier.init(bytes:)))
    }
}
