// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// A question for a card's information, as the bank keeps it. Format 1: account (text), inquiry,
/// key name (text), ETSK 40, inquiry token 32, TSK (text), behind a presence byte each the
/// information (card 16, BIN 3, last digits text, DEXP 3, CURR 2, CEXP 1, BAL 8, BALMAX 8, DTHR 7)
/// and the load that was begun with it 16.
struct InquiryRecord: Equatable, Sendable {
    private static let format: UInt8 = 1

    let account: AccountNumber
    let inquiry: CardInquiry
    let proof: LoadProof
    let sessionKey: SessionKeyText
    var information: CardInformation?
    /// One answer serves one load: two tabs do not make two.
    var load: TransactionIdentifier?

    init(account: AccountNumber, inquiry: CardInquiry, sealed: SealedLoadOrder) {
        self.account = account
        self.inquiry = inquiry
        proof = sealed.proof
        sessionKey = sealed.sessionKey
    }

    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "card inquiry")
        guard try reader.byte("format") == InquiryRecord.format else {
            throw reader.failure("format", .invalid)
        }
        account = try reader.account("account")
        let inquiry = try reader.cardInquiry()
        self.inquiry = inquiry
        proof = try reader.loadProof()
        sessionKey = try reader.sessionKey()
        information = try reader.optional("information") { reader throws(WireFailure) in
            try reader.information(of: inquiry)
        }
        load = try reader.optional("load") { reader throws(WireFailure) in
            try reader.transaction()
        }
        try reader.end()
    }

    /// Holds a secret; it leaves the module only sealed.
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.byte(InquiryRecord.format)
        writer.text(account.text)
        writer.cardInquiry(inquiry)
        writer.loadProof(proof)
        writer.text(sessionKey.reveal())
        writer.optional(information) { $0.information($1) }
        writer.optional(load) { $0.transaction($1) }
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func information(
        of inquiry: CardInquiry
    ) throws(WireFailure) -> CardInformation {
        CardInformation(
            transaction: inquiry.transaction,
            bank: inquiry.bank,
            card: try pseudonym(),
            issuer: try issuer(),
            lastDigits: try text("last digits", bytesMax: 4),
            expiry: try expiry(),
            balance: try money(),
            balanceMax: try integer("BALMAX", bytes: 8),
            time: try time()
        )
    }
}

extension ByteWriter {
    fileprivate mutating func information(_ information: CardInformation) {
        append(information.card.bytes)
        issuer(information.issuer)
        text(information.lastDigits)
        expiry(information.expiry)
        money(information.balance)
        integer(information.balanceMax, bytes: 8)
        time(information.time)
    }
}
