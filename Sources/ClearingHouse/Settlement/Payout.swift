// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A payment to a merchant or an acquirer. Format 1: state 1, account, minor units 8, CEXP 1,
/// payee; what it is made of: rows of the account behind the first and up to the last 8 + 8,
/// opening 16, gross 16, fees 16, adjustments 16, count of sales 8; value date 4, made at 8, behind
/// a presence byte the name of the payout before 8, behind another one the line of the statement:
/// SHA-256 32 and number 4. Format 2: then behind a presence byte when the bank refused it 8, who
/// said so and why (each counted). The key is its name. Open until a bank statement shows it, or
/// somebody has given it back.
package struct Payout: Equatable, Sendable {
    /// Business day 4 and number in its settlement run 4, from 1.
    package struct Name: Hashable, Sendable {
        package let day: BusinessDay
        package let number: UInt32

        package init(_ day: BusinessDay, _ number: UInt32) {
            self.day = day
            self.number = number
        }
    }

    package enum State: UInt8, Sendable {
        /// To be paid: in the files of its settlement run.
        case instructed = 1
        /// The bank has paid it.
        case paid = 2
        /// The bank has paid it, and it came back: the account has the money again.
        case returned = 3
        /// The bank has refused it without booking it: the account has the money again.
        case refused = 4
    }

    /// That the bank has refused it, by the word of an operator.
    package struct Refusal: Equatable, Sendable {
        package let at: Instant
        package let by: String
        package let reason: String
    }

    /// What it is made of. Opening + gross − fees + adjustments is what was there.
    package struct Content: Equatable, Sendable {
        /// Rows of the account's history that it covers: behind this number…
        package let after: UInt64
        /// …up to this one.
        package let upTo: UInt64
        /// What the payout before left.
        package let opening: ExactAmount
        package let gross: ExactAmount
        package let fees: ExactAmount
        /// Refunds, sales released from suspense, payouts that came back, netting.
        package let adjustments: ExactAmount
        package let count: UInt64
    }

    package let name: Name
    package internal(set) var state: State
    package let account: LedgerAccount
    package let minorUnits: UInt64
    package let exponent: Exponent
    package let payee: Payee
    package let content: Content
    package let valueDate: CivilDate
    package let madeAt: Instant
    /// Of the same account.
    package let previous: Name?
    /// Where it stands on a bank statement; of one that was given back, or that came back before it
    /// was paid, the line that waits for its other half.
    package internal(set) var line: BankStatementLine.Name?
    package internal(set) var refusal: Refusal?

    private static let formats: ClosedRange<UInt8> = 1...2

    /// Whether somebody has given it back to its account: from then on it is in no file, whatever
    /// the bank has made of it afterwards.
    package var wasGivenBack: Bool { state == .refused || refusal != nil }

    /// What is paid, exactly.
    package var amount: ExactAmount { ExactAmount(minorUnits: minorUnits, exponent) }

    /// What stays on the account: less than a minor unit, and what waits for a record that does not
    /// open (``SettlementRun/Waiting``).
    package var rest: ExactAmount {
        let parts = [
            content.opening, content.gross, -content.fees, content.adjustments, -amount,
        ]
        return ExactAmount(trillionths: parts.reduce(0) { $0 + $1.trillionths })
    }
}

extension Payout: ClearingRecord {
    static let kind = ClearingRecords.payout
    var key: [UInt8] { name.bytes }
    var isOpen: Bool { state == .instructed }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "payout key")
        self.name = try name.payoutName()
        var reader = ByteReader(body, of: "payout")
        let format = try reader.byte("format")
        guard Payout.formats.contains(format) else { throw reader.failure("format", .invalid) }
        state = try reader.value("state", bytes: 1) { State(rawValue: UInt8($0)) }
        account = try reader.account()
        minorUnits = try reader.integer("amount", bytes: 8)
        exponent = try reader.exponent()
        payee = try reader.payee()
        content = Content(
            after: try reader.integer("after", bytes: 8),
            upTo: try reader.integer("up to", bytes: 8),
            opening: try reader.exact("opening"),
            gross: try reader.exact("gross"),
            fees: try reader.exact("fees"),
            adjustments: try reader.exact("adjustments"),
            count: try reader.integer("count", bytes: 8)
        )
        valueDate = try reader.day("value date").date
        madeAt = try reader.moment("made")
        previous = try reader.optional("previous") { reader throws(WireFailure) in
            try reader.payoutName()
        }
        line = try reader.optional("line") { reader throws(WireFailure) in
            try reader.statementLine()
        }
        if format > 1 {
            refusal = try reader.optional("refusal") { reader throws(WireFailure) in
                Refusal(
                    at: try reader.moment("refused"),
                    by: try reader.text("by", bytesMax: ClearingLimits.nameBytesMax),
                    reason: try reader.text("why", bytesMax: ClearingLimits.referenceBytesMax)
                )
            }
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(Payout.formats.upperBound)
        writer.byte(state.rawValue)
        writer.account(account)
        writer.integer(minorUnits, bytes: 8)
        writer.exponent(exponent)
        writer.payee(payee)
        writer.integer(content.after, bytes: 8)
        writer.integer(content.upTo, bytes: 8)
        for amount in [content.opening, content.gross, content.fees, content.adjustments] {
            writer.exact(amount)
        }
        writer.integer(content.count, bytes: 8)
        writer.day(BusinessDay(valueDate))
        writer.moment(madeAt)
        writer.optional(previous) { $0.payoutName($1) }
        writer.optional(line) { $0.statementLine($1) }
        writer.optional(refusal) { writer, refusal in
            writer.moment(refusal.at)
            writer.text(refusal.by)
            writer.text(refusal.reason)
        }
        return writer.bytes
    }
}

extension Payout.Name {
    private static let referencePrefix = "OPAL-"
    private static let numberDigits = 8

    /// The end-to-end reference that goes to the bank and comes back on its statement: 22
    /// characters, for instance `OPAL-20261129-00000042`.
    package var reference: String {
        let digits = BCD.digits(BCD.pack(UInt64(number)), count: Payout.Name.numberDigits)
        return "\(Payout.Name.referencePrefix)\(day.digits)-\(digits)"
    }

    /// - Returns: nil for a text that is no payout's.
    package init?(reference: String) {
        let parts = reference.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] + "-" == Payout.Name.referencePrefix,
            let day = BusinessDay(digits: String(parts[1])),
            let number = BCD.parse(String(parts[2]), count: Payout.Name.numberDigits)
        else { return nil }
        self.init(day, UInt32(BCD.value(number)))
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 8)
        writer.payoutName(self)
        return writer.bytes
    }
}

extension ByteReader {
    mutating func payoutName() throws(WireFailure) -> Payout.Name {
        let day = try day("day")
        return Payout.Name(day, try number("number"))
    }
}

extension ByteWriter {
    mutating func payoutName(_ name: Payout.Name) {
        day(name.day)
        number(name.number)
    }
}
