// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// Every pair of a state and an event, with what follows.
@Suite struct StateMachineTests {
    @Test func `a sale goes from drawn to one end and never on`() {
        let table: [SaleState: [SaleEvent: SaleState]] = [
            .drawn: [.cardDebited: .sold, .cardRefused: .refused, .givenUp: .void],
            .sold: [:], .refused: [:], .void: [:],
        ]
        #expect(Set(table.keys) == Set(SaleState.allCases))
        for (state, row) in table {
            for event in SaleEvent.allCases { #expect(state.next(after: event) == row[event]) }
            #expect(state.isOpen == !row.isEmpty)
        }
    }

    @Test func `a sale that has ended has the outcome of its state`() {
        let table: [SaleState: SaleOutcome] = [.sold: .sold, .refused: .refused, .void: .void]
        for state in SaleState.allCases {
            #expect(state.outcome == table[state])
            #expect((state.outcome == nil) == state.isOpen)
        }
        #expect(SaleOutcome.allCases.map(\.word) == ["sold", "refused", "void"])
    }

    @Test func `a draw ends once, as sold or recovered`() {
        let table: [DrawState: [SaleOutcome: DrawState]] = [
            .debited: [.sold: .sold, .void: .recovered], .sold: [:], .recovered: [:],
        ]
        #expect(Set(table.keys) == Set(DrawState.allCases))
        for (state, row) in table {
            for outcome in SaleOutcome.allCases {
                #expect(state.next(after: outcome) == row[outcome])
            }
            #expect(state.isOpen == !row.isEmpty)
        }
    }

    @Test func `an order is delivered only after it was paid`() {
        let events: [OrderEvent] = SaleOutcome.allCases.map { .result($0) } + [.handedOut]
        let table: [OrderState: [OrderState?]] = [
            .open: [.paid, .unpaid, .unpaid, nil],
            .paid: [nil, nil, nil, .delivered],
            .delivered: [nil, nil, nil, nil],
            .unpaid: [nil, nil, nil, nil],
        ]
        #expect(Set(table.keys) == Set(OrderState.allCases))
        for (state, row) in table { #expect(events.map { state.next(after: $0) } == row) }
    }

    @Test func `a load from an account is credited or given up, and never both`() {
        let table: [AccountLoadState: [AccountLoadEvent: AccountLoadState]] = [
            .authorizing: [
                .credited: .credited, .declined: .declined, .reversed: .cancelled,
                .gaveUp: .cancelling,
            ],
            .credited: [.completed: .completed],
            .cancelling: [.reversed: .cancelled],
            .completed: [:], .declined: [:], .cancelled: [:],
        ]
        #expect(Set(table.keys) == Set(AccountLoadState.allCases))
        for (state, row) in table {
            for event in AccountLoadEvent.allCases {
                #expect(state.next(after: event) == row[event])
            }
            #expect(state.isOpen == !row.isEmpty)
        }
        #expect(AccountLoadState.allCases.filter(\.isLoaded) == [.credited, .completed])
    }

    @Test func `what is stored as a number keeps its number`() {
        #expect(AccountLoadState.allCases.map(\.rawValue) == [1, 2, 3, 4, 5, 6])
        #expect(AccountLoadPurpose.allCases.map(\.rawValue) == [1, 2, 3, 4])
        #expect(SaleState.allCases.map(\.rawValue) == [2, 3, 4, 5])
        #expect(SaleOutcome.allCases.map(\.rawValue) == [3, 4, 5])
        #expect(DrawState.allCases.map(\.rawValue) == [1, 2, 3])
        #expect(OrderState.allCases.map(\.rawValue) == [1, 2, 3, 4])
        #expect(ComparisonPolicy.allCases.map(\.rawValue) == [1, 2, 3, 4, 5])
    }

    @Test func `an order may be paid for thirty minutes and two minutes of clock difference`()
        throws
    {
        let made = Instant(milliseconds: 1_795_000_000_000)
        let terms = OrderTerms(
            transaction: TransactionIdentifier(high: 1, low: 2),
            merchant: try #require(MerchantIdentifier("SHOP")),
            amount: Money(minorUnits: 1, currency: .euro, exponent: .cents),
            policy: .securityCard,
            madeAt: made,
            statusURL: "https://shop.example/status"
        )
        #expect(!terms.isStale(at: made))
        #expect(!terms.isStale(at: made.adding(.seconds(1_800))))
        #expect(terms.isStale(at: made.adding(.milliseconds(1_800_001))))
        #expect(!terms.isStale(at: made.subtracting(.seconds(120))))
        #expect(terms.isStale(at: made.subtracting(.milliseconds(120_001))))
    }
}

@Suite struct RefusalTests {
    @Test func `codes are unique, never zero, and ascend in the order of the reasons`() {
        let codes = Refusal.allCases.map(\.rawValue)
        #expect(Set(codes).count == codes.count)
        #expect(!codes.contains(0))
        #expect(codes == codes.sorted())
    }

    @Test func `words are unique and give the refusal back`() {
        #expect(Set(Refusal.allCases.map(\.word)).count == Refusal.allCases.count)
        for refusal in Refusal.allCases {
            #expect(Refusal(word: refusal.word) == refusal)
            #expect(refusal.word.allSatisfy { $0 == "-" || ("a"..."z").contains($0) })
        }
        #expect(Refusal(word: "") == nil)
        #expect(Refusal(word: "Busy") == nil)
    }

    /// Refusals that go away by themselves; all others need somebody.
    static let transient: Set<Refusal> = [
        .busy, .paymentServerSilent, .storeUnavailable, .orderInProgress,
    ]

    @Test(arguments: Refusal.allCases)
    func `only what goes away by itself is transient`(refusal: Refusal) {
        #expect(refusal.isTransient == Self.transient.contains(refusal))
    }
}
