// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import Keys
import SecurityModule
import Wire

let batchMaster = SymmetricKey(data: [UInt8](repeating: 9, count: 32))
let acquirer: UInt32 = 7

enum Unexpected: Error {
    case name, overflow
    case answer(CollectionMessage?)
}

/// A sale as a test wants it.
struct PlayedSale {
    var transaction: UInt64
    var merchant = "SHOP"
    var units: UInt64 = 150
    var currency = Currency.euro
    var exponent = Exponent.cents
    var card = "9990010000000014"
    var keyVersion: UInt8 = 1
    /// NT.
    var number: UInt32 = 1
    /// NTPSAM; where nil, the place in the batch.
    var securityCardNumber: UInt32?
    var time: UInt64 = 0x2026_1128_120000

    func collected(by card: SecurityCardIdentifier, index: UInt32) throws -> CollectedSale {
        guard let merchant = MerchantIdentifier(merchant),
            let payer = CardIdentifier(self.card), let expiry = CardDate(bcd: 0x27_1231),
            let time = CardTime(bcd: time)
        else { throw Unexpected.name }
        return CollectedSale(
            transaction: TransactionIdentifier(high: 1, low: transaction),
            merchant: merchant,
            time: time,
            amount: Money(minorUnits: units, currency: currency, exponent: exponent),
            card: payer,
            cardExpiry: expiry,
            keyVersion: keyVersion,
            number: number,
            balance: 10_000,
            securityCard: card,
            securityCardNumber: securityCardNumber ?? index,
            issuerProof: Signature(bits: transaction)
        )
    }
}

/// A closed batch, as a security card would have made it.
struct PlayedBatch {
    let header: BatchHeader
    let sales: [[UInt8]]

    var name: BatchName { header.name }

    /// 2026-11-28 13:00.
    static let afternoon = Instant(milliseconds: 1_795_870_800_000)

    init(
        _ number: UInt32 = 1,
        serial: UInt32 = 1,
        acquirer: UInt32 = acquirer,
        closedAt: Instant = afternoon,
        of sales: [PlayedSale]
    ) throws {
        let name = BatchName(SecurityCardIdentifier(acquirer: acquirer, serial: serial), number)
        var totals = BatchTotals()
        var bytes: [[UInt8]] = []
        for (index, sale) in sales.enumerated() {
            let place = BatchPlace(name, UInt32(index + 1))
            let collected = try sale.collected(by: name.securityCard, index: place.index)
            guard totals.add(collected.amount) else { throw Unexpected.overflow }
            bytes.append(collected.bytes(at: place))
        }
        let keys = BatchKeys()
        let unsigned = BatchHeader(
            name: name,
            count: UInt32(sales.count),
            totals: totals.list,
            digest: keys.extend(keys.start(of: name), with: bytes),
            closedAt: closedAt,
            signature: [UInt8](repeating: 0, count: BatchHeader.signatureBytes)
        )
        self.sales = bytes
        let key = BatchKey(name.securityCard, master: CMACKey(batchMaster))
        header = unsigned.with(signature: key.sign(unsigned.signedBytes))
    }

    /// So many sales of a merchant, with transactions from a number on.
    init(
        _ number: UInt32 = 1,
        count: Int,
        from transaction: UInt64 = 1,
        serial: UInt32 = 1,
        closedAt: Instant = afternoon,
        _ change: (inout PlayedSale) -> Void = { _ in }
    ) throws {
        let sales = (0..<count).map { index in
            var sale = PlayedSale(transaction: transaction + UInt64(index))
            sale.number = UInt32(transaction) + UInt32(index)
            sale.securityCardNumber = UInt32(transaction) + UInt32(index)
            change(&sale)
            return sale
        }
        try self.init(number, serial: serial, closedAt: closedAt, of: sales)
    }

    func part(from index: Int, count: Int = CollectionMessage.partMax) -> CollectionMessage {
        .part(name, from: UInt32(index), sales: Array(sales.dropFirst(index - 1).prefix(count)))
    }
}

extension BatchHeader {
    func with(signature: [UInt8]) -> BatchHeader {
        BatchHeader(
            name: name,
            count: count,
            totals: totals,
            digest: digest,
            closedAt: closedAt,
            signature: signature
        )
    }
}
