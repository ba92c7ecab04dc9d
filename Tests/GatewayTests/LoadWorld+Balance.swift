// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import OPALServer
import Testing
import Wire

@testable import Simulation

// The balance across all who have books.
extension LoadWorld {
    /// Rounds of both parties, until neither has anything open.
    func settle(within time: Duration = .seconds(1_800)) async throws {
        let end = funds.clock.now.adding(time)
        while funds.clock.now < end {
            await funds.gateway.keepSignedOn()
            await loads.settleOpen(olderThan: .zero)
            await funds.gateway.forwardOpen()
            let isDone = try await funds.authorizations().values.allSatisfy { !$0.state.isOpen }
            if isDone, try await loads.openLoads(limit: 1).isEmpty { return }
            await funds.pass(.seconds(5))
        }
        Issue.record("something is still open")
    }

    /// What cards were credited is what the gateway completes is what the network captured, load by
    /// load and account by account; nothing is held, and nothing else was done.
    func expectBalance(_ place: SourceLocation = #_sourceLocation) async throws {
        let (cards, books) = (try await cards(), try await funds.books())
        let authorizations = try await funds.authorizations()
        let credited = cards.accountCredits.values.reduce(0) { $0 + $1.amount.minorUnits }
        let report = try await AuthorizationAudit(
            store: funds.gatewayStore,
            seals: funds.gatewaySeals
        ).run()
        #expect(report.captured(.euro) == credited, sourceLocation: place)
        #expect(books.sum[.captured, default: 0] == credited, sourceLocation: place)
        #expect(books.sum[.held, default: 0] == 0, sourceLocation: place)
        for account in books.accounts {
            #expect(account.available == account.opening - account.captured, sourceLocation: place)
        }
        #expect(
            books.accounts.reduce(0) { $0 + $1.captured } == credited,
            sourceLocation: place
        )
        let unit = GatewayWorld.euros(0)
        #expect(cards.loaded[unit] == cards.onCards[unit], sourceLocation: place)
        #expect(
            cards.onCards[unit] == UInt64(cards.cardCount) * Self.opened + credited,
            sourceLocation: place
        )
        for (transaction, load) in cards.accountLoads {
            let name = try #require(AuthorizationName(transaction, of: GatewayWorld.opalServer))
            let known = authorizations[name]
            let hold = known?.retrievalReference.flatMap { books.states[$0] }
            let isRight = Self.agree(load.state, known, hold)
            #expect(
                isRight,
                "\(load.state), \(String(describing: known)), \(String(describing: hold))",
                sourceLocation: place
            )
            let isCredited = cards.accountCredits[transaction] != nil
            #expect(isCredited == (load.state == .completed), sourceLocation: place)
        }
    }

    /// Whether the three have ended one load in the same way.
    private static func agree(
        _ load: AccountLoadState,
        _ known: Authorization?,
        _ hold: FundsHoldState?
    ) -> Bool {
        switch (load, known?.state) {
        case (.completed, .completed): hold == .captured
        // A restart or a silence may hide a decline from both.
        case (.cancelled, .cancelled), (.cancelled, .reversed):
            [nil, .released, .void, .declined].contains(hold)
        // Declined, while it was given up.
        case (.declined, .declined), (.cancelled, .declined): [nil, .declined].contains(hold)
        // A mismatch in what was approved.
        case (.declined, .reversed): known?.outcome != .unknown && hold == .released
        // Refused before the gateway was asked.
        case (.declined, nil): hold == nil
        default: false
        }
    }
}
