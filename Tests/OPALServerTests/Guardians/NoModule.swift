// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// A security module that is away: for tests that need a card desk and no card.
struct NoModule: CardModule, LoadModule {
    private static let away = ModuleFailure.unavailable("not part of this test")

    func personalize(
        _ order: CardOrder,
        revision: UInt64
    ) async throws(ModuleFailure) -> SealedCard { throw Self.away }

    func personalize(
        _ order: CardOrder,
        policy: SpendingPolicy,
        by who: String,
        revision: UInt64,
        context: CardContext
    ) async throws(ModuleFailure) -> Result<CardChange, SettingRefusal> { throw Self.away }

    func process(
        _ command: PurseCommand,
        on card: SealedCard,
        dialogue: CardDialogue?,
        context: CardContext
    ) async throws(ModuleFailure) -> CardStep { throw Self.away }

    func describe(_ card: SealedCard) async throws(ModuleFailure) -> CardDescription {
        throw Self.away
    }

    func deny(
        _ load: CardLoad,
        on card: SealedCard,
        evidence: CardHistoryEntry?
    ) async throws(ModuleFailure) -> Signature? { throw Self.away }

    func set(
        _ setting: CardSetting,
        by who: String,
        on card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> Result<CardChange, SettingRefusal> { throw Self.away }

    func stop(_ card: SealedCard) async throws(ModuleFailure) -> SealedCard { throw Self.away }

    func moveOut(
        _ amount: Money,
        of card: SealedCard,
        to successor: CardIdentifier,
        transaction: TransactionIdentifier,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep { throw Self.away }

    func expire(
        _ card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> CardChange? { throw Self.away }

    func sweep(
        _ sweep: CardSweep,
        of card: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep { throw Self.away }

    func join(
        _ changes: [CardChange],
        after card: SealedCard
    ) async throws(ModuleFailure) -> SealedCard { throw Self.away }

    func audit(
        _ rows: [ChainedRow],
        of card: CardIdentifier,
        _ check: CardAudit
    ) async -> CardAudit { check }

    func conclude(_ check: CardAudit, on card: SealedCard) async -> CardAudit { check }

    func authorize(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        completion: CompletionCode
    ) async throws(ModuleFailure) -> CreditIEP { throw Self.away }

    func confirm(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer
    ) async throws(ModuleFailure) { throw Self.away }

    func verify(
        _ answer: CreditAnswer,
        to credit: CreditIEP,
        of request: InitializeLoad,
        _ initializeAnswer: InitializeLoadAnswer
    ) async throws(ModuleFailure) { throw Self.away }

    func verify(
        denial: Signature,
        of load: CardLoad
    ) async throws(ModuleFailure) { throw Self.away }
}
