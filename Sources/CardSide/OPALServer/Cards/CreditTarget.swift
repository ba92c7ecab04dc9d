// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import Records
import SecurityModule
import Wire

/// Finds the card onto which value comes back that was once on another: the same one, or where it
/// was renewed, the last one that follows it.
struct CreditTarget: Sendable {
    let records: SealedRecords
    let emulator: Emulator
    let module: any CardModule

    /// The card to be credited.
    ///
    /// - Parameters:
    ///   - card: where the value was.
    ///   - amount: what comes back.
    ///   - now: by which cards expire.
    /// - Returns: the card as last committed, which can be credited with the amount; or why not.
    /// - Throws: `.store`, `.module`, `.damaged` where a succession is not readable as one.
    func find(
        _ card: CardIdentifier,
        _ amount: Money,
        at now: Instant
    ) async throws(FloatFailure) -> Result<SealedCard, RefundRefusal> {
        var card = card
        for _ in 0..<CardSuccession.chainMax {
            guard let (sealed, description) = try await fetched(card) else {
                return .failure(.unknownCard)
            }
            // One that was renewed with other keys has a successor before it expires.
            if let next = try await successor(of: card) {
                card = next
                continue
            }
            if description.expiry.isPast(at: CardTime(now)) { return .failure(.cardExpired) }
            let reason = description.refusal(of: amount)
            return reason.map { .failure($0) } ?? .success(sealed)
        }
        return .failure(.cardExpired)
    }

    /// - Returns: nil where there is no such card, or it does not open.
    private func fetched(
        _ card: CardIdentifier
    ) async throws(FloatFailure) -> (SealedCard, CardDescription)? {
        let sealed: SealedCard?
        do throws(StoreFailure) {
            sealed = try await emulator.fetch(card)
        } catch { throw .store(error) }
        guard let sealed else { return nil }
        do throws(ModuleFailure) {
            return (sealed, try await module.describe(sealed))
        } catch .sealBroken { return nil } catch { throw .module(error) }
    }

    private func successor(
        of card: CardIdentifier
    ) async throws(FloatFailure) -> CardIdentifier? {
        try await attempt { () async throws(UserFailure) in
            guard let opened = try await records.read(SuccessionRecord.key(card)) else {
                return nil
            }
            return try decoded(opened.body, SuccessionRecord.init).successor
        }
    }
}

extension CardDescription {
    /// Why a card that is valid cannot be credited; nil where it can.
    fileprivate func refusal(of amount: Money) -> RefundRefusal? {
        if isBlocked { return .cardBlocked }
        guard let purse = purses.first(where: { $0.balance.isComparable(to: amount) }) else {
            return .currencyNotHeld
        }
        let (sum, isTooLarge) = purse.balance.minorUnits.addingReportingOverflow(
            amount.minorUnits
        )
        if isTooLarge || sum > purse.balanceMax { return .aboveMaximum }
        return lastNumber == .max ? .numbersUsedUp : nil
    }
}
