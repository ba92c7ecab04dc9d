// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// What came back for payment with one number NT of one card and a right S6: one sale, where there
/// is one card. Sealed by BIN‖IEP and NT, so that the numbers of a card stand together and in
/// order. Format 1: count 1, and of each the collected sale 102, proof 1, answered at 8.
package struct NumberRecord: Equatable, Sendable {
    package static let kind = RecordKind("proved_number", keyBytes: 12...12)
    private static let format: UInt8 = 1

    package struct Entry: Equatable, Sendable {
        package let sale: CollectedSale
        /// Where it was counted when it first came.
        package let place: BatchPlace
        /// Proved, recovered or number used twice: what is answered again.
        package let proof: SaleProof
        package let answeredAt: Instant
    }

    package let card: CardIdentifier
    /// NT.
    package let number: UInt32
    /// Each sale once, in the order in which they came.
    package private(set) var entries: [Entry]

    /// Sales that are kept; what comes beyond is answered as a number that was used twice, and not
    /// noted: with so many the card is doubled anyway.
    package static let entriesMax = 16

    init(card: CardIdentifier, number: UInt32) {
        self.card = card
        self.number = number
        entries = []
    }

    package static func key(_ card: CardIdentifier, _ number: UInt32) -> RecordKey {
        RecordKey(kind, card.bytes + number.bigEndianBytes)
    }

    /// The sale that has the number: its value was taken from the card, or put back on it.
    package var holder: Entry? { entries.first { $0.proof != .numberUsedTwice } }

    /// The sales that have no right to it.
    package var others: [Entry] { entries.filter { $0.proof == .numberUsedTwice } }

    /// What was answered to this very sale, wherever it was counted.
    func answer(to sale: CollectedSale) -> SaleProof? {
        entries.first { $0.sale == sale }?.proof
    }

    var isFull: Bool { entries.count == NumberRecord.entriesMax }

    /// Notes what is answered to one more sale. The caller has asked ``isFull`` before.
    mutating func add(_ entry: Entry) {
        precondition(entry.sale.card == card && entry.sale.number == number && !isFull)
        entries.append(entry)
    }

    package init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "proved number")
        guard try reader.byte("format") == NumberRecord.format else {
            throw reader.failure("format", .invalid)
        }
        var name = ByteReader(key, of: "proved number")
        card = try name.card()
        number = try name.number("NT")
        let count = Int(try reader.byte("sales"))
        guard (1...NumberRecord.entriesMax).contains(count) else {
            throw reader.failure("sales", .invalid)
        }
        entries = []
        for _ in 0..<count {
            let bytes = try reader.bytes("sale", count: CollectedSale.length)
            let (sale, place) = try CollectedSale.read(bytes)
            guard sale.card == card, sale.number == number else {
                throw reader.failure("sale", .invalid)
            }
            let proof = try reader.proof(among: NumberRecord.proofs)
            entries.append(
                Entry(
                    sale: sale,
                    place: place,
                    proof: proof,
                    answeredAt: try reader.moment("answered at")
                )
            )
        }
        try reader.end()
    }

    private static let proofs: [SaleProof] = [.proved, .recovered, .numberUsedTwice]

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 2 + entries.count * (CollectedSale.length + 9))
        writer.byte(NumberRecord.format)
        writer.byte(UInt8(entries.count))
        for entry in entries {
            writer.append(entry.sale.bytes(at: entry.place))
            writer.byte(entry.proof.rawValue)
            writer.moment(entry.answeredAt)
        }
        return writer.bytes
    }
}

extension ByteReader {
    mutating func proof(among proofs: [SaleProof]) throws(WireFailure) -> SaleProof {
        try value("proof", bytes: 1) { raw in
            SaleProof(rawValue: UInt8(raw)).flatMap { proofs.contains($0) ? $0 : nil }
        }
    }
}
