// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Account: number (counted), year 2, month 1. Address: street, city, postal code, country, each
// counted.
extension ByteReader {
    package mutating func fundingAccount() throws(WireFailure) -> FundingAccount {
        let number = try text("account number", bytesMax: FundingAccount.digits.upperBound)
        let year = Int(try integer("account year", bytes: 2))
        let month = Int(try byte("account month"))
        guard let expiry = AccountExpiry(year: year, month: month) else {
            throw failure("account month", .invalid)
        }
        guard let account = FundingAccount(number: number, expiry: expiry) else {
            throw failure("account number", .invalid)
        }
        return account
    }

    package mutating func billingAddress() throws(WireFailure) -> BillingAddress {
        let max = BillingAddress.lineBytesMax
        return BillingAddress(
            street: try text("street", bytesMax: max),
            city: try text("city", bytesMax: max),
            postalCode: try text("postal code", bytesMax: max),
            country: try text("country", bytesMax: 2)
        )
    }
}

extension ByteWriter {
    package mutating func fundingAccount(_ account: FundingAccount) {
        text(account.number)
        integer(UInt64(account.expiry.year), bytes: 2)
        byte(UInt8(account.expiry.month))
    }

    package mutating func billingAddress(_ address: BillingAddress) {
        text(address.street)
        text(address.city)
        text(address.postalCode)
        text(address.country)
    }
}
