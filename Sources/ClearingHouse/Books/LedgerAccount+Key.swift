// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// An account as key: owner 1, who it is, CURR 2. 01 bank, 02 pool and BIN 3, 03 acquirer and its
// number 4, 04 merchant and MERCH 15, 05 suspense and the acquirer 4, 06 expired value and BIN 3,
// 07 in transit.
extension LedgerAccount {
    package var key: [UInt8] {
        var writer = ByteWriter(capacity: 18)
        switch owner {
        case .bank: writer.byte(0x01)
        case .pool(let issuer):
            writer.byte(0x02)
            writer.issuer(issuer)
        case .acquirer(let acquirer):
            writer.byte(0x03)
            writer.number(acquirer)
        case .merchant(let merchant):
            writer.byte(0x04)
            writer.merchant(merchant)
        case .suspense(let acquirer):
            writer.byte(0x05)
            writer.number(acquirer)
        case .expired(let issuer):
            writer.byte(0x06)
            writer.issuer(issuer)
        case .inTransit: writer.byte(0x07)
        }
        writer.currency(currency)
        return writer.bytes
    }

    /// - Returns: nil for bytes that are no key.
    package init?(key: [UInt8]) {
        guard let account = try? LedgerAccount(reading: key) else { return nil }
        self = account
    }

    private init(reading key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(key, of: "account key")
        let owner: Owner
        switch try reader.byte("owner") {
        case 0x01: owner = .bank
        case 0x02: owner = .pool(try reader.issuer())
        case 0x03: owner = .acquirer(try reader.number("acquirer"))
        case 0x04: owner = .merchant(try reader.merchant())
        case 0x05: owner = .suspense(try reader.number("acquirer"))
        case 0x06: owner = .expired(try reader.issuer())
        case 0x07: owner = .inTransit
        default: throw reader.failure("owner", .invalid)
        }
        self.init(owner, try reader.currency())
        try reader.end()
    }

    var isMerchant: Bool {
        if case .merchant = owner { true } else { false }
    }

    /// Where keys go on behind those of merchants.
    static let behindMerchants: [UInt8] = [0x05]

    /// The stream of its history; nothing else has one of this form.
    package var stream: [UInt8] { LedgerAccount.streamPrefix + key }

    private static let streamPrefix = Array("account ".utf8)

    /// - Returns: nil for a stream that is no account's.
    package init?(stream: [UInt8]) {
        guard stream.starts(with: LedgerAccount.streamPrefix) else { return nil }
        self.init(key: Array(stream.dropFirst(LedgerAccount.streamPrefix.count)))
    }
}
