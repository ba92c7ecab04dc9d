// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

/// A change of fees or terms that can be made as things stand, and has not been made yet: who
/// writes acts down before they are done does so in between.
package struct PreparedChange: Sendable {
    /// Over the revision on which the change was decided.
    fileprivate let transition: Transition
}

// Changes of fees and terms (`docs/decisions/0031`).
extension ClearingHouse {
    /// Looks whether a fee can change from a day on. From tomorrow on it can, by the scheme's
    /// clock: sales of today have been charged already.
    ///
    /// - Parameters:
    ///   - change: what becomes of the fee.
    ///   - payer: whose fee it is.
    ///   - currency: of the sales that pay it.
    ///   - day: the first day of the change, in days since 1970-01-01.
    ///   - now: the moment of the change.
    /// - Returns: the change, for ``make(_:)``.
    /// - Throws: `.noTerms`; `.unknownCurrency`, `.unknownMerchant`, `.notPaidIn`; `.feeTooEarly`
    ///   with the first day that is not; `.noFee` where nothing ends, or is to be withdrawn;
    ///   `.tooManyFees`; `.damaged`, `.store`, `.module`.
    package func prepare(
        _ change: FeeChange,
        of payer: FeePayer,
        in currency: Currency,
        from day: Int64,
        now: Instant
    ) async throws(ClearingFailure) -> PreparedChange {
        guard let entry = try await book.find(ClearingTerms.self, ClearingTerms.key) else {
            throw .noTerms
        }
        let terms = entry.value
        guard terms.unit(of: currency) != nil else { throw .unknownCurrency(currency) }
        let tomorrow = terms.clock.day(of: now) + 1
        switch payer {
        case .merchant(let merchant):
            return try await prepare(change, of: merchant, in: currency, from: day, tomorrow)
        case .all:
            let next = try terms.with(change, of: nil, in: currency, from: day, tomorrow)
            return try await prepared(next, over: entry)
        case .category(let category):
            let next = try terms.with(change, of: category, in: currency, from: day, tomorrow)
            return try await prepared(next, over: entry)
        }
    }

    private func prepare(
        _ change: FeeChange,
        of merchant: MerchantIdentifier,
        in currency: Currency,
        from day: Int64,
        _ tomorrow: Int64
    ) async throws(ClearingFailure) -> PreparedChange {
        guard let entry = try await book.find(ClearedMerchant.self, merchant.bytes) else {
            throw .unknownMerchant
        }
        var next = entry.value
        guard let place = next.accounts.firstIndex(where: { $0.currency == currency }) else {
            throw .notPaidIn(currency)
        }
        let account = next.accounts[place]
        next.accounts[place] = account.with(try account.fees.with(change, from: day, tomorrow))
        return try await prepared(next, over: entry)
    }

    /// Looks whether cut-off, value days and least payouts can change. They hold from the next
    /// settlement on.
    ///
    /// - Parameters:
    ///   - now: the moment of the change.
    ///   - change: changes the terms; all else of them stays.
    /// - Returns: the change, for ``make(_:)``.
    /// - Throws: `.noTerms`; `.termsOutOfRange`; `.settlementRuns` while a settlement is under way;
    ///   `.cutOffBetween` where one of both cut-offs has passed today and the other one has not, so
    ///   that another business day would be under way; `.damaged`, `.store`, `.module`.
    package func prepareTerms(
        now: Instant,
        _ change: (inout ClearingTerms) throws(ClearingFailure) -> Void
    ) async throws(ClearingFailure) -> PreparedChange {
        guard let entry = try await book.find(ClearingTerms.self, ClearingTerms.key) else {
            throw .noTerms
        }
        let before = entry.value
        var changed = before
        try change(&changed)
        guard
            let next = ClearingTerms(
                units: changed.units,
                fees: before.fees,
                cutOff: changed.cutOff,
                clock: before.clock,
                valueDays: changed.valueDays
            )
        else { throw .termsOutOfRange }
        if try await runs(before: nil, limit: 1).first?.isOpen == true { throw .settlementRuns }
        guard next.businessDay(closedBefore: now) == before.businessDay(closedBefore: now) else {
            throw .cutOffBetween
        }
        return try await prepared(next, over: entry)
    }

    /// Makes a change durable.
    ///
    /// - Throws: `.changedMeanwhile` where somebody else has changed the same record since it was
    ///   prepared: then nothing of it is done; `.store`.
    package func make(_ change: PreparedChange) async throws(ClearingFailure) {
        guard try await book.commit(change.transition) else { throw .changedMeanwhile }
    }

    private func prepared<Value: ClearingRecord>(
        _ value: Value,
        over entry: ClearingBook.Entry<Value>
    ) async throws(ClearingFailure) -> PreparedChange {
        var transition = Transition(writes: [])
        try await book.put(value, over: entry.revision, to: &transition)
        return PreparedChange(transition: transition)
    }
}

extension ClearingTerms {
    fileprivate func with(
        _ change: FeeChange,
        of category: MerchantCategory?,
        in currency: Currency,
        from day: Int64,
        _ tomorrow: Int64
    ) throws(ClearingFailure) -> ClearingTerms {
        let own = ownSchedule(of: category, in: currency)
        var next = self
        let fee = Fee(currency, category, try own.with(change, from: day, tomorrow))
        guard next.put(fee) else { throw .tooManyFees }
        return next
    }
}

extension FeeSchedule {
    fileprivate func with(
        _ change: FeeChange,
        from day: Int64,
        _ tomorrow: Int64
    ) throws(ClearingFailure) -> FeeSchedule {
        guard day >= tomorrow, FeeSchedule.dayRange.contains(day) else {
            throw .feeTooEarly(UInt32(exactly: tomorrow).flatMap(BusinessDay.init))
        }
        var next = self
        switch change {
        case .begin(let rule):
            guard next.set(rule, from: day) else { throw .tooManyFees }
        case .end:
            guard rule(on: day) != nil else { throw .noFee }
            guard next.set(nil, from: day) else { throw .tooManyFees }
        case .withdraw:
            guard next.withdraw(from: day) else { throw .noFee }
        }
        return next
    }
}
