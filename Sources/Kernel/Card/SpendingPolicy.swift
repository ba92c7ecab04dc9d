// SPDX-License-Identifier: Apache-2.0

/// All that keeps a card from spending, as one value: its limits, whether it is frozen, and what is
/// allowed once all the same. It is sealed into the card's record, and the card's rules ask it at
/// each debit, whichever way the debit came.
package struct SpendingPolicy: Equatable, Sendable {
    /// Nil where nothing is limited.
    package private(set) var limits: SpendingLimits?
    /// A frozen card pays nothing until it is unfrozen; it can be loaded.
    package var isFrozen: Bool
    package private(set) var exceptions: [SpendingException]
    /// The number of the last exception that was made.
    package private(set) var lastException: UInt32

    /// Exceptions that are open at the same time.
    package static let exceptionsMax = 8
    package static let none = SpendingPolicy()

    package init(limits: SpendingLimits? = nil, isFrozen: Bool = false) {
        self.limits = limits
        self.isFrozen = isFrozen
        exceptions = []
        lastException = 0
    }

    /// A policy as it was stored.
    ///
    /// - Returns: nil where the exceptions are more than allowed, are not in the order of their
    ///   numbers, or have no limits to be exceptions from.
    package init?(
        limits: SpendingLimits?,
        isFrozen: Bool,
        exceptions: [SpendingException],
        lastException: UInt32
    ) {
        guard exceptions.count <= SpendingPolicy.exceptionsMax,
            limits != nil || exceptions.isEmpty,
            zip(exceptions, exceptions.dropFirst()).allSatisfy({ $0.number < $1.number }),
            exceptions.allSatisfy({ (1...lastException).contains($0.number) })
        else { return nil }
        self.limits = limits
        self.isFrozen = isFrozen
        self.exceptions = exceptions
        self.lastException = lastException
    }

    /// Whether every purchase passes.
    package var refusesNothing: Bool { limits == nil && !isFrozen }

    // MARK: Changes

    /// Sets the limits. Whether the card is frozen stays as it is, and so do the exceptions where
    /// the same currency is limited.
    package mutating func set(_ new: SpendingLimits?) {
        let isSameCurrency =
            new?.currency == limits?.currency && new?.exponent == limits?.exponent
        limits = new
        if new == nil || !isSameCurrency { exceptions = [] }
    }

    /// Allows a purchase once that a limit would refuse. Exceptions whose time is over are
    /// forgotten.
    ///
    /// - Returns: its number.
    /// - Throws: `.noLimits`, `.exceptionsFull`, `.alreadyOver`.
    @discardableResult
    package mutating func allowOnce(
        _ merchant: MerchantIdentifier,
        minorUnitsMax: UInt64,
        until end: Instant,
        now: Instant
    ) throws(SettingRefusal) -> UInt32 {
        guard limits != nil else { throw .noLimits }
        guard now < end else { throw .alreadyOver }
        exceptions.removeAll { !$0.isOpen(at: now) }
        guard exceptions.count < SpendingPolicy.exceptionsMax, lastException < .max else {
            throw .exceptionsFull
        }
        lastException += 1
        exceptions.append(
            SpendingException(
                number: lastException,
                merchant: merchant,
                minorUnitsMax: minorUnitsMax,
                end: min(end, SpendingException.endMax)
            )
        )
        return lastException
    }

    /// Takes an exception away: it was used, or is not wanted any more.
    ///
    /// - Returns: false where there is none with this number.
    @discardableResult
    package mutating func remove(exception number: UInt32) -> Bool {
        guard let index = exceptions.firstIndex(where: { $0.number == number }) else {
            return false
        }
        exceptions.remove(at: index)
        return true
    }

    // MARK: The rule

    /// What this policy says to a purchase. A frozen card refuses before all else, points of a
    /// programme included; limits and exceptions are of money alone.
    ///
    /// `usage`: what was spent before; nil where nothing is counted.
    package func verdict(
        on request: SpendingRequest,
        _ usage: SpendingUsage?,
        at moment: Instant
    ) -> SpendingVerdict {
        if isFrozen { return .refused(.frozen) }
        guard let limits, !request.amount.currency.isProgramme else {
            return .allowed(exception: nil)
        }
        let usage = usage ?? SpendingUsage(at: moment, limits.offset, nextTransaction: .max)
        guard let refusal = limits.refusal(of: request, usage, at: moment) else {
            return .allowed(exception: nil)
        }
        if limits.counts(request.amount), let used = exception(for: request, at: moment) {
            return .allowed(exception: used.number)
        }
        return .refused(refusal)
    }

    /// The one that fits best: of those that are enough the smallest, of equal ones the first to
    /// end.
    private func exception(
        for request: SpendingRequest,
        at moment: Instant
    ) -> SpendingException? {
        exceptions.filter {
            $0.merchant == request.merchant && $0.isOpen(at: moment)
                && request.amount.minorUnits <= $0.minorUnitsMax
        }.min {
            ($0.minorUnitsMax, $0.end, $0.number) < ($1.minorUnitsMax, $1.end, $1.number)
        }
    }
}

/// One purchase that is allowed although a limit refuses it. The debit that needs it uses it up.
package struct SpendingException: Equatable, Sendable {
    package let number: UInt32
    package let merchant: MerchantIdentifier
    package let minorUnitsMax: UInt64
    /// From this moment on it is over.
    package let end: Instant

    /// The last moment of 9999, behind which a record holds none.
    package static let endMax = Instant(milliseconds: 253_402_300_799_999)

    package init(
        number: UInt32,
        merchant: MerchantIdentifier,
        minorUnitsMax: UInt64,
        end: Instant
    ) {
        self.number = number
        self.merchant = merchant
        self.minorUnitsMax = minorUnitsMax
        self.end = end
    }

    package func isOpen(at moment: Instant) -> Bool { moment < end }
}
