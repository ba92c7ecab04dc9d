// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A sale whose S6 nobody here can have made, or that nobody here can check: a trace of forgers for
/// the audit, and no answer. Asked again, the sale is judged anew, since a key version or a card
/// may have been brought back. Format 1: the collected sale 102, proof 1, first refused at 8.
package struct RefusedSaleRecord: Equatable, Sendable {
    /// By BIN‖IEP, NT and TRX.
    package static let kind = RecordKind("refused_sale", keyBytes: 28...28)
    private static let format: UInt8 = 1

    package let sale: CollectedSale
    package let place: BatchPlace
    /// Forged, unknown card or unknown key version.
    package let proof: SaleProof
    package let refusedAt: Instant

    init(_ sale: CollectedSale, at place: BatchPlace, _ proof: SaleProof, _ refusedAt: Instant) {
        self.sale = sale
        self.place = place
        self.proof = proof
        self.refusedAt = refusedAt
    }

    package static func key(_ sale: CollectedSale) -> RecordKey {
        let bytes = sale.card.bytes + sale.number.bigEndianBytes + sale.transaction.bytes
        return RecordKey(kind, bytes)
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "refused sale")
        guard try reader.byte("format") == RefusedSaleRecord.format else {
            throw reader.failure("format", .invalid)
        }
        let sale = try reader.bytes("sale", count: CollectedSale.length)
        (self.sale, place) = try CollectedSale.read(sale)
        proof = try reader.proof(among: [.forged, .unknownCard, .unknownKeyVersion])
        refusedAt = try reader.moment("refused at")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: CollectedSale.length + 10)
        writer.byte(RefusedSaleRecord.format)
        writer.append(sale.bytes(at: place))
        writer.byte(proof.rawValue)
        writer.moment(refusedAt)
        return writer.bytes
    }
}
