// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
package import Wire

/// Pseudo card reader 264 with one virtual card in it: a ``CardChannel`` like any other, so that
/// the client code does not know that its card is emulated (FIG. 4). It keeps what a card in a
/// reader keeps from one reset to the next: the dialogue, and the record. Where others change the
/// card in between, the commit finds it by the revision, and nothing has happened.
package actor PseudoReader: CardChannel {
    private let emulator: Emulator
    private let identifier: CardIdentifier
    private let isShared: Bool
    private let now: @Sendable () -> Instant
    private var note = ""
    private var attachment: Attachment?
    private var card: SealedCard?
    private var dialogue: CardDialogue?
    /// Why the last command got no response, for the party that put the card in.
    package private(set) var failure: EmulatorFailure?
    /// Which limit of the card made it answer CC 0004 to the last command; a reader tells nobody.
    package private(set) var refusal: SpendingRefusal?

    /// The policy of the card in the purchase that was begun, and what counts against it; nil where
    /// it has none.
    package var spending: CardSpending? {
        guard case .purchase(_, _, _, let spending, _) = dialogue else { return nil }
        return spending
    }

    /// The programmes that may want to know of the purchase that was begun.
    package var memberships: [Membership] {
        guard case .purchase(_, _, _, _, let memberships) = dialogue else { return [] }
        return memberships
    }

    /// `isShared`: whether the card stays in for long while others use it, too. Its record is then
    ///     read anew for each command that belongs to no dialogue.
    /// `now`: asked for the moment of each history row.
    package init(
        _ card: CardIdentifier,
        emulator: Emulator,
        isShared: Bool = false,
        now: @escaping @Sendable () -> Instant
    ) {
        identifier = card
        self.emulator = emulator
        self.isShared = isShared
        self.now = now
    }

    /// What goes into the history, and becomes durable, with the next change of the card.
    package func prepare(note: String, attachment: Attachment?) {
        self.note = note
        self.attachment = attachment
    }

    package func reset() async throws(ChannelFailure) -> [UInt8] {
        dialogue = nil
        card = nil
        _ = try await inserted()
        return AnswerToReset.opal
    }

    package func transmit(_ command: [UInt8]) async throws(ChannelFailure) -> [UInt8] {
        if isShared, dialogue == nil { self.card = nil }
        let card = try await inserted()
        let open = dialogue
        // A dialogue is used once, whatever comes of the command.
        dialogue = nil
        failure = nil
        refusal = nil
        let outcome: Emulator.Outcome
        do throws(EmulatorFailure) {
            outcome = try await emulator.perform(
                command,
                on: card,
                dialogue: open,
                now: now(),
                note: note,
                attach: attachment
            )
        } catch {
            self.card = nil
            failure = error
            // Whether it was stored is not known: no answer is better than a wrong one.
            if case .store(.unavailable) = error { throw .broken("the store did not answer") }
            return ResponseAPDU(status: error.status).bytes
        }
        self.card = outcome.card
        dialogue = outcome.dialogue
        refusal = outcome.refusal
        return outcome.response.bytes
    }

    private func inserted() async throws(ChannelFailure) -> SealedCard {
        if let card { return card }
        let fetched: SealedCard?
        do throws(StoreFailure) {
            fetched = try await emulator.fetch(identifier)
        } catch {
            failure = .store(error)
            throw .broken("the store did not answer")
        }
        guard let fetched else { throw .removed }
        card = fetched
        return fetched
    }
}

extension EmulatorFailure {
    /// What a card answers whose memory failed, or that was used elsewhere in between.
    fileprivate var status: StatusWord {
        switch self {
        case .store, .module, .setBack: .memoryFailure
        case .conflict: .conditionsNotSatisfied
        }
    }
}
