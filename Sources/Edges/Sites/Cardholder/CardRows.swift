// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Wire

/// A card's history, read from its newest row backwards.
struct CardRows {
    /// A row with its number.
    typealias Row = (number: UInt64, entry: CardHistoryEntry)

    /// Rows that one page or one file looks at; older ones are not found by a filter.
    static let scannedMax = 10_000
    private static let chunk = 500

    let desk: CardDesk
    let card: CardIdentifier
    /// Number of the newest row.
    let count: UInt64

    /// Rows from the newest on, behind the first `skipped` ones.
    func newest(_ limit: Int, skipped: UInt64 = 0) async throws(SiteFailure) -> [Row] {
        guard skipped < count else { return [] }
        let last = count - skipped
        let first = last > UInt64(limit) ? last - UInt64(limit) : 0
        do {
            return try await desk.history(card, after: first, limit: Int(last - first)).reversed()
        } catch {
            throw .unavailable(error)
        }
    }

    /// A page of rows from a number on, oldest first.
    func rows(from number: UInt64, limit: Int = chunk) async throws(SiteFailure) -> [Row] {
        do {
            return try await desk.history(card, after: number - 1, limit: limit)
        } catch {
            throw .unavailable(error)
        }
    }

    /// The page of rows that ends before a number, oldest first.
    func rows(before number: UInt64) async throws(SiteFailure) -> [Row] {
        let end = number - 1
        let begin = end - min(end, UInt64(Self.chunk))
        do {
            return try await desk.history(card, after: begin, limit: Int(end - begin))
        } catch {
            throw .unavailable(error)
        }
    }

