// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// The spending policy in a card record, with what counts against it (see ``CardRecord``).
extension ByteReader {
    mutating func spending() throws(WireFailure) -> CardSpending? {
        let bytes = try counted("policy", max: SpendingPolicy.bytesMax)
        if bytes.isEmpty { return nil }
        let policy = try SpendingPolicy(bytes)
        let usage =
            policy.limits == nil
            ? nil
            : SpendingUsage(
                day: try total(.day),
                week: try total(.week),
                month: try total(.month)
            )
        guard let spending = CardSpending(policy: policy, usage: usage) else {
            throw failure("policy", .invalid)
        }
        return spending
    }

    private mutating func total(
        _ period: SpendingPeriod
    ) throws(WireFailure) -> SpendingUsage.Total {
        SpendingUsage.Total(
            number: try value("period", bytes: 4) { number in
                period.numbers.contains(Int64(number)) ? Int64(number) : nil
            },
            firstTransaction: try number("first NT"),
            minorUnits: try integer("spent", bytes: 8),
            purchases: try number("purchases")
        )
    }
}

extension ByteWriter {
    mutating func spending(_ spending: CardSpending?) {
        counted(spending?.policy.bytes ?? [])
        guard let usage = spending?.usage else { return }
        for period in SpendingPeriod.allCases {
            let total = usage[period]
            integer(UInt64(total.number), bytes: 4)
            number(total.firstTransaction)
            integer(total.minorUnits, bytes: 8)
            number(total.purchases)
        }
    }
}
