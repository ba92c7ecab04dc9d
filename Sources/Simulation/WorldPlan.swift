// SPDX-License-Identifier: Apache-2.0

package import Bank
package import CardEmulator
package import ClearingHouse
package import Kernel
package import Keys
package import LoyaltyServer
package import Merchant
package import PaymentServer
package import Records
import SessionKeys

/// What a ``World`` is made of.
package struct WorldPlan: Sendable {
    package var seed: UInt64 = 1
    package var start = VirtualClock.noon
    /// How long things take; without it, all is done at once, and time stands still.
    package var pace: Pace?
    /// A card for each, loaded with so many cents.
    package var cardValues: [UInt64] = [10_000, 10_000]
    /// Terminals of the payment server, each with a security card of its own.
    package var terminals = 2
    /// Terminals on other hosts, each on a host of its own.
    package var remoteTerminals = 0
    /// Whether a concentrator stands before them.
    package var hasConcentrator = false
    /// What is on one more card, which is in the reader of a client terminal; nil for none.
    package var readerCardValue: UInt64?
    /// Whether each card has a holder, who gets mails.
    package var hasCardholders = false
    /// How long a sale waits for a terminal when all are busy; only where there is a pace.
    package var terminalWait = Duration.zero
    package var merchants = 1
    /// Where S3 is compared, by merchant, from the first again where there are more merchants.
    package var policies: [ComparisonPolicy] = [.securityCard]
    /// Prices of the articles that each merchant sells, in cents.
    package var prices: [UInt64] = [150, 20, 999]
    /// What is on each account at a bank, in cents; neither bank nor load server without.
    package var accountValues: [UInt64] = []
    /// Whether a payment gateway and a funding network are there; then each card has a holder who
    /// has an account, and the first of them a child.
    package var hasGateway = false
    /// Whether there is a loyalty server with programmes.
    package var hasProgramme = false
    /// How long the points of a purchase are pending.
    package var pendingDays: UInt16 = 0
    /// How batches are collected and cleared; nil where nobody takes them. Each card then has a
    /// holder, as for a gateway.
    package var clearing: ClearingPlan?
    package var opalStore: any RecordStore = MemoryStore()
    package var paymentStore: any RecordStore = MemoryStore()
    /// The stores of the first merchants; the others keep their orders in memory.
    package var merchantStores: [any RecordStore] = []

    package init() {}
}

/// A merchant of a ``World``.
package struct Shop: Sendable {
    package let merchant: MerchantIdentifier
    package let store: FaultyStore
    /// From this merchant to the payment server.
    package let link: FaultyLink
    package let articles: [Article]
    let profile: MerchantModule.Profile
    let sealing: OrderSealer
    let records: RecordSealer
}

/// Why a world cannot be made, or a party of it cannot be started again.
package enum WorldFailure: Error, Sendable {
    case noSuchName(String)
    case key(KeyFailure)
    case card(EmulatorFailure)
    case store(StoreFailure)
    case paymentServer(PaymentServerFailure)
    case order(OrderFailure)
    case bank(BankFailure)
    case loyalty(LoyaltyFailure)
    case clearing(ClearingFailure)
    /// Two makers of records met by chance.
    case conflict
}
