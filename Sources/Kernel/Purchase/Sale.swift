// SPDX-License-Identifier: Apache-2.0

/// The life of one sale at the payment server (acceptor side).
///
///     (S2 issued) ──▶ drawn ── S3 right ─────▶ sold
///                       │ ──── card refused ──▶ refused
///                       └───── given up ──────▶ void   (SV issued)
///
/// A sale exists once S2 is issued; what is refused before leaves no record, because nothing can
/// come of it.
/// A sale that is sold can never be void, one that is void can never be sold.
package enum SaleState: UInt8, CaseIterable, Sendable {
    /// The security card has issued S2: the card may have been debited.
    case drawn = 2
    /// S3 was compared and is right; counted by the security card now, or later where somebody else
    /// compared. Payable once.
    case sold = 3
    /// The card answered, provably, that it did not debit.
    case refused = 4
    /// Given up by the security card with SV: a debited card is credited again.
    case void = 5

    /// Whether the sale still waits for something.
    package var isOpen: Bool { self == .drawn }

    /// The next state, or nil where the event has no place: the caller then repeats its answer.
    package func next(after event: SaleEvent) -> SaleState? {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.voidAfterSold), event == .givenUp { return .void }
            if PlantedBug.isPlanted(.soldAfterVoid), self == .void, event == .cardDebited {
                return .sold
            }
        #endif
        return switch (self, event) {
        case (.drawn, .cardDebited): .sold
        case (.drawn, .cardRefused): .refused
        case (.drawn, .givenUp): .void
        default: nil
        }
    }
}

/// What can happen to a sale.
package enum SaleEvent: CaseIterable, Sendable {
    /// S3 with completion code 0000 was compared and is right (FIG. 11C, step 626).
    case cardDebited
    /// S3 with another completion code was compared and is right.
    case cardRefused
    /// No answer in time, or a restart that lost the terminal.
    case givenUp
}

/// The life of one draw at the OPAL server (card side). It exists once the card is debited; before
/// that there is nothing to remember.
package enum DrawState: UInt8, CaseIterable, Sendable {
    /// Debited; the payment server has not yet said what became of it. Shown as *pending*.
    case debited = 1
    case sold = 2
    /// Put back with SV.
    case recovered = 3

    package var isOpen: Bool { self == .debited }

    /// The next state, or nil where the outcome was known already.
    package func next(after outcome: SaleOutcome) -> DrawState? {
        guard self == .debited else { return nil }
        switch outcome {
        case .sold: return .sold
        case .void: return .recovered
        case .refused: return nil
        }
    }
}

/// How a sale ended, as the Debit Result says it.
package enum SaleOutcome: UInt8, CaseIterable, Sendable {
    case sold = 3
    case refused = 4
    case void = 5

    /// The word in the payload of a Debit Result.
    package var word: String {
        switch self {
        case .sold: "sold"
        case .refused: "refused"
        case .void: "void"
        }
    }
}

extension SaleState {
    /// What the Debit Result says, once the sale has ended.
    package var outcome: SaleOutcome? { SaleOutcome(rawValue: rawValue) }
}
