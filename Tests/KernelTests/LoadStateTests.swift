// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// Every pair of a state and an event of a load, with what follows.
@Suite struct LoadStateTests {
    @Test func `a hold ends once, as loaded or released`() {
        let table: [HoldState: [LoadOutcome: HoldState]] = [
            .held: [.loaded: .loaded, .notLoaded: .released], .loaded: [:], .released: [:],
        ]
        #expect(Set(table.keys) == Set(HoldState.allCases))
        for (state, row) in table {
            for outcome in LoadOutcome.allCases {
                #expect(state.next(after: outcome) == row[outcome])
            }
            #expect(state.isOpen == !row.isEmpty)
        }
    }

    @Test func `an authorized load ends by what the card says, and never on`() {
        let table: [AuthorizationState: [AuthorizationEvent: AuthorizationState]] = [
            .authorized: [
                .cardCredited: .loaded, .negativeProved: .notLoaded, .negativeDisproved: .loaded,
            ],
            .loaded: [:], .notLoaded: [:],
        ]
        #expect(Set(table.keys) == Set(AuthorizationState.allCases))
        for (state, row) in table {
            for event in AuthorizationEvent.allCases {
                #expect(state.next(after: event) == row[event])
            }
            #expect(state.isOpen == !row.isEmpty)
            #expect((state.outcome == nil) == state.isOpen)
        }
        #expect(AuthorizationState.loaded.outcome == .loaded)
        #expect(AuthorizationState.notLoaded.outcome == .notLoaded)
    }

    @Test func `a card that was credited ends as loaded, one that was given up as not loaded`() {
        let events: [CardLoadEvent] = [.credited, .gaveUp, .told(.loaded), .told(.notLoaded)]
        let table: [CardLoadState: [CardLoadState?]] = [
            .requested: [.credited, .givenUp, nil, nil],
            .credited: [nil, nil, .loaded, nil],
            .givenUp: [nil, nil, nil, .notLoaded],
            .loaded: [nil, nil, nil, nil],
            .notLoaded: [nil, nil, nil, nil],
        ]
        #expect(Set(table.keys) == Set(CardLoadState.allCases))
        for (state, row) in table {
            #expect(events.map { state.next(after: $0) } == row)
            #expect(state.isOpen == row.contains { $0 != nil })
        }
    }

    @Test func `what is stored or sent as a number keeps its number`() {
        #expect(LoadOutcome.allCases.map(\.rawValue) == [2, 3])
        #expect(HoldState.allCases.map(\.rawValue) == [1, 2, 3])
        #expect(AuthorizationState.allCases.map(\.rawValue) == [1, 2, 3])
        #expect(CardLoadState.allCases.map(\.rawValue) == [1, 2, 3, 4, 5])
    }

    @Test func `an outcome has a word that leads back to it`() {
        #expect(LoadOutcome.allCases.map(\.word) == ["loaded", "not-loaded"])
        for outcome in LoadOutcome.allCases { #expect(LoadOutcome(word: outcome.word) == outcome) }
        #expect(LoadOutcome(word: "sold") == nil)
    }

    @Test func `refusals stand in the order of their codes, each with a word of its own`() {
        let codes = LoadRefusal.allCases.map(\.rawValue)
        #expect(codes == codes.sorted())
        #expect(Set(LoadRefusal.allCases.map(\.word)).count == LoadRefusal.allCases.count)
        for refusal in LoadRefusal.allCases {
            #expect(LoadRefusal(word: refusal.word) == refusal)
        }
        #expect(LoadRefusal(word: "") == nil)
    }

    /// The same thing has one code in purchases and loads.
    @Test func `a refusal that a purchase has too has the same code`() {
        for refusal in LoadRefusal.allCases {
            guard let twin = Refusal(word: refusal.word) else { continue }
            #expect(twin.rawValue == refusal.rawValue)
            #expect(twin.isTransient == refusal.isTransient)
        }
    }

    @Test func `only what passes by itself is transient`() {
        #expect(
            LoadRefusal.allCases.filter(\.isTransient)
                == [.loadInProgress, .notProved, .busy, .loadServerSilent, .storeUnavailable]
        )
    }

    @Test func `a card says why it declined a credit`() {
        let table: [CompletionCode: LoadRefusal] = [
            .cardExpired: .cardExpired, .cardBlocked: .cardBlocked,
            .refusedByLimit: .refusedByLimit, .maximumBalanceExceeded: .aboveMaximum,
            .done: .malformed, .insufficientValue: .malformed,
        ]
        for code in CompletionCode.allCases { #expect(LoadRefusal(declined: code) == table[code]) }
    }

    @Test func `a load is too old after its time, and too early before the clocks agree`() {
        let noon = Instant(milliseconds: 1_795_342_530_000)
        let terms = LoadTerms(
            transaction: TransactionIdentifier(high: 1, low: 2),
            bank: BankIdentifier(bits: 3),
            card: CardPseudonym(high: 4, low: 5),
            amount: Money(minorUnits: 1, currency: .euro, exponent: .cents),
            time: CardTime(noon),
            loadServer: "loads",
            statusURL: "https://bank.example/"
        )
        let inquiry = CardInquiry(
            transaction: terms.transaction,
            bank: terms.bank,
            time: terms.time,
            loadServer: terms.loadServer,
            statusURL: terms.statusURL
        )
        let table: [(Duration, Bool)] = [
            (.zero, false), (LoadLimits.loadTime, false),
            (LoadLimits.loadTime + .milliseconds(1), true),
            (.zero - LoadLimits.clockSkew, false),
            (.zero - LoadLimits.clockSkew - .milliseconds(1), true),
        ]
        for (age, isStale) in table {
            #expect(terms.isStale(at: noon.adding(age)) == isStale)
            #expect(inquiry.isStale(at: noon.adding(age)) == isStale)
        }
    }

    @Test func `a pseudonym is 16 bytes, or their text`() throws {
        let text = "00112233445566778899aabbccddeeff"
        let pseudonym = try #require(CardPseudonym(text: text))
        #expect(pseudonym.text == text)
        #expect(CardPseudonym(pseudonym.bytes) == pseudonym)
        #expect(CardPseudonym(pseudonym.bytes.dropLast()) == nil)
        for wrong in ["", text + "0", text.uppercased(), String(text.dropLast()) + "g"] {
            #expect(CardPseudonym(text: wrong) == nil)
        }
    }
}
