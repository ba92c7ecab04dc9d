// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// An HSM whose answers to DEBIT IEP are changed between it and the emulator.
struct ForgingModule: CardModule {
    let inner: any CardModule
    let forger: CardForger

    func process(
        _ command: PurseCommand,
        on card: SealedCard,
        dialogue: CardDialogue?,
        context: CardContext
    ) async throws(ModuleFailure) -> CardStep {
        let step = try await inner.process(
            command,
            on: card,
            dialogue: dialogue,
            context: context
        )
        guard case .debit(let debit) = command else { return step }
        return forger.step(step, to: debit, of: card.card)
    }

    // MARK: As the module

    func personalize(
        _ order: CardOrder,
        revision: UInt64
    ) async throws(ModuleFailure) -> SealedCard {
        try await inner.personalize(order, revision: revision)
    }

    func personalize(
        _ order: CardOrder,
        policy: SpendingPolicy,
        by who: String,
        revision: UInt64,
        context: CardContext
    ) async throws(ModuleFailure) -> Result<CardChange, SettingRefusal> {
        try await inner.personalize(
            order,
            policy: policy,
            by: who,
            revision: revision,
            context: context
        )
    }

    func describe(_ card: SealedCard) async throws(ModuleFailure) -> CardDescription {
        try await inner.describe(card)
    }

    func deny(
        _ load: CardLoad,
        on card: SealedCard,
        evidence: CardHistoryEntry?
    ) async throws(ModuleFailure) -> Signature? {
        try await inner.deny(load, on: card, evidence: evidence)
    }

    func set(
        _ setting: CardSetting,
        by who: String,
        on card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> Result<CardChange, SettingRefusal> {
        try await inner.set(setting, by: who, on: card, context: context)
    }

    func stop(_ card: SealedCard) async throws(ModuleFailure) -> SealedCard {
        try await inner.stop(card)
    }

    func moveOut(
        _ amount: Money,
        of card: SealedCard,
        to successor: CardIdentifier,
        transaction: TransactionIdentifier,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep {
        try await inner.moveOut(
            amount,
            of: card,
            to: successor,
            transaction: transaction,
            context: context
        )
    }

    func sweep(
        _ sweep: CardSweep,
        of card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep {
        try await inner.sweep(sweep, of: card, context: context)
    }

    func expire(
        _ card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> CardChange? {
        try await inner.expire(card, context: context)
    }

    func join(
        _ changes: [CardChange],
        after card: SealedCard
    ) async throws(ModuleFailure) -> SealedCard {
        try await inner.join(changes, after: card)
    }

    func audit(
        _ rows: [ChainedRow],
        of card: CardIdentifier,
        _ check: CardAudit
    ) async -> CardAudit {
        await inner.audit(rows, of: card, check)
    }

    func conclude(_ check: CardAudit, on card: SealedCard) async -> CardAudit {
        await inner.conclude(check, on: card)
    }
}
