// SPDX-License-Identifier: Apache-2.0

/// The life of one authorisation at the payment gateway: funds of a funding account for the load of
/// a card ("Alternative loading embodiment" of the patent).
///
///     (0100 durable) ──▶ asked ── approved ───────▶ approved ── card credited ──▶ completing
///                          │                           │                              │ 0230
///                          │                           │ card not credited            ▼
///                          │                           │                          completed
///                          │                           ▼
///                          ├── no answer, unfit ──▶ reversing ── 0430 ──▶ reversed
///                          └── declined, not sent ▶ declined
///
/// What is completing can never be reversed, what is reversing never be completed: funds are
/// captured or released, each once.
package enum FundsAuthorizationState: UInt8, CaseIterable, Sendable {
    /// The request is durable and may have left: the network may hold funds.
    case asked = 1
    /// The network holds the funds; whether the card was credited is not yet said.
    case approved = 2
    /// The network holds nothing.
    case declined = 3
    /// The card was credited; the advice is sent until the network acknowledges it.
    case completing = 4
    case completed = 5
    /// Nothing may stay held; the reversal is sent until the network acknowledges it.
    case reversing = 6
    case reversed = 7

    /// Whether it still waits for something.
    package var isOpen: Bool {
        switch self {
        case .asked, .approved, .completing, .reversing: true
        case .declined, .completed, .reversed: false
        }
    }

    /// Whether a message for the network waits to be acknowledged.
    package var isForwarded: Bool { self == .completing || self == .reversing }

    /// The next state, or nil where the event has no place: the caller then repeats its answer.
    package func next(after event: FundsAuthorizationEvent) -> FundsAuthorizationState? {
        switch (self, event) {
        case (.asked, .approved): .approved
        case (.asked, .declined): .declined
        case (.asked, .unfit), (.asked, .unanswered): .reversing
        case (.approved, .credited): .completing
        case (.approved, .notCredited): .reversing
        case (.completing, .acknowledged): .completed
        case (.reversing, .acknowledged): .reversed
        default: nil
        }
    }
}

/// What can happen to an authorisation.
package enum FundsAuthorizationEvent: CaseIterable, Sendable {
    case approved
    /// The network said no, or the request never left.
    case declined
    /// The network may hold funds, but not as they were asked for: the address differs, say.
    case unfit
    /// No answer in time, or a restart that lost it.
    case unanswered
    case credited
    case notCredited
    /// The network has taken the advice or the reversal.
    case acknowledged
}
