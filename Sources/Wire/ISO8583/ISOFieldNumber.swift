// SPDX-License-Identifier: Apache-2.0

/// The number of a data element, 2 to 128. Bit 1 says whether there is a secondary bitmap, so that
/// no element has this number.
package struct ISOFieldNumber: Hashable, Comparable, Sendable {
    package let value: UInt8

    package init?(_ value: Int) {
        guard (2...128).contains(value) else { return nil }
        self.value = UInt8(value)
    }

    private init(known value: UInt8) {
        self.value = value
    }

    package static func < (left: ISOFieldNumber, right: ISOFieldNumber) -> Bool {
        left.value < right.value
    }

    package static let accountNumber = ISOFieldNumber(known: 2)
    package static let processingCode = ISOFieldNumber(known: 3)
    package static let amount = ISOFieldNumber(known: 4)
    package static let transmissionTime = ISOFieldNumber(known: 7)
    package static let traceNumber = ISOFieldNumber(known: 11)
    package static let localTime = ISOFieldNumber(known: 12)
    package static let localDate = ISOFieldNumber(known: 13)
    package static let expiry = ISOFieldNumber(known: 14)
    package static let settlementDate = ISOFieldNumber(known: 15)
    package static let merchantCategory = ISOFieldNumber(known: 18)
    package static let entryMode = ISOFieldNumber(known: 22)
    package static let networkIdentifier = ISOFieldNumber(known: 24)
    package static let conditionCode = ISOFieldNumber(known: 25)
    package static let acquirer = ISOFieldNumber(known: 32)
    package static let forwarder = ISOFieldNumber(known: 33)
    package static let trackTwo = ISOFieldNumber(known: 35)
    package static let trackThree = ISOFieldNumber(known: 36)
    package static let retrievalReference = ISOFieldNumber(known: 37)
    package static let approvalCode = ISOFieldNumber(known: 38)
    package static let responseCode = ISOFieldNumber(known: 39)
    package static let terminal = ISOFieldNumber(known: 41)
    package static let merchant = ISOFieldNumber(known: 42)
    package static let merchantLocation = ISOFieldNumber(known: 43)
    package static let responseData = ISOFieldNumber(known: 44)
    package static let trackOne = ISOFieldNumber(known: 45)
    package static let privateData = ISOFieldNumber(known: 48)
    package static let currency = ISOFieldNumber(known: 49)
    package static let pinBlock = ISOFieldNumber(known: 52)
    package static let furtherAmounts = ISOFieldNumber(known: 54)
    package static let nationalData = ISOFieldNumber(known: 60)
    package static let networkData = ISOFieldNumber(known: 63)
    package static let primaryAuthenticationCode = ISOFieldNumber(known: 64)
    package static let managementCode = ISOFieldNumber(known: 70)
    package static let originalData = ISOFieldNumber(known: 90)
    package static let secondaryAuthenticationCode = ISOFieldNumber(known: 128)
}

extension ISOFieldNumber: CustomStringConvertible {
    package var description: String { String(value) }
}
