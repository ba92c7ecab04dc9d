// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// Which limit refused, as it is kept for the guardian. Kind 1: 01 frozen, 02 other currency, 03
// merchant 15, 04 category 0/1 and 2, 05 hour: when it opens 8 (0 for never), 06 purchase: the most
// 8, 07 count: period 1, the most 4, renews 8, 08 amount: period 1, the most 8, left 8, renews 8.
extension ByteReader {
    mutating func spendingRefusal() throws(WireFailure) -> SpendingRefusal {
        switch try byte("reason") {
        case 0x01: return .frozen
        case 0x02: return .otherCurrency
        case 0x03: return .merchant(try merchant())
        case 0x04:
            return .category(
                try optional("category") { reader throws(WireFailure) in
                    try reader.value("category", bytes: 2) { MerchantCategory(bcd: UInt16($0)) }
                }
            )
        case 0x05: return .hour(opens: try optionalInstant("opens"))
        case 0x06: return .purchase(most: try integer("the most", bytes: 8))
        case 0x07:
            return .count(
                try spendingPeriod(),
                most: UInt32(try integer("the most", bytes: 4)),
                renews: try instant("renews")
            )
        case 0x08:
            return .amount(
                try spendingPeriod(),
                most: try integer("the most", bytes: 8),
                left: try integer("left", bytes: 8),
                renews: try instant("renews")
            )
        default: throw failure("reason", .invalid)
        }
    }

    private mutating func spendingPeriod() throws(WireFailure) -> SpendingPeriod {
        try value("period", bytes: 1) { SpendingPeriod(rawValue: UInt8($0)) }
    }
}

extension ByteWriter {
    mutating func spendingRefusal(_ refusal: SpendingRefusal) {
        switch refusal {
        case .frozen: byte(0x01)
        case .otherCurrency: byte(0x02)
        case .merchant(let merchant):
            byte(0x03)
            self.merchant(merchant)
        case .category(let category):
            byte(0x04)
            flag(category != nil)
            if let category { integer(UInt64(category.bcd), bytes: 2) }
        case .hour(let opens):
            byte(0x05)
            optionalInstant(opens)
        case .purchase(let most):
            byte(0x06)
            integer(most, bytes: 8)
        case .count(let period, let most, let renews):
            byte(0x07)
            byte(period.rawValue)
            integer(UInt64(most), bytes: 4)
            instant(renews)
        case .amount(let period, let most, let left, let renews):
            byte(0x08)
            byte(period.rawValue)
            integer(most, bytes: 8)
            integer(left, bytes: 8)
            instant(renews)
        }
    }
}
