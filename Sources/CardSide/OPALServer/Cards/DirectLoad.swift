// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// The four messages of a load in one process: S1, S2, S3. Nothing is durable yet: the caller
/// commits what it gets, together with what the load belongs to.
struct DirectLoad: Sendable {
    let module: any CardModule
    let loads: any LoadModule

    /// Loads a card, which may be new and not yet stored.
    ///
    /// - Parameters:
    ///   - amount: what is loaded.
    ///   - card: the record as stored, or of revision 0.
    ///   - bank: IDBANK.
    ///   - transaction: TRX.
    ///   - context: the moment, which is also DTHR, and the note.
    /// - Returns: the next record, with its row.
    /// - Throws: `.unavailable` where the card does not let itself be loaded.
    func load(
        _ amount: Money,
        onto card: SealedCard,
        from bank: BankIdentifier,
        _ transaction: TransactionIdentifier,
        context: CardContext
    ) async throws(ModuleFailure) -> CardChange {
        let request = InitializeLoad(
            bank: bank,
            transaction: transaction,
            time: CardTime(context.now),
            amount: amount
        )
        let begun = try await module.process(
            .initializeLoad(request),
            on: card,
            dialogue: nil,
            context: context
        )
        guard let answer = try? InitializeLoadAnswer(begun.response.data) else {
            throw .unavailable("the card refused to be loaded")
        }
        let credit = try await loads.authorize(request, answer, completion: .done)
        let credited = try await module.process(
            .credit(credit),
            on: card,
            dialogue: begun.dialogue,
            context: context
        )
        guard let change = credited.change, let done = try? CreditAnswer(credited.response.data),
            done.completion == .done
        else { throw .unavailable("the card refused to be credited") }
        try await loads.verify(done, to: credit, of: request, answer)
        return change
    }
}
