// SPDX-License-Identifier: Apache-2.0

package import Kernel

// A collected sale as bytes, 102 of them (`docs/messages/collection.md`). The security card's chain
// is over these bytes.
extension CollectedSale {
    package static let length = 102
    private static let format: UInt8 = 1

    /// - Parameter place: where the security card has counted it.
    /// - Returns: ``length`` bytes.
    package func bytes(at place: BatchPlace) -> [UInt8] {
        precondition(place.batch.securityCard == securityCard)
        var writer = ByteWriter(capacity: CollectedSale.length)
        writer.byte(CollectedSale.format)
        writer.transaction(transaction)
        writer.merchant(merchant)
        writer.time(time)
        writer.money(amount)
        writer.card(card)
        writer.expiry(cardExpiry)
        writer.byte(keyVersion)
        writer.number(number)
        writer.integer(balance, bytes: 8)
        writer.securityCard(securityCard)
        writer.number(securityCardNumber)
        writer.signature(issuerProof)
        writer.number(place.batch.number)
        writer.number(place.index)
        return writer.bytes
    }

    /// - Parameter bytes: ``length`` of them.
    /// - Returns: the sale, and where it was counted.
    /// - Throws: `WireFailure` with the field that is none.
    package static func read(
        _ bytes: [UInt8]
    ) throws(WireFailure) -> (sale: CollectedSale, place: BatchPlace) {
        var reader = ByteReader(bytes, of: "collected sale")
        guard try reader.byte("format") == format else { throw reader.failure("format", .invalid) }
        let sale = CollectedSale(
            transaction: try reader.transaction(),
            merchant: try reader.merchant(),
            time: try reader.time(),
            amount: try reader.money(),
            card: try reader.card(),
            cardExpiry: try reader.expiry(),
            keyVersion: try reader.byte("VKP"),
            number: try reader.number("NT"),
            balance: try reader.integer("BAL", bytes: 8),
            securityCard: try reader.securityCard(),
            securityCardNumber: try reader.number("NTPSAM"),
            issuerProof: try reader.signature("S6")
        )
        let batch = BatchName(sale.securityCard, try reader.number("batch"))
        let place = BatchPlace(batch, try reader.number("index"))
        try reader.end()
        return (sale, place)
    }
}
