// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import OPALServer
import PaymentServer
import Records
import Wire

/// Somebody at the acquirer, who has its KB, signs batches that no security card has closed: with
/// sales whose value was put back on the card, and with one that was cleared before. They come when
/// all others have, so that they take no number of a batch that is right.
struct FalseBatches {
    private let world: World

    init(_ world: World) { self.world = world }

    /// Sends one in the name of each security card for which there is something to put in.
    func send() async {
        guard let clearing = world.clearing else { return }
        var ledger = Ledger()
        await ledger.read(world, of: Set(world.parties))
        for securityCard in Set(ledger.sales.values.map(\.command.securityCard)).sorted(
            by: { $0.serial < $1.serial }
        ) {
            let sales = FalseBatches.sales(of: securityCard, ledger)
            let numbers = ledger.clearing.batches.keys.filter { $0.securityCard == securityCard }
            let next = (numbers.map(\.number).max() ?? 0) + 1
            guard let batch = batch(BatchName(securityCard, next), of: sales) else { continue }
            clearing.house.noteFalse(batch.header.name)
            let parts: [CollectionMessage] = [
                .offer(batch.header),
                .part(batch.header.name, from: 1, sales: batch.sales),
            ]
            // From where the concentration point stands: it keeps none of it.
            for message in parts { _ = try? await clearing.house.link.request(message.bytes) }
        }
    }

    /// What was put back, as its card has signed it, and one sale that was cleared.
    private static func sales(
        of securityCard: SecurityCardIdentifier,
        _ ledger: Ledger
    ) -> [CollectedSale] {
        var sales: [CollectedSale] = []
        for draw in ledger.draws.values where draw.state == .recovered {
            guard let sale = ledger.sales[draw.terms.transaction], sale.command == draw.command,
                sale.command.securityCard == securityCard
            else { continue }
            sales.append(CollectedSale(sale.draw, draw.command, draw.answer))
        }
        let cleared = ledger.clearing.lines.values
            .filter { $0.isCleared && $0.sale.securityCard == securityCard }
            .min { $0.sale.securityCardNumber < $1.sale.securityCardNumber }
        if let cleared { sales.append(cleared.sale) }
        return sales.sorted { $0.securityCardNumber < $1.securityCardNumber }
    }

    private func batch(
        _ name: BatchName,
        of sales: [CollectedSale]
    ) -> (header: BatchHeader, sales: [[UInt8]])? {
        guard !sales.isEmpty, sales.count <= CollectionMessage.partMax else { return nil }
        var totals = BatchTotals()
        var bytes: [[UInt8]] = []
        for (index, sale) in sales.enumerated() {
            guard totals.add(sale.amount) else { return nil }
            bytes.append(sale.bytes(at: BatchPlace(name, UInt32(index + 1))))
        }
        let walker = BatchKeys()
        func header(_ signature: [UInt8]) -> BatchHeader {
            BatchHeader(
                name: name,
                count: UInt32(bytes.count),
                totals: totals.list,
                digest: walker.extend(walker.start(of: name), with: bytes),
                closedAt: world.now,
                signature: signature
            )
        }
        let key = BatchKey(name.securityCard, master: CMACKey(world.keys.batchMaster))
        let unsigned = header([UInt8](repeating: 0, count: BatchHeader.signatureBytes))
        return (header(key.sign(unsigned.signedBytes)), bytes)
    }
}
