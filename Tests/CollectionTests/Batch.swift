// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Crypto
import Kernel
import Keys
import PaymentServer
import Records
import SecurityModule
import Wire

let batchMaster = SymmetricKey(data: [UInt8](repeating: 9, count: 32))
let acquirer: UInt32 = 7

/// A closed batch, as a security card would have made it.
struct Batch {
    let header: BatchHeader
    let sales: [[UInt8]]

    var name: BatchName { header.name }

    /// `number`: of the batch.
    /// `tag`: makes another batch of the same name.
    init(_ number: UInt32 = 1, sales count: Int, serial: UInt32 = 1, tag: UInt64 = 0) throws {
        let card = SecurityCardIdentifier(acquirer: acquirer, serial: serial)
        let name = BatchName(card, number)
        var totals = BatchTotals()
        var sales: [[UInt8]] = []
        for index in 1...count {
            let sale = try Batch.sale(index, of: name, tag)
            guard totals.add(sale.amount) else { throw Unexpected.overflow }
            sales.append(sale.bytes(at: BatchPlace(name, UInt32(index))))
        }
        self.init(name, sales, totals.list)
    }

    /// `totals`: what the security card says that the sales come to.
    init(_ name: BatchName, _ sales: [[UInt8]], _ totals: [BatchHeader.Total]) {
        let keys = BatchKeys()
        self.sales = sales
        header =
            BatchHeader(
                name: name,
                count: UInt32(sales.count),
                totals: totals,
                digest: keys.extend(keys.start(of: name), with: sales),
                closedAt: Instant(milliseconds: 1_790_000_000_000),
                signature: [UInt8](repeating: 0, count: BatchHeader.signatureBytes)
            ).signed
    }

    private static func sale(
        _ index: Int,
        of batch: BatchName,
        _ tag: UInt64
    ) throws -> CollectedSale {
        guard let merchant = MerchantIdentifier("SHOP"),
            let card = CardIdentifier("6368121221882974"),
            let expiry = CardDate(bcd: 0x27_1231), let time = CardTime(bcd: 0x2026_1128_120000)
        else { throw Unexpected.name }
        return CollectedSale(
            transaction: TransactionIdentifier(
                high: UInt64(batch.number) << 32 | UInt64(index),
                low: UInt64(batch.securityCard.serial) << 32 | tag
            ),
            merchant: merchant,
            time: time,
            amount: Money(
                minorUnits: UInt64(index) * 5,
                currency: index % 3 == 0 ? .dollar : .euro,
                exponent: .cents
            ),
            card: card,
            cardExpiry: expiry,
            keyVersion: 1,
            number: UInt32(index),
            balance: 10_000,
            securityCard: batch.securityCard,
            securityCardNumber: UInt32(index),
            issuerProof: Signature(bits: UInt64(index))
        )
    }

    /// A part of it as a message.
    func part(from index: Int, count: Int) -> CollectionMessage {
        .part(
            name,
            from: UInt32(index),
            sales: Array(sales[index - 1..<min(index - 1 + count, sales.count)])
        )
    }

    /// Keeps it as a payment server does whose security card has closed it.
    func keep(in store: any RecordStore, _ seals: any RecordSealing) async throws {
        let record = BatchRecord(header, .waiting)
        var writes = [try await record.write(over: 0, sealedBy: seals)]
        for (index, sale) in sales.enumerated() {
            writes.append(
                try await CollectedRecord.write(
                    sale,
                    at: BatchPlace(name, UInt32(index + 1)),
                    sealedBy: seals
                )
            )
        }
        guard try await store.commit(Transition(writes: writes)) == .committed else {
            throw Unexpected.conflict
        }
    }
}

extension BatchHeader {
    /// The same with SB of its security card.
    var signed: BatchHeader { signed(with: CMACKey(batchMaster)) }

    /// `master`: KB.
    func signed(with master: CMACKey) -> BatchHeader {
        with(signature: BatchKey(name.securityCard, master: master).sign(signedBytes))
    }

    func with(
        totals: [Total]? = nil,
        closedAt: Instant? = nil,
        signature: [UInt8]? = nil
    ) -> BatchHeader {
        BatchHeader(
            name: name,
            count: count,
            totals: totals ?? self.totals,
            digest: digest,
            closedAt: closedAt ?? self.closedAt,
            signature: signature ?? self.signature
        )
    }
}

enum Unexpected: Error {
    case overflow, name, conflict
    case answer(CollectionMessage?)
}
