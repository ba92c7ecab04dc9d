// SPDX-License-Identifier: Apache-2.0

package import Bank
package import Kernel
import LoadServer
package import OPALServer
import Records
package import Wire

// What a person with a browser does who loads a card through the bank.
extension World {
    private var bankNow: Instant { fates.now(of: .bank) }

    /// Lets the bank know what a card says of itself (FIG. 18A, steps 871 and 872).
    ///
    /// - Returns: the bank's question; nil where somebody does not answer.
    package func inquire(_ card: Int = 0, account: Int = 0) async -> TransactionIdentifier? {
        guard let bank, let loads, !fates.isDown(.opalServer),
            let page = try? await bank.module.inquire(from: bank.accounts[account], now: bankNow),
            case .success(let information) = await loads.information(for: page, of: cards[card])
        else { return nil }
        let transaction = page.inquiry.transaction
        let number = try? await bank.module.receive(
            information: information,
            of: transaction,
            now: bankNow
        )
        return number == nil ? nil : transaction
    }

    /// Chooses an amount at the bank, which holds it (steps 873–875).
    ///
    /// `inquiry`: which a card has answered.
    /// Returns the load page.
    package func beginLoad(
        _ minorUnits: UInt64,
        _ inquiry: TransactionIdentifier,
        account: Int = 0
    ) async throws(BankFailure) -> LoadPage {
        guard let bank else { preconditionFailure("There is no bank.") }
        let transaction = try await bank.module.begin(
            minorUnits,
            from: bank.accounts[account],
            with: inquiry,
            now: bankNow
        )
        return try await bank.module.page(
            of: transaction,
            from: bank.accounts[account],
            now: bankNow
        )
    }

    /// Consents at the OPAL server (steps 876–890).
    ///
    /// - Returns: nil where no answer comes, because it is down or crashes meanwhile.
    package func load(_ page: LoadPage, onto card: Int = 0) async -> CardLoadOutcome? {
        await visit { await $0.load(page, onto: self.cards[card]) }
    }

    /// Does not consent.
    package func declineLoad(_ page: LoadPage, for card: Int = 0) async -> CardLoadOutcome? {
        await visit { await $0.decline(page, for: self.cards[card]) }
    }

    private func visit(_ act: (Loads) async -> CardLoadOutcome) async -> CardLoadOutcome? {
        let life = fates.life(.opalServer)
        guard let loads, !life.isOver else { return nil }
        let outcome = await act(loads)
        return life.isOver ? nil : outcome
    }

    /// Brings a Load Result to the bank (step 891).
    package func bringLoad(
        _ result: [UInt8],
        _ transaction: TransactionIdentifier
    ) async throws(BankFailure) -> HoldView {
        guard let bank else { preconditionFailure("There is no bank.") }
        return try await bank.module.receive(result: result, of: transaction, now: bankNow)
    }

    /// Looks at a load at the bank, which asks the load server.
    package func askForLoad(
        _ transaction: TransactionIdentifier
    ) async throws(BankFailure) -> HoldView {
        guard let bank else { preconditionFailure("There is no bank.") }
        return try await bank.module.ask(about: transaction, now: bankNow)
    }

    // MARK: What the parties do from time to time

    /// One round of everything that the parties of a load do by themselves every few seconds.
    package func tidyLoads() async {
        guard let bank, let loadServer else { return }
        await loadServer.link.deliverLate()
        await loadServer.bankLink.deliverLate()
        await loads?.settleOpenLoads(olderThan: .zero)
        _ = try? await bank.module.settleOpen(now: bankNow)
    }

    /// Whether no card and no load server waits for the end of a load.
    var areLoadsQuiet: Bool {
        get async {
            guard let loadServer else { return true }
            guard loadServer.link.isIdle else { return false }
            let open = try? await opalStore.inner.listOpen(LoadRecord.kind, after: nil, limit: 1)
            let waiting = try? await loadServer.desk.openLoads(limit: 1)
            return open?.isEmpty == true && waiting?.isEmpty == true
        }
    }

    /// Whether the bank holds nothing for a load.
    var areHoldsQuiet: Bool {
        get async {
            guard let bank else { return true }
            let open = try? await bank.reader.openLoads(limit: 1)
            return open?.isEmpty == true
        }
    }
}
