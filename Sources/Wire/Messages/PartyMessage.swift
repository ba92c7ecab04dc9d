// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A message between two parties: version 1, type 1, then the fields of the type
/// (`docs/messages/`).
package enum PartyMessage: Equatable, Sendable {
    /// OPAL server → payment server (FIG. 11A, step 612).
    case drawRequest(DrawRequest)
    /// Payment server → OPAL server (FIG. 11B, step 616); the DEBIT IEP, sealed.
    case debitCommand(TransactionIdentifier, sealed: [UInt8])
    /// OPAL server → payment server (FIG. 11B, step 622); the card's answer, sealed.
    case debitResponse(TransactionIdentifier, sealed: [UInt8])
    /// Payment server → OPAL server (FIG. 11C, step 634): Debit Result C for the OPAL server and
    /// Debit Result M for the merchant alone.
    case debitResult(TransactionIdentifier, forCard: [UInt8], forMerchant: [UInt8])
    /// Merchant → payment server: what became of this transaction?
    case saleQuestion(SaleQuestion)
    /// Payment server → merchant: the Debit Result M once the sale has ended, else empty.
    case saleAnswer(TransactionIdentifier, SaleState, forMerchant: [UInt8])
    /// Payment server → OPAL server, where one trip is all (FIGS. 7 and 8): the DEBIT IEP, sealed,
    /// and the expected S3 with what follows from it, sealed for who compares.
    case debitOffer(TransactionIdentifier, sealed: [UInt8], expectation: [UInt8])
    /// OPAL server → payment server: which of the sales that I drew still wait for me?
    case openSalesQuestion
    /// Payment server → OPAL server: these, the oldest first, at most
    /// ``PartyMessage/openSalesMax``.
    case openSales([TransactionIdentifier])
    /// OPAL server → payment server: no card was debited for this transaction, and none will be.
    case notDebited(TransactionIdentifier)
    /// OPAL server → payment server: no card will be debited for the other half of this sale.
    case otherHalfRefused(TransactionIdentifier)
    /// Merchant → payment server: refund this, or what became of it?
    case refundQuestion(RefundQuestion)
    /// Payment server → merchant. TRX 16, number 1, outcome 2.
    case refundAnswer(TransactionIdentifier, number: UInt8, RefundOutcome)
    /// Either way: the step is not taken, for this reason.
    case refusal(TransactionIdentifier, Refusal)

    package static let version: UInt8 = 1
    /// One sealed part in bytes.
    package static let sealedBytesMax = 8 * 1024
    /// Transactions in one message.
    package static let openSalesMax = 128

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "party message")
        guard try reader.byte("version") == PartyMessage.version else {
            throw reader.failure("version", .invalid)
        }
        let type = try reader.byte("type")
        let max = PartyMessage.sealedBytesMax
        switch type {
        case 0x01: self = .drawRequest(try DrawRequest(&reader))
        case 0x02:
            self = .debitCommand(
                try reader.transaction(),
                sealed: try reader.counted("DEBIT IEP, sealed", max: max)
            )
        case 0x03:
            self = .debitResponse(
                try reader.transaction(),
                sealed: try reader.counted("answer, sealed", max: max)
            )
        case 0x04:
            self = .debitResult(
                try reader.transaction(),
                forCard: try reader.counted("result C", max: max),
                forMerchant: try reader.counted("result M", max: max)
            )
        case 0x05: self = .saleQuestion(try SaleQuestion(&reader))
        case 0x06:
            self = .saleAnswer(
                try reader.transaction(),
                try reader.value("state", bytes: 1) { SaleState(rawValue: UInt8($0)) },
                forMerchant: try reader.counted("result M", max: max)
            )
        case 0x07:
            self = .debitOffer(
                try reader.transaction(),
                sealed: try reader.counted("DEBIT IEP, sealed", max: max),
                expectation: try reader.counted("expectation", max: max)
            )
        case 0x08: self = .openSalesQuestion
        case 0x09: self = .openSales(try reader.transactions())
        case 0x0A: self = .notDebited(try reader.transaction())
        case 0x0B: self = .otherHalfRefused(try reader.transaction())
        case 0x0C: self = .refundQuestion(try RefundQuestion(&reader))
        case 0x0D:
            let transaction = try reader.transaction()
            let number = try reader.refundNumber()
            self = .refundAnswer(transaction, number: number, try reader.refundOutcome())
        case 0x0F:
            self = .refusal(
                try reader.transaction(),
                try reader.value("reason", bytes: 1) { Refusal(rawValue: UInt8($0)) }
            )
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 1024)
        writer.byte(PartyMessage.version)
        switch self {
        case .drawRequest(let request):
            writer.byte(0x01)
            request.write(to: &writer)
        case .debitCommand(let transaction, let sealed):
            writer.byte(0x02)
            writer.transaction(transaction)
            writer.counted(sealed)
        case .debitResponse(let transaction, let sealed):
            writer.byte(0x03)
            writer.transaction(transaction)
            writer.counted(sealed)
        case .debitResult(let transaction, let forCard, let forMerchant):
            writer.byte(0x04)
            writer.transaction(transaction)
            writer.counted(forCard)
            writer.counted(forMerchant)
        case .saleQuestion(let question):
            writer.byte(0x05)
            question.write(to: &writer)
        case .saleAnswer(let transaction, let state, let forMerchant):
            writer.byte(0x06)
            writer.transaction(transaction)
            writer.byte(state.rawValue)
            writer.counted(forMerchant)
        case .debitOffer(let transaction, let sealed, let expectation):
            writer.byte(0x07)
            writer.transaction(transaction)
            writer.counted(sealed)
            writer.counted(expectation)
        case .openSalesQuestion:
            writer.byte(0x08)
        case .openSales(let transactions):
            writer.byte(0x09)
            precondition(transactions.count <= PartyMessage.openSalesMax)
            writer.integer(UInt64(transactions.count), bytes: 2)
            for transaction in transactions { writer.transaction(transaction) }
        case .notDebited(let transaction):
            writer.byte(0x0A)
            writer.transaction(transaction)
        case .otherHalfRefused(let transaction):
            writer.byte(0x0B)
            writer.transaction(transaction)
        case .refundQuestion(let question):
            writer.byte(0x0C)
            question.write(to: &writer)
        case .refundAnswer(let transaction, let number, let outcome):
            writer.byte(0x0D)
            writer.transaction(transaction)
            writer.byte(number)
            writer.refundOutcome(outcome)
        case .refusal(let transaction, let refusal):
            writer.byte(0x0F)
            writer.transaction(transaction)
            writer.byte(refusal.rawValue)
        }
        return writer.bytes
    }
}

extension ByteReader {
    /// A number of transactions 2, then each 16.
    fileprivate mutating func transactions() throws(WireFailure) -> [TransactionIdentifier] {
        let count = try value("count", bytes: 2) { count in
            count <= PartyMessage.openSalesMax ? Int(count) : nil
        }
        var transactions: [TransactionIdentifier] = []
        for _ in 0..<count { transactions.append(try transaction()) }
        return transactions
    }
}