    /// The number of the first row of a day or a later one; one more than there are where no row
    /// is as late. Rows are in the order of their moments, so that few have to be looked at.
    func firstNumber(since date: CivilDate) async throws(SiteFailure) -> UInt64 {
        var (low, high): (UInt64, UInt64) = (1, count + 1)
        while low < high {
            let middle = low + (high - low) / 2
            let row = try await rows(from: middle, limit: 1).first
            if let row, row.entry.moment.day < date.day { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Calls for each row, newest first, until the answer is false or enough were seen.
    func scan(_ body: (Row) -> Bool) async throws(SiteFailure) {
        var skipped: UInt64 = 0
        while skipped < min(count, UInt64(Self.scannedMax)) {
            let rows = try await newest(Self.chunk, skipped: skipped)
            if rows.isEmpty { return }
            for row in rows where !body(row) { return }
            skipped += UInt64(rows.count)
        }
    }
}

extension CardHistoryEntry {
    enum Kind: String, CaseIterable {
        case payment, proof, load, allowance, refund, recovery, moved, swept, expired, setting

        var label: String {
            switch self {
            case .payment: "Payments"
            case .proof: "Proofs"
            case .load: "Loads"
            case .allowance: "Allowances"
            case .refund: "Refunds"
            case .recovery: "Put back"
            case .moved: "Moved"
            case .swept: "Not used"
            case .expired: "Expired"
            case .setting: "Settings"
            }
        }
    }

    var kind: Kind {
        switch event {
        case .debit(let evidence): evidence.type == .authentication ? .proof : .payment
        case .load where isRefund: .refund
        case .load: isFromAccount && note == AccountLoadRecord.allowanceNote ? .allowance : .load
        case .recovery: .recovery
        case .moved: .moved
        case .swept: .swept
        case .expired: .expired
        case .setting: .setting
        }
    }

    /// Whom the row is about: the shop, or what was done.
    var title: String {
        switch event {
        case .debit where kind == .proof: "Identity proved"
        case .debit(let evidence): evidence.command.merchant.text
        case .load where isForChild: note
        case .load where isTopUp: AccountLoadRecord.topUpNote
        case .load where isFromAccount: "Loaded from the account"
        case .load where isChargeBack: "Given back after your dispute, \(note)"
        case .load where isRefund: "Refund from \(note)"
        case .load where isFromOldCard: "Value moved from the old card"
        case .load where isGivenBack: "Unused value given back"
        case .load where isOfPoints: "Points credited"
        case .load where isFromBank: "Loaded from the bank"
        case .load: "Value loaded"
        case .recovery: "Value put back"
        case .moved: "Value moved to the new card"
        case .swept: "Unused value moved to the issuer"
        case .expired: "Points expired"
        case .setting(.membership(let membership, _, _), _):
            "Member \(membership.number.text) entered"
        case .setting(.blocked(true), _): "Card blocked"
        case .setting(.blocked(false), _): "Card unblocked"
        case .setting(.policy(let policy), _) where policy.isFrozen: "Card frozen"
        case .setting(.policy(let policy), _):
            policy.refusesNothing ? "Spending limits lifted" : "Spending limits set"
        }
    }

    /// The note of the row, where the title has not said it; for a setting, who made it.
    var remark: String {
        if isForChild || isRefund { return "" }
        if kind == .proof, case .debit(let evidence) = event {
            return "to \(evidence.command.merchant.text)"
        }
        if isTopUp { return String(note.dropFirst(AccountLoadRecord.topUpNote.count + 1)) }
        guard case .setting(_, let who) = event else { return note }
        return "by \(who)"
    }

    /// Who has begun a load; nil for another row.
    private var source: LoadSource? {
        guard case .load(let command, let answer, _, _) = event else { return nil }
        return command.bank.source(at: answer.card.issuer)
    }

    /// Whether it is a load through the payment gateway.
    private var isFromAccount: Bool { source == .account }

    /// Whether it is the value of the card before this one.
    private var isFromOldCard: Bool { source == .move }

    /// Whether it is value that the issuer had taken from a card because nobody used it.
    var isGivenBack: Bool { source == .swept }

    /// Which refund of its sale it is; nil for another load.
    private var refundNumber: UInt8? {
        guard case .refund(let number)? = source else { return nil }
        return number
    }

    /// Whether a merchant gave it back; the note is the merchant.
    private var isRefund: Bool { refundNumber != nil }

    /// Whether the issuer had it given back.
    private var isChargeBack: Bool {
        refundNumber.map(RefundOrder.chargeBackNumbers.contains) ?? false
    }

    /// Whether a bank began it, and not the issuer, a merchant or an account on file.
    private var isFromBank: Bool { source == .bank }

    /// Whether a programme credited its points.
    private var isOfPoints: Bool { movement?.amount.currency.isProgramme ?? false }

    /// Whether it came by itself, because little was left.
    private var isTopUp: Bool { isFromAccount && note.hasPrefix(AccountLoadRecord.topUpNote) }

    /// Whether a guardian gave it at once.
    var isGift: Bool { isFromAccount && note == AccountLoadRecord.giftNote }

    private var isForChild: Bool { kind == .allowance || isGift }

    /// A row of `Transactions` for what moves no value from here to there: a setting, a proof, and
    /// points that expired.
    func settingRow(_ reader: Reader) -> [String: Any] {
        var row: [String: Any] = [
            "time": reader.time(moment), "what": title, "note": remark, "amount": "–",
            "direction": "none", "balance": "–",
        ]
        if case .expired(let expired) = event {
            row["amount"] = reader.debit(expired.amount)
            row["direction"] = "out"
            row["balance"] = reader.amount(expired.money)
        }
        return row
    }
}

extension CardHistoryEntry.Movement {
    /// The balance afterwards, in the currency of the amount.
    var money: Money {
        Money(minorUnits: balance, currency: amount.currency, exponent: amount.exponent)
    }
}

extension ExpiredPoints {
    /// The balance afterwards, in the points of the programme.
    var money: Money {
        Money(minorUnits: balance, currency: amount.currency, exponent: amount.exponent)
    }
}
