// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
package import Records
package import SecurityModule
package import Wire

/// A debit of a card that was in a reader, where some terminal debited it and not this server: it
/// has no draw. Sealed, and durable together with the debit, so that the audit can tell it from a
/// debit whose draw was taken away. Format 1: card 8, NT 4, DEBIT IEP 69.
package struct ReaderDebit: Equatable, Sendable {
    /// By transaction: a card in a reader is debited for one transaction once.
    package static let kind = RecordKind("reader_debit", keyBytes: 16...16)
    private static let format: UInt8 = 1

    package let card: CardIdentifier
    /// NT.
    package let number: UInt32
    package let command: DebitIEP

    package init(card: CardIdentifier, number: UInt32, command: DebitIEP) {
        self.card = card
        self.number = number
        self.command = command
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "debit in a reader")
        guard try reader.byte("format") == ReaderDebit.format else {
            throw reader.failure("format", .invalid)
        }
        card = try reader.card()
        number = try reader.number("NT")
        command = try DebitIEP(try reader.bytes("DEBIT IEP", count: DebitIEP.length))
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 82)
        writer.byte(ReaderDebit.format)
        writer.card(card)
        writer.number(number)
        writer.append(command.bytes)
        return writer.bytes
    }

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    /// For a card that is put into a reader: each of its debits is noted with it.
    package static func attachment(
        to card: CardIdentifier,
        sealedBy seals: any RecordSealing
    ) -> Attachment {
        Attachment.ofEntry { entry async throws(ModuleFailure) in
            guard case .debit(let evidence) = entry.event else { return [] }
            let debit = ReaderDebit(
                card: card,
                number: evidence.answer.number,
                command: evidence.command
            )
            let key = key(evidence.command.transaction)
            let body = try await seals.seal(
                debit.bytes,
                name: key.sealName(isOpen: false, reply: []),
                revision: 1
            )
            return [.put(key, expectedRevision: 0, body: body)]
        }
    }
}
