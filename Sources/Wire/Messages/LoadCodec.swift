// SPDX-License-Identifier: Apache-2.0

package import Kernel

// The terms of a load and of an inquiry as bytes. These bytes are what their tokens cover.
extension ByteReader {
    /// TRX 16, IDBANK 8, card 16, CURR 2, CEXP 1, M 8, DTHR 7, load server (counted), status URL
    /// (counted).
    package mutating func loadTerms() throws(WireFailure) -> LoadTerms {
        LoadTerms(
            transaction: try transaction(),
            bank: try bank(),
            card: try pseudonym(),
            amount: try money(),
            time: try time(),
            loadServer: try text("load server", bytesMax: LoadLimits.loadServerBytesMax),
            statusURL: try text("status URL", bytesMax: LoadLimits.statusURLBytesMax)
        )
    }

    /// TRX 16, IDBANK 8, DTHR 7, load server (counted), status URL (counted).
    package mutating func cardInquiry() throws(WireFailure) -> CardInquiry {
        CardInquiry(
            transaction: try transaction(),
            bank: try bank(),
            time: try time(),
            loadServer: try text("load server", bytesMax: LoadLimits.loadServerBytesMax),
            statusURL: try text("status URL", bytesMax: LoadLimits.statusURLBytesMax)
        )
    }

    package mutating func bank() throws(WireFailure) -> BankIdentifier {
        BankIdentifier(bits: try integer("IDBANK", bytes: 8))
    }

    /// Key name (counted), ETSK 40, token 32.
    package mutating func loadProof() throws(WireFailure) -> LoadProof { try LoadProof(&self) }

    package mutating func pseudonym() throws(WireFailure) -> CardPseudonym {
        CardPseudonym(
            high: try integer("card", bytes: 8),
            low: try integer("card", bytes: 8)
        )
    }
}

extension ByteWriter {
    package mutating func loadTerms(_ terms: LoadTerms) {
        transaction(terms.transaction)
        bank(terms.bank)
        append(terms.card.bytes)
        money(terms.amount)
        time(terms.time)
        text(terms.loadServer)
        text(terms.statusURL)
    }

    package mutating func cardInquiry(_ inquiry: CardInquiry) {
        transaction(inquiry.transaction)
        bank(inquiry.bank)
        time(inquiry.time)
        text(inquiry.loadServer)
        text(inquiry.statusURL)
    }

    package mutating func bank(_ bank: BankIdentifier) { integer(bank.bits, bytes: 8) }
    package mutating func loadProof(_ proof: LoadProof) { proof.write(to: &self) }
}

extension LoadTerms {
    /// The bytes that the load token covers.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 160)
        writer.loadTerms(self)
        return writer.bytes
    }

    /// What the card is asked (FIG. 18A, step 876).
    package var request: InitializeLoad {
        InitializeLoad(bank: bank, transaction: transaction, time: time, amount: amount)
    }
}

extension InitializeLoad {
    /// The same request for no value, which proves the counter (negative result, step 882).
    package var zeroRequest: InitializeLoad {
        InitializeLoad(
            bank: bank,
            transaction: transaction,
            time: time,
            amount: Money(minorUnits: 0, currency: amount.currency, exponent: amount.exponent)
        )
    }
}

extension CardInquiry {
    /// The bytes that the inquiry token covers.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 140)
        writer.cardInquiry(self)
        return writer.bytes
    }
}

extension BankIdentifier {
    package static let length = 8

    package var bytes: [UInt8] { bits.bigEndianBytes }

    /// 16 lower-case hexadecimal digits.
    package var text: String { Hex.text(bytes) }

    /// - Returns: nil unless there are 16 hexadecimal digits.
    package init?(text: String) {
        guard let bytes = Hex.bytes(text), bytes.count == BankIdentifier.length else { return nil }
        self.init(bits: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}

/// What proves a load or an inquiry to the load server and lets it find the transaction session
/// key: key name, ETSK and token, as an order has them.
package typealias LoadProof = OrderProof
