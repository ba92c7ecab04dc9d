// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A message between clearing house and issuer: version 1, type 1, then the fields of the type
/// (`docs/messages/clearing.md`). Every request may come again and is answered the same.
package enum IssuerMessage: Equatable, Sendable {
    /// Clearing house → issuer: has this issuer's module made S6 of these sales? Number 2, and each
    /// as ``CollectedSale`` bytes.
    case prove([[UInt8]])
    /// Issuer → clearing house: in the order of the sales. Number 2, and a proof 1 of each.
    case proved([SaleProof])
    /// Back: nothing can be done now; the same later.
    case unavailable
    /// Clearing house → issuer: credit the card of this sale with a refund of it. The
    /// ``CollectedSale`` bytes, number of the refund 1, CURR 2, CEXP 1, M 8.
    case credit([UInt8], number: UInt8, Money)
    /// Issuer → clearing house: it is on the card. TRX 16, number 1.
    case credited(TransactionIdentifier, number: UInt8)
    /// Issuer → clearing house: it never comes onto the card. TRX 16, number 1, reason 1.
    case refused(TransactionIdentifier, number: UInt8, RefundRefusal)
    /// Clearing house → issuer: which disputes of this issuer's cards are open? BIN 3, and TRX 16
    /// of the last one of the page before, zeros for the first page.
    case disputesQuestion(IssuerIdentifier, after: TransactionIdentifier)
    /// Issuer → clearing house: in the order of TRX. More 1, number 1, and each as
    /// ``DisputeNotice``.
    case disputes([DisputeNotice], hasMore: Bool)
    /// Clearing house → issuer: the merchant is asked, and what is new. TRX 16, ``DisputeReport``.
    case disputeReport(TransactionIdentifier, DisputeReport)
    /// Issuer → clearing house: how the dispute stands, also where it has ended.
    case dispute(DisputeNotice)
    /// Issuer → clearing house: there is no dispute of this sale. TRX 16.
    case noDispute(TransactionIdentifier)
    /// Clearing house → issuer: which value of its cards was swept, and given back? BIN 3, and the
    /// number 8 behind which it asks.
    case sweepsQuestion(IssuerIdentifier, after: UInt64)
    /// Issuer → clearing house: in the order of their numbers. More 1, how many 2, and each as
    /// ``SweepNotice``.
    case sweeps([SweepNotice], hasMore: Bool)

    package static let version: UInt8 = 1
    /// Sales in one question.
    package static let proveMax = CollectionMessage.partMax
    /// Sweeps and returns in one answer.
    package static let sweepsMax = 128

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "issuer message")
        guard try reader.byte("version") == IssuerMessage.version else {
            throw reader.failure("version", .invalid)
        }
        switch try reader.byte("type") {
        case 0xA1: self = .prove(try reader.collectedSales())
        case 0xA2:
            let count = Int(try reader.integer("proofs", bytes: 2))
            guard count <= IssuerMessage.proveMax else { throw reader.failure("proofs", .invalid) }
            var proofs: [SaleProof] = []
            for _ in 0..<count {
                proofs.append(
                    try reader.value("proof", bytes: 1) { SaleProof(rawValue: UInt8($0)) }
                )
            }
            self = .proved(proofs)
        case 0xA3: self = .unavailable
        case 0xA4:
            let sale = try reader.bytes("sale", count: CollectedSale.length)
            let number = try reader.refundNumber()
            self = .credit(sale, number: number, try reader.money())
        case 0xA5: self = .credited(try reader.transaction(), number: try reader.refundNumber())
        case 0xA6:
            let transaction = try reader.transaction()
            let number = try reader.refundNumber()
            self = .refused(transaction, number: number, try reader.refundRefusal())
        case 0xA7...0xAB: self = try IssuerMessage(dispute: bytes[1], &reader)
        case 0xAC:
            let issuer = try reader.issuer()
            self = .sweepsQuestion(issuer, after: try reader.integer("number", bytes: 8))
        case 0xAD:
            let hasMore = try reader.flag("more")
            self = .sweeps(try reader.sweepNotices(), hasMore: hasMore)
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(IssuerMessage.version)
        switch self {
        case .prove(let sales):
            writer.byte(0xA1)
            writer.collectedSales(sales)
        case .proved(let proofs):
            precondition(proofs.count <= IssuerMessage.proveMax)
            writer.byte(0xA2)
            writer.integer(UInt64(proofs.count), bytes: 2)
            for proof in proofs { writer.byte(proof.rawValue) }
        case .unavailable: writer.byte(0xA3)
        case .credit(let sale, let number, let amount):
            precondition(sale.count == CollectedSale.length)
            writer.byte(0xA4)
            writer.append(sale)
            writer.byte(number)
            writer.money(amount)
        case .credited(let transaction, let number):
            writer.byte(0xA5)
            writer.transaction(transaction)
            writer.byte(number)
        case .refused(let transaction, let number, let reason):
            writer.byte(0xA6)
            writer.transaction(transaction)
            writer.byte(number)
            writer.byte(reason.rawValue)
        case .disputesQuestion, .disputes, .disputeReport, .dispute, .noDispute:
            writeDispute(to: &writer)
        case .sweepsQuestion(let issuer, let number):
            writer.byte(0xAC)
            writer.issuer(issuer)
            writer.integer(number, bytes: 8)
        case .sweeps(let notices, let hasMore):
            writer.byte(0xAD)
            writer.flag(hasMore)
            writer.sweepNotices(notices)
        }
        return writer.bytes
    }
}
