// SPDX-License-Identifier: Apache-2.0

/// How a load ended, as the Load Result says it (FIG. 18C, step 890).
package enum LoadOutcome: UInt8, CaseIterable, Sendable {
    case loaded = 2
    case notLoaded = 3

    /// The word in the payload of a Load Result.
    package var word: String {
        switch self {
        case .loaded: "loaded"
        case .notLoaded: "not-loaded"
        }
    }

    /// - Returns: nil where no outcome has this word.
    package init?(word: String) {
        guard let outcome = LoadOutcome.allCases.first(where: { $0.word == word }) else {
            return nil
        }
        self = outcome
    }
}

/// The life of one load at the bank.
///
///     (amount held) ──▶ held ── result: loaded ──────▶ loaded    (paid to the issuer's pool)
///                         └──── result: not loaded ──▶ released
package enum HoldState: UInt8, CaseIterable, Sendable {
    /// The amount is held on the account: the card may have been loaded.
    case held = 1
    /// The account was debited, and the issuer's funds pool credited.
    case loaded = 2
    /// The hold is gone; nothing was taken.
    case released = 3

    package var isOpen: Bool { self == .held }

    /// The next state, or nil where the load has ended before.
    package func next(after outcome: LoadOutcome) -> HoldState? {
        guard self == .held else { return nil }
        return switch outcome {
        case .loaded: .loaded
        case .notLoaded: .released
        }
    }
}

/// The life of one load at the load server.
///
///     (S2 issued) ──▶ authorized ── S3 right ─────────────────▶ loaded
///                         │ ─────── "not loaded", disproved ──▶ loaded
///                         └──────── "not loaded", proved ─────▶ notLoaded
///     (no S2) ────────────────────────────────────────────────▶ notLoaded
///
/// No time-out leads out of `authorized`: S2 may have been used, and only the card can tell.
package enum AuthorizationState: UInt8, CaseIterable, Sendable {
    /// Module 864 has issued S2: the card may have been loaded.
    case authorized = 1
    case loaded = 2
    case notLoaded = 3

    package var isOpen: Bool { self == .authorized }

    /// The next state, or nil where the event has no place: the caller then repeats its answer.
    package func next(after event: AuthorizationEvent) -> AuthorizationState? {
        switch (self, event) {
        case (.authorized, .cardCredited), (.authorized, .negativeDisproved): .loaded
        case (.authorized, .negativeProved): .notLoaded
        default: nil
        }
    }

    /// What the Load Result says, once the load has ended.
    package var outcome: LoadOutcome? { LoadOutcome(rawValue: rawValue) }
}

/// What can happen to a load at the load server after S2.
package enum AuthorizationEvent: CaseIterable, Sendable {
    /// S3 with completion code 0000 is right (FIG. 18C, step 885).
    case cardCredited
    /// The card proved that it was not loaded (negative result, steps 882 and following).
    case negativeProved
    /// The zero-value request shows that the number was consumed: the card was loaded though the
    /// result said otherwise.
    case negativeDisproved
}

/// The life of one load at the OPAL server. It is remembered before the load server is asked,
/// because a load whose S2 was issued ends only with a proof of the card.
///
///     requested ── card credited ──▶ credited ── load server knows ──▶ loaded
///         └─────── given up ───────▶ givenUp ─── load server knows ──▶ notLoaded
package enum CardLoadState: UInt8, CaseIterable, Sendable {
    /// S1 is made, the card is not credited.
    case requested = 1
    /// Credited; the load response is repeated until the load server answers.
    case credited = 2
    /// Not credited, and never to be; the negative response is repeated until the load server
    /// answers.
    case givenUp = 3
    case loaded = 4
    case notLoaded = 5

    package var isOpen: Bool {
        switch self {
        case .requested, .credited, .givenUp: true
        case .loaded, .notLoaded: false
        }
    }

    /// The next state, or nil where the event has no place.
    package func next(after event: CardLoadEvent) -> CardLoadState? {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.givenUpAfterCredit), event == .gaveUp { return .givenUp }
        #endif
        return switch (self, event) {
        case (.requested, .credited): .credited
        case (.requested, .gaveUp): .givenUp
        case (.credited, .told(.loaded)): .loaded
        case (.givenUp, .told(.notLoaded)): .notLoaded
        default: nil
        }
    }
}

/// What can happen to a load at the OPAL server.
package enum CardLoadEvent: Equatable, Sendable {
    /// The card credited itself (FIG. 18B, step 881).
    case credited
    /// From now on the card will not be credited for this transaction.
    case gaveUp
    /// The load server has told how the load ended (FIG. 18C, step 890).
    case told(LoadOutcome)
}
