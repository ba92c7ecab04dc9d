// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization
import Wire

/// What the sales of one comparison policy have taken of terminals and trips since the payment
/// server started, as it was counted and measured where it happened: what FIGS. 5 to 8 differ in.
package struct PolicyUse: Equatable, Sendable {
    /// Sales that S2 was issued for.
    package private(set) var draws: UInt64 = 0
    /// Messages of the OPAL server about these sales that came before the result was out, the draw
    /// requests among them. One that comes again counts again.
    package private(set) var trips: UInt64 = 0
    /// Messages of the OPAL server afterwards: what became of the debit.
    package private(set) var notices: UInt64 = 0
    /// Exchanges of a terminal with its security card while a sale held it.
    package private(set) var exchanges: UInt64 = 0
    /// How long sales held terminals, from lease to release.
    package private(set) var held = Duration.zero
    /// Exchanges that brought a security card sales to be counted, several at once.
    package private(set) var countings: UInt64 = 0
    /// How long these held terminals; a round that counts sales of several policies is divided.
    package private(set) var heldToCount = Duration.zero

    package init() {}

    mutating func draw() { draws += 1 }

    /// A message of the OPAL server came.
    ///
    /// `isResultOut`: whether an earlier answer had brought the result.
    mutating func message(isResultOut: Bool) {
        if isResultOut { notices += 1 } else { trips += 1 }
    }

    mutating func add(_ use: TerminalUse) {
        exchanges += use.exchanges
        held += use.held
    }

    /// A terminal was leased to have sales counted, of which `count` in `all` are of this policy.
    mutating func addCounting(_ use: TerminalUse, _ count: Int, of all: Int) {
        countings += use.exchanges
        heldToCount += use.held * count / all
    }
}

/// What a lease of a terminal has taken.
package struct TerminalUse: Equatable, Sendable {
    /// From lease to release.
    package let held: Duration
    /// Exchanges with the security card in between.
    package let exchanges: UInt64

    package init(held: Duration, exchanges: UInt64) {
        self.held = held
        self.exchanges = exchanges
    }
}

extension PaymentModule {
    func note(_ policy: ComparisonPolicy, _ event: (inout PolicyUse) -> Void) {
        uses.withLock { event(&$0[policy, default: PolicyUse()]) }
    }

    /// A sale gives its terminal back.
    func release(_ terminal: Terminal, of policy: ComparisonPolicy) {
        guard let use = terminals.release(terminal) else { return }
        note(policy) { $0.add(use) }
    }

    /// A terminal has counted what waited for it.
    func release(_ terminal: Terminal, after counted: [Stored]) {
        guard let use = terminals.release(terminal) else { return }
        let counts = Dictionary(grouping: counted, by: \.sale.request.terms.policy)
        for (policy, sales) in counts {
            note(policy) { $0.addCounting(use, sales.count, of: counted.count) }
        }
    }
}

extension PartyMessage {
    /// Whether an answer to the OPAL server brings the result of the sale, or what opens to it.
    var bringsResult: Bool {
        switch self {
        case .debitResult, .debitOffer: true
        default: false
        }
    }
}
