// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A load of a card from a funding account, as the OPAL server remembers it, sealed. It is durable
/// before the gateway is asked, and becomes *credited* in one commit with the card.
package struct AccountLoadRecord: Equatable, Sendable {
    package static let kind = RecordKind("account_load", keyBytes: 16...16)

    package let transaction: TransactionIdentifier
    package internal(set) var state: AccountLoadState
    package let purpose: AccountLoadPurpose
    package let card: CardIdentifier
    /// Whose account it is.
    package let payer: UserKey
    package let amount: Money
    package let begunAt: Instant
    /// Nil where the payer had none, so that the load was refused.
    package let account: AccountOnFile?
    /// Of the funding network, 6 characters; empty until the card is credited.
    package internal(set) var approvalCode = ""
    /// NT and the balance afterwards, once credited.
    package internal(set) var number: UInt32 = 0
    package internal(set) var balance: UInt64 = 0
    /// Why the card is not credited.
    package internal(set) var refusal: AccountLoadRefusal?
    /// When it was decided whether the card is credited.
    package internal(set) var decidedAt: Instant?

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    init(_ request: AccountLoadRequest, _ account: AccountOnFile?, at now: Instant) {
        transaction = request.transaction
        state = .authorizing
        purpose = request.purpose
        card = request.card
        payer = request.payer
        amount = request.amount
        begunAt = now
        self.account = account
    }

    /// Whether a request asks for this load.
    func isAsked(by request: AccountLoadRequest) -> Bool {
        purpose == request.purpose && card == request.card && payer == request.payer
            && amount == request.amount
    }

    /// Notes of a child's history, which say all that it has to know of a load.
    package static let allowanceNote = "Weekly allowance"
    package static let giftNote = "From your guardian"
    /// What the note of a top-up begins with.
    package static let topUpNote = "Standing top-up"

    /// What stands in the history of the card. A child does not see the account.
    var note: String {
        switch purpose {
        case .own: "From account •••• \(account?.lastFour ?? "")"
        case .allowance: AccountLoadRecord.allowanceNote
        case .gift: AccountLoadRecord.giftNote
        case .topUp: "\(AccountLoadRecord.topUpNote) from account •••• \(account?.lastFour ?? "")"
        }
    }
}

// Format 1: state 1, purpose 1, card 8, payer 32, amount 11, begun at 8, account 0/1 and, where
// there is one, its last four digits (counted), year 2, month 1; approval code (counted), NT 4,
// balance 8, refusal 1 (0 for none), decided at 8 (0 for none). The key is the transaction.
extension AccountLoadRecord {
    private static let format: UInt8 = 1

    package init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var keyReader = ByteReader(key, of: "account load")
        transaction = try keyReader.transaction()
        var reader = ByteReader(bytes, of: "account load")
        guard try reader.byte("format") == AccountLoadRecord.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { AccountLoadState(rawValue: UInt8($0)) }
        purpose = try reader.value("purpose", bytes: 1) { AccountLoadPurpose(rawValue: UInt8($0)) }
        card = try reader.card()
        payer = try reader.userKey()
        amount = try reader.money()
        begunAt = try reader.instant("begun at")
        account = try reader.flag("account") ? try reader.accountOnFile() : nil
        approvalCode = try reader.text(
            "approval code",
            bytesMax: GatewayMessage.approvalCodeBytes
        )
        number = try reader.number("NT")
        balance = try reader.integer("balance", bytes: 8)
        refusal = try reader.refusal()
        decidedAt = try reader.optionalInstant("decided at")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 112)
        writer.byte(AccountLoadRecord.format)
        writer.byte(state.rawValue)
        writer.byte(purpose.rawValue)
        writer.card(card)
        writer.append(payer.bytes)
        writer.money(amount)
        writer.instant(begunAt)
        writer.flag(account != nil)
        if let account {
            writer.text(account.lastFour)
            writer.integer(UInt64(account.expiry.year), bytes: 2)
            writer.byte(UInt8(account.expiry.month))
        }
        writer.text(approvalCode)
        writer.number(number)
        writer.integer(balance, bytes: 8)
        writer.byte(refusal?.rawValue ?? 0)
        writer.optionalInstant(decidedAt)
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func accountOnFile() throws(WireFailure) -> AccountOnFile {
        let lastFour = try text("last digits", bytesMax: 4)
        let year = Int(try integer("account year", bytes: 2))
        let month = Int(try byte("account month"))
        guard lastFour.utf8.count == 4, ASCII.isDigits(lastFour) else {
            throw failure("last digits", .invalid)
        }
        guard let expiry = AccountExpiry(year: year, month: month) else {
            throw failure("account month", .invalid)
        }
        return AccountOnFile(lastFour: lastFour, expiry: expiry)
    }

    fileprivate mutating func refusal() throws(WireFailure) -> AccountLoadRefusal? {
        let code = try byte("refusal")
        if code == 0 { return nil }
        guard let refusal = AccountLoadRefusal(rawValue: code) else {
            throw failure("refusal", .invalid)
        }
        return refusal
    }
}
