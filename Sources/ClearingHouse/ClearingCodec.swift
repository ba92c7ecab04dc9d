// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// Elements of the clearing house's records (`docs/messages/records.md`).
extension ByteReader {
    /// Trillionths, with their sign, 16.
    mutating func exact(_ field: StaticString) throws(WireFailure) -> ExactAmount {
        let high = try integer(field, bytes: 8)
        let low = try integer(field, bytes: 8)
        let amount = ExactAmount(
            trillionths: Int128(truncatingIfNeeded: UInt128(high) << 64 | UInt128(low))
        )
        guard (-ExactAmount.max...ExactAmount.max).contains(amount) else {
            throw failure(field, .invalid)
        }
        return amount
    }

    /// Rate in millionths 4, minimum 16, per batch 16.
    mutating func feeRule() throws(WireFailure) -> FeeRule {
        let rate = try number("rate")
        let minimum = try exact("minimum")
        guard
            let rule = FeeRule(rate: rate, minimum: minimum, perBatch: try exact("per batch"))
        else { throw failure("fee", .invalid) }
        return rule
    }

    /// List: first day 4, behind a presence byte the rule 36.
    mutating func feeSchedule() throws(WireFailure) -> FeeSchedule {
        let entries = try list("fee rules", max: FeeSchedule.entriesMax) {
            reader throws(WireFailure) in
            let day = Int64(try reader.day("first day").number)
            let rule = try reader.optional("fee") { reader throws(WireFailure) in
                try reader.feeRule()
            }
            return FeeSchedule.Entry(from: day, rule)
        }
        guard let schedule = FeeSchedule(entries: entries) else {
            throw failure("fee rules", .invalid)
        }
        return schedule
    }

    /// Name (counted), account (counted), BIC (counted; none where empty).
    mutating func payee() throws(WireFailure) -> Payee {
        let name = try text("name", bytesMax: ClearingLimits.nameBytesMax)
        let account = try text("account", bytesMax: ClearingLimits.accountBytesMax)
        let bic = try text("BIC", bytesMax: ClearingLimits.bicBytesMax)
        guard let payee = Payee(name: name, account: account, bic: bic.isEmpty ? nil : bic) else {
            throw failure("payee", .invalid)
        }
        return payee
    }

    /// Length 1, and the bytes of the key.
    mutating func account() throws(WireFailure) -> LedgerAccount {
        let length = Int(try byte("account"))
        guard let account = LedgerAccount(key: try bytes("account", count: length)) else {
            throw failure("account", .invalid)
        }
        return account
    }

    /// Days since 1970, 4.
    mutating func day(_ field: StaticString) throws(WireFailure) -> BusinessDay {
        try value(field, bytes: 4) { BusinessDay(UInt32($0)) }
    }

    /// Number 2, then each.
    mutating func list<Value>(
        _ field: StaticString,
        max: Int,
        _ read: (inout ByteReader) throws(WireFailure) -> Value
    ) throws(WireFailure) -> [Value] {
        let count = Int(try integer(field, bytes: 2))
        guard count <= max else { throw failure(field, .invalid) }
        var values: [Value] = []
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }
}

extension ByteWriter {
    mutating func exact(_ amount: ExactAmount) {
        let bits = UInt128(truncatingIfNeeded: amount.trillionths)
        integer(UInt64(truncatingIfNeeded: bits >> 64), bytes: 8)
        integer(UInt64(truncatingIfNeeded: bits), bytes: 8)
    }

    mutating func feeRule(_ rule: FeeRule) {
        number(rule.rate)
        exact(rule.minimum)
        exact(rule.perBatch)
    }

    mutating func feeSchedule(_ schedule: FeeSchedule) {
        list(schedule.entries) { writer, entry in
            writer.number(UInt32(entry.firstDay))
            writer.optional(entry.rule) { $0.feeRule($1) }
        }
    }

    mutating func payee(_ payee: Payee) {
        text(payee.name)
        text(payee.account)
        text(payee.bic ?? "")
    }

    mutating func account(_ account: LedgerAccount) {
        byte(UInt8(account.key.count))
        append(account.key)
    }

    mutating func day(_ day: BusinessDay) { number(day.number) }

    mutating func list<Value>(_ values: [Value], _ write: (inout ByteWriter, Value) -> Void) {
        integer(UInt64(values.count), bytes: 2)
        for value in values { write(&self, value) }
    }
}
