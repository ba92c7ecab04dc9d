// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// An account at the simulated network, in minor units of its currency. It is kept sealed: it holds
/// the account's number. Format 1: number (counted), CURR 2, what it was opened with 8, available
/// 8, held 8, captured 8, whether an address is known 1, and where one is, digits of the street and
/// postal code (both counted), then expiry YYMM and CVV2 (both counted, empty where any is right).
/// A real issuer computes the CVV2; the simulated one remembers what it was told.
package struct NetworkAccount: Equatable, Sendable {
    package let number: FundingAccountNumber
    package let currency: Currency
    /// What it was opened with. It is always what is available, held and captured together.
    package let opening: UInt64
    package private(set) var available: UInt64
    package private(set) var held: UInt64
    package private(set) var captured: UInt64
    /// The billing address that the issuer knows; nil where it knows none.
    package let address: AddressVerification?
    /// Nil where every month that is not over is right.
    package let expiry: ExpiryMonth?
    /// Nil where every one is right but ``SimulatedNetwork/wrongCode``.
    package let verificationValue: CardVerificationValue?

    package static let kind = RecordKind("network_account", keyBytes: 32...32)
    private static let format: UInt8 = 1

    package init(
        _ number: FundingAccountNumber,
        opening: UInt64,
        currency: Currency,
        address: AddressVerification? = nil,
        expiry: ExpiryMonth? = nil,
        verificationValue: CardVerificationValue? = nil
    ) {
        self.number = number
        self.currency = currency
        self.opening = opening
        available = opening
        held = 0
        captured = 0
        self.address = address
        self.expiry = expiry
        self.verificationValue = verificationValue
    }

    /// - Returns: false where so much is not available.
    mutating func hold(_ amount: UInt64) -> Bool {
        guard amount <= available else { return false }
        available -= amount
        held += amount
        return true
    }

    mutating func capture(_ amount: UInt64) {
        precondition(amount <= held, "What is captured was held.")
        held -= amount
        captured += amount
    }

    mutating func release(_ amount: UInt64) {
        precondition(amount <= held, "What is released was held.")
        held -= amount
        available += amount
    }

    /// How a billing address compares with the one that the issuer knows.
    func compare(_ other: AddressVerification?) -> AddressResult? {
        guard let other else { return nil }
        guard let address else { return .unavailable }
        switch (
            address.streetNumber == other.streetNumber, address.postalCode == other.postalCode
        ) {
        case (true, true): return .matches
        case (true, false): return .streetMatches
        case (false, true): return .postalCodeMatches
        case (false, false): return .differs
        }
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "network account")
        guard try reader.byte("format") == NetworkAccount.format else {
            throw reader.failure("format", .invalid)
        }
        guard let number = FundingAccountNumber(try reader.text("number", bytesMax: 19)) else {
            throw reader.failure("number", .invalid)
        }
        self.number = number
        currency = try reader.currency()
        opening = try reader.integer("opening", bytes: 8)
        available = try reader.integer("available", bytes: 8)
        held = try reader.integer("held", bytes: 8)
        captured = try reader.integer("captured", bytes: 8)
        switch try reader.byte("address") {
        case 0: address = nil
        case 1:
            address = AddressVerification(
                street: try reader.text(
                    "street",
                    bytesMax: AddressVerification.streetNumberMax
                ),
                postalCode: try reader.text(
                    "postal code",
                    bytesMax: AddressVerification.postalCodeMax
                )
            )
        default: throw reader.failure("address", .invalid)
        }
        let expiryDigits = try reader.text("expiry", bytesMax: 4)
        expiry = ExpiryMonth(digits: expiryDigits)
        guard expiry != nil || expiryDigits.isEmpty else {
            throw reader.failure("expiry", .invalid)
        }
        let value = try reader.text("CVV2", bytesMax: CardVerificationValue.digits.upperBound)
        verificationValue = CardVerificationValue(digits: value)
        guard verificationValue != nil || value.isEmpty else {
            throw reader.failure("CVV2", .invalid)
        }
        try reader.end()
        let (used, isTooLarge) = held.addingReportingOverflow(captured)
        let (sum, isSumTooLarge) = used.addingReportingOverflow(available)
        guard !isTooLarge, !isSumTooLarge, sum == opening else {
            throw reader.failure("available", .invalid)
        }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(NetworkAccount.format)
        writer.text(number.digits)
        writer.currency(currency)
        for amount in [opening, available, held, captured] { writer.integer(amount, bytes: 8) }
        writer.byte(address == nil ? 0 : 1)
        if let address {
            writer.text(address.streetNumber)
            writer.text(address.postalCode)
        }
        writer.text(expiry?.digits ?? "")
        writer.text(verificationValue?.digits ?? "")
        return writer.bytes
    }
}
