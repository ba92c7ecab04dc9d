// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Settlement
import Sites

extension ClearingFailure {
    /// Why a command was not done, and what to do.
    var words: String {
        switch self {
        case .noTerms, .currencyFixed, .unknownCurrency, .notPaidIn, .feeTooEarly, .noFee,
            .tooManyFees, .termsOutOfRange, .settlementRuns, .cutOffBetween, .changedMeanwhile:
            termsWords
        case .unknownIssuer: "The clearing house knows no such issuer, or not with such a pool."
        case .unknownAcquirer: "The clearing house knows no such acquirer: add it first."
        case .unknownMerchant: "The clearing house knows no such merchant."
        case .otherAcquirer(let acquirer):
            "The merchant is that of acquirer \(acquirer), and stays there."
        case .unknownPayout, .unknownSale, .unknownBatch, .unknownStatement, .unknownLine:
            "There is none of this name."
        case .notSuspended: "This sale was not set aside."
        case .paidInBefore:
            "The bank's reference of this line is in the books already. Leave the line out."
        case .payoutPaid: "The bank's statement shows this payout. Nothing has changed."
        case .payoutNotGivenBack:
            "The line books no payout that was given back, and returns none that was paid. "
                + "Nothing has changed."
        case .settledAhead(let day):
            "\(day.text) was settled, and the clock says that it is earlier. Nothing is paid until "
                + "then: look at the clock of the server."
        case .suspenseEnded, .lineEnded: "Somebody has decided this before. Nothing has changed."
        case .stillSuspended(let reason): "It is not cleared: \(reason.words). Nothing has changed."
        case .statementDiffers, .positionDiffers, .tooManyLines:
            "The statement is not the one that was begun under this name. Nothing has changed."
        case .amountTooLarge: "A sum would be too large for the books. Nothing has changed."
        case .damaged(let place): "\(place) was changed by somebody else: see opal audit."
        case .issuerSilent(let issuer):
            "The issuer \(issuer.digits) does not answer. Nothing has changed; try again later."
        case .busy, .store, .module: "The clearing house cannot be used now: \(self)"
        }
    }

    private var termsWords: String {
        switch self {
        case .currencyFixed(let currency):
            "The currency \(currency.digits) is used: it stays, and so does its minor unit."
        case .unknownCurrency(let currency):
            "The clearing house does not clear in \(currency.digits)."
        case .notPaidIn(let currency):
            "The merchant is not paid in \(currency.word): opal clearing merchant set says where "
                + "it is."
        case .feeTooEarly(let day):
            "Sales of today are charged already, and those of days before: nothing of their fees "
                + "changes. Give --from \(day?.text ?? "a later day") or later."
        case .noFee:
            "There is no such fee on this day: see opal clearing fee. Nothing has changed."
        case .tooManyFees:
            "There is no room for more rules. Withdraw coming ones that are not needed."
        case .termsOutOfRange:
            "A cut-off is 00:00 to 23:59, and money arrives within "
                + "\(ClearingLimits.valueDaysMax) workdays; a least payout is a whole number of "
                + "minor units of its currency, and not nothing. Nothing has changed."
        case .settlementRuns:
            "A settlement is under way. Nothing has changed; try again when opal clearing runs "
                + "says that it has ended."
        case .cutOffBetween:
            "One of the old and the new cut-off has passed today, and the other one has not: "
                + "another business day would be under way. Nothing has changed; do it when both "
                + "have passed, or before the earlier one."
        case .changedMeanwhile:
            "Somebody else has changed this in between. Nothing of yours has changed: look at it, "
                + "and do it again."
        default: "The clearing house has no terms: it was not founded whole. Restore it."
        }
    }
}

extension SettlementFailure {
    /// Why a command was not done, and what to do.
    var words: String {
        switch self {
        case .notSettled: "This day is not settled yet, or its run has not ended."
        case .clearing(let failure): failure.words
        case .file(let failure): "A file cannot be written: \(failure)"
        case .statement(let failure):
            "The statement is not taken, and nothing of it counts: \(failure)"
        case .otherAccount(let account):
            "The statement is of account \(account), which is none of the clearing house's."
        case .severalStatements: "The file has several statements: give each by itself."
        }
    }
}

extension SettlementRun.Waiting {
    /// Who was not paid, and why.
    var words: String {
        let who = amount.map { "\($0.decimal) of \(account.name) waits" }
        return "\(who ?? "\(account.name) is not paid"): \(place) does not open"
    }
}

extension CreditOutcome {
    var words: String {
        switch self {
        case .cleared: "cleared"
        case .points: "points"
        case .suspended(let reason): reason.words
        }
    }
}

extension BatchPlace {
    private static let separator: Character = "/"

    /// Security card, batch and index with slashes between them.
    var text: String { text(Self.separator) }

    /// - Returns: nil for a text that is no place.
    init?(_ text: String) {
        self.init(text, Self.separator)
    }
}

extension BatchName {
    var text: String { "\(securityCard.text)/\(number)" }
}

extension Instant {
    /// `2026-11-29 13:00:00`, UTC.
    var text: String {
        let digits = BCD.digits(CardTime(self).bcd, count: 14)
        let parts = [
            digits.dropFirst(8).prefix(2), digits.dropFirst(10).prefix(2), digits.suffix(2),
        ]
        let day = BusinessDay(CivilDate(day: day)).text
        return "\(day) \(parts.joined(separator: ":"))"
    }
}

extension BusinessDay {
    /// `2026-11-29`.
    var text: String {
        let digits = digits
        return "\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.suffix(2))"
    }
}
