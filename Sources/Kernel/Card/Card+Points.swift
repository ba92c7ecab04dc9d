// SPDX-License-Identifier: Apache-2.0

// Points beside money: a purse for each programme, and the member's number.
extension Card {
    /// One number a programme, and not too many.
    package static func isSound(_ memberships: [Membership]) -> Bool {
        memberships.count <= pursesMax
            && Set(memberships.map(\.programme)).count == memberships.count
    }

    /// The member's number of a programme, or nil.
    package func membership(of programme: Currency) -> Membership? {
        memberships.first { $0.programme == programme }
    }

    // MARK: Refusals

    /// Whether the purse of this amount holds points that have expired. Until they are taken out
    /// nothing of it can be spent.
    package func holdsDuePoints(_ amount: Money, at time: CardTime) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.expiredPointsSpent) { return false }
        #endif
        guard let index = purseIndex(amount.currency, amount.exponent) else { return false }
        return purses[index].isDue(at: time)
    }

    /// How a load with a right S2 ends. Of points the card asks further whose they are, and whether
    /// they can be kept by their day: points of another programme, or past, are what a rule of this
    /// card does not take (CC 0004); for a further day where it has as many as it can keep, it is
    /// full (CC 0005).
    ///
    /// - Parameters:
    ///   - amount: what is loaded. A load of nothing asks for no place.
    ///   - bank: IDBANK.
    ///   - time: DTHR, for the expiry of the card.
    ///   - now: the clock of the module, by which points expire.
    /// - Returns: CC.
    package func completion(
        ofLoad amount: Money,
        from bank: BankIdentifier,
        at time: CardTime,
        now: CardTime
    ) -> CompletionCode {
        let completion = completion(ofLoad: amount, at: time)
        guard completion == .done, amount.currency.isProgramme, amount.minorUnits > 0,
            let index = purseIndex(amount.currency, amount.exponent)
        else { return completion }
        guard let day = bank.lastDay(of: amount.currency), !day.isPast(at: now) else {
            return .refusedByLimit
        }
        return purses[index].points.hasRoom(for: day) ? .done : .maximumBalanceExceeded
    }

    /// Why a membership is not entered, or nil.
    ///
    /// - Parameters:
    ///   - membership: the programme's number.
    ///   - exponent: CEXP of its points.
    ///   - opensPurse: whether they are kept on the card.
    /// - Returns: why not.
    package func refusal(
        ofEntering membership: Membership,
        _ exponent: Exponent,
        opensPurse: Bool
    ) -> SettingRefusal? {
        let programme = membership.programme
        if purses.contains(where: { $0.currency == programme && $0.exponent != exponent }) {
            return .otherCurrency
        }
        let present = self.membership(of: programme)
        if let present, present != membership { return .alreadyEnrolled }
        if present == nil, memberships.count == Card.pursesMax { return .cardFull }
        let needsPurse = opensPurse && purseIndex(programme, exponent) == nil
        return needsPurse && purses.count == Card.pursesMax ? .cardFull : nil
    }

    // MARK: Changes

    /// Enters a membership; the caller has asked ``refusal(ofEntering:_:opensPurse:)``. A purse
    /// that is there already stays as it is.
    package mutating func enter(
        _ membership: Membership,
        _ exponent: Exponent,
        balanceMax: UInt64?
    ) {
        if !memberships.contains(membership) { memberships.append(membership) }
        guard let balanceMax, purseIndex(membership.programme, exponent) == nil else { return }
        purses.append(
            Purse(
                currency: membership.programme,
                exponent: exponent,
                points: PointsTranches(),
                balanceMax: balanceMax
            )
        )
    }

    /// Takes out the points of one purse that have expired.
    ///
    /// - Returns: how many of which programme; nil where none are due.
    package mutating func expirePoints(at time: CardTime) -> Money? {
        guard let index = purses.firstIndex(where: { $0.isDue(at: time) }) else { return nil }
        return Money(
            minorUnits: purses[index].expire(at: time),
            currency: purses[index].currency,
            exponent: purses[index].exponent
        )
    }

    #if PLANTED_BUGS
        /// Leaves in the purse what a debit has taken.
        package mutating func keep(_ taken: [PointsTranche], of amount: Money, at moment: Instant) {
            if let index = purseIndex(amount.currency, amount.exponent) {
                purses[index].restore(amount.minorUnits, taken, at: moment)
            }
        }
    #endif
}
