// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
package import Wire

/// What an OPAL server asked for, as the gateway keeps it, and under which number. There is no CVV2
/// in it, and of the address no more than tells whether another one is given.
package struct FundingTerms: Equatable, Sendable {
    /// Zero asks only whether the account is good.
    package let amount: Money
    /// Nil once it is forgotten, with its expiry and the address.
    package private(set) var account: FundingAccountNumber?
    package let accountLastFour: String
    package private(set) var expiry: ExpiryMonth?
    /// Of the billing address, 32 bytes; zeros once it is forgotten.
    package private(set) var addressHash: [UInt8]
    package let acceptor: CardAcceptor
    package let initiation: GatewayAuthorization.Initiation
    package let trace: TraceNumber
    package let askedAt: Instant

    init(
        _ request: FundingRequest,
        addressHash: [UInt8],
        _ trace: TraceNumber,
        at moment: Instant
    ) {
        precondition(addressHash.count == RecordLimits.hashBytes)
        precondition(request.amount.minorUnits <= GatewayLimits.amountMax)
        amount = request.amount
        account = request.account
        accountLastFour = request.account.lastFour
        expiry = request.expiry
        self.addressHash = addressHash
        acceptor = request.acceptor
        initiation = request.initiation
        self.trace = trace
        askedAt = moment
    }

    /// Whether the network holds nothing even where it approves.
    package var isOverNothing: Bool { amount.minorUnits == 0 }

    /// Whether a request asks for the same: all but CVV2, which nobody keeps. Of an account that is
    /// forgotten the last four digits are compared.
    func areAsked(by request: FundingRequest, addressHash: [UInt8]) -> Bool {
        guard amount == request.amount, acceptor == request.acceptor,
            initiation == request.initiation
        else { return false }
        guard let account else { return accountLastFour == request.account.lastFour }
        return account == request.account && expiry == request.expiry
            && self.addressHash == addressHash
    }

    mutating func forgetAccount() {
        (account, expiry) = (nil, nil)
        addressHash = FundingTerms.noAddress
    }

    private static let noAddress = [UInt8](repeating: 0, count: RecordLimits.hashBytes)
    private static let lastDigits = 4

    /// `isForgotten`: whether the account is; then the last four digits stand for its number.
    init(_ reader: inout ByteReader, isForgotten: Bool) throws(WireFailure) {
        amount = try reader.money()
        guard amount.minorUnits <= GatewayLimits.amountMax else {
            throw reader.failure("amount", .invalid)
        }
        let digits = try reader.text(
            "account number",
            bytesMax: FundingAccountNumber.digitsRange.upperBound
        )
        let expiryDigits = try reader.text("expiry", bytesMax: 4)
        addressHash = try reader.bytes("address", count: RecordLimits.hashBytes)
        accountLastFour = String(digits.suffix(FundingTerms.lastDigits))
        if isForgotten {
            guard digits.utf8.count == FundingTerms.lastDigits,
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), expiryDigits.isEmpty,
                addressHash == FundingTerms.noAddress
            else { throw reader.failure("account number", .invalid) }
        } else {
            guard let account = FundingAccountNumber(digits) else {
                throw reader.failure("account number", .invalid)
            }
            guard let expiry = ExpiryMonth(digits: expiryDigits) else {
                throw reader.failure("expiry", .invalid)
            }
            (self.account, self.expiry) = (account, expiry)
        }
        acceptor = try CardAcceptor(&reader)
        initiation = try reader.value("initiation", bytes: 1) {
            GatewayAuthorization.Initiation(rawValue: UInt8($0))
        }
        trace = try reader.value("trace number", bytes: 8) {
            $0 >= 1 ? TraceNumber(count: $0) : nil
        }
        askedAt = try reader.moment("moment")
    }

    func write(to writer: inout ByteWriter) {
        writer.money(amount)
        writer.text(account?.digits ?? accountLastFour)
        writer.text(expiry?.digits ?? "")
        writer.append(addressHash)
        acceptor.write(to: &writer)
        writer.byte(initiation.rawValue)
        writer.integer(trace.count, bytes: 8)
        writer.integer(UInt64(bitPattern: askedAt.milliseconds), bytes: 8)
    }

    /// For the journal, which holds no account number: CURR 2, CEXP 1, M 8, RRN 12.
    var journaled: [UInt8] {
        var writer = ByteWriter(capacity: 24)
        writer.money(amount)
        writer.append(trace.retrievalReference.utf8)
        return writer.bytes
    }
}
