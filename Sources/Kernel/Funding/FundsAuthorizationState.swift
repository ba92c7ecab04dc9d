// SPDX-License-Identifier: Apache-2.0

/// The life of one authorisation at the payment gateway: funds of a funding account for the load of
/// a card ("Alternative loading embodiment" of the patent).
///
///     (0100 durable) ──▶ asked ── approved ───────▶ approved ── card credited ──▶ completing
///                          │                           │                              │ 0230
///                          ├── card not credited ──────┴─▶ cancelling ── 0430         ▼
///                          │                                   ▲          ▼       completed
///                          ├── no answer ──▶ reversing ────────┘      cancelled
///                          │                     ▲   └─── 0430 ──▶ reversed
///                          ├── unfit answer ─────┘
///                          └── declined, not sent ──▶ declined
///
/// What is completing can never be reversed, what is reversing or cancelling never be completed:
/// funds are captured or released, each once. What is cancelled before it was heard of is cancelled
/// from the beginning.
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
    /// The card was not credited and will not be; as reversing.
    case cancelling = 8
    case cancelled = 9
    /// Asked over nothing, and approved: the account is good, and nothing is held.
    case verified = 10

    /// Whether it still waits for something.
    package var isOpen: Bool {
        switch self {
        case .asked, .approved, .completing, .reversing, .cancelling: true
        case .declined, .completed, .reversed, .cancelled, .verified: false
        }
    }

    /// Whether a message for the network waits to be acknowledged.
    package var isForwarded: Bool {
        switch self {
        case .completing, .reversing, .cancelling: true
        case .asked, .approved, .declined, .completed, .reversed, .cancelled, .verified: false
        }
    }

    /// The next state. Where the event has no place, the caller repeats its answer.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - isOverNothing: whether the amount is zero. Then nothing is held, and the network is told
    ///     nothing more.
    /// - Returns: nil for an event that comes too late, or again.
    package func next(
        after event: FundsAuthorizationEvent,
        isOverNothing: Bool = false
    ) -> FundsAuthorizationState? {
        guard isOverNothing else { return next(after: event) }
        return switch next(after: event == .unfit ? .declined : event) {
        case .approved: .verified
        case .completing: .completed
        case .reversing: .reversed
        case .cancelling: .cancelled
        case let next: next
        }
    }

    private func next(after event: FundsAuthorizationEvent) -> FundsAuthorizationState? {
        switch (self, event) {
        case (.asked, .approved): .approved
        case (.asked, .declined): .declined
        case (.asked, .unfit), (.asked, .unanswered): .reversing
        case (.approved, .credited), (.verified, .credited): .completing
        case (.asked, .notCredited), (.approved, .notCredited), (.reversing, .notCredited),
            (.verified, .notCredited):
            .cancelling
        case (.completing, .acknowledged): .completed
        case (.reversing, .acknowledged): .reversed
        case (.cancelling, .acknowledged): .cancelled
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
