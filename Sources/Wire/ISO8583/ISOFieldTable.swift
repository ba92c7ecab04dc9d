// SPDX-License-Identifier: Apache-2.0

/// The elements of ISO 8583:1987 that the gateway and its network know. Numbers, lengths and
/// contents are those of the standard; what 44, 48, 60 and 63 hold is for each network to say.
package enum ISOFieldTable {
    /// All of them, for a dialect.
    ///
    /// `digits`: `.ascii` or `.packed`, for n and z.
    /// `binary`: `.binary` or `.hexadecimal`, for b.
    package static func fields(digits: ISOField.Coding, binary: ISOField.Coding) -> [ISOField] {
        rows.map { row in
            let coding: ISOField.Coding
            switch row.content {
            case .digits, .track: coding = digits
            case .lettersAndDigits, .text: coding = .ascii
            case .binary: coding = binary
            }
            return ISOField(
                row.number,
                row.name,
                row.length,
                row.content,
                coding: coding,
                printing: row.printing,
                row.meaning
            )
        }
    }

    /// How each prints, in every dialect.
    static let printing = Dictionary(uniqueKeysWithValues: rows.map { ($0.number, $0.printing) })

    private struct Row {
        let number: ISOFieldNumber
        let name: String
        let length: ISOField.Length
        let content: ISOField.Content
        let printing: ISOField.Printing
        let meaning: String

        init(
            _ number: ISOFieldNumber,
            _ name: String,
            _ length: ISOField.Length,
            _ content: ISOField.Content,
            printing: ISOField.Printing = .clear,
            _ meaning: String
        ) {
            self.number = number
            self.name = name
            self.length = length
            self.content = content
            self.printing = printing
            self.meaning = meaning
        }
    }

    private static let rows: [Row] = account + exchange + acceptor + data + secondary

    private static let account: [Row] = [
        Row(
            .accountNumber,
            "account number",
            .twoDigits(max: 19),
            .digits,
            printing: .masked,
            "of the account that pays"
        ),
        Row(
            .processingCode,
            "processing code",
            .fixed(6),
            .digits,
            "what is done (2), from (2) and to (2) which account"
        ),
        Row(.amount, "amount", .fixed(12), .digits, "minor units of the currency in 49"),
        Row(
            .expiry,
            "expiry",
            .fixed(4),
            .digits,
            printing: .hidden,
            "YYMM, the last month of the account"
        ),
        Row(
            .trackTwo,
            "track 2",
            .twoDigits(max: 37),
            .track,
            printing: .hidden,
            "of the magnetic stripe"
        ),
        Row(
            .trackThree,
            "track 3",
            .threeDigits(max: 104),
            .track,
            printing: .hidden,
            "of the magnetic stripe"
        ),
        Row(
            .trackOne,
            "track 1",
            .twoDigits(max: 76),
            .text,
            printing: .hidden,
            "of the magnetic stripe"
        ),
        Row(.pinBlock, "PIN block", .fixed(8), .binary, printing: .hidden, "a PIN, encrypted"),
    ]

    private static let exchange: [Row] = [
        Row(
            .transmissionTime,
            "transmission time",
            .fixed(10),
            .digits,
            "MMDDhhmmss, UTC; the same when a message is sent again"
        ),
        Row(.traceNumber, "trace number", .fixed(6), .digits, "STAN: names a message"),
        Row(.localTime, "local time", .fixed(6), .digits, "hhmmss at the acceptor"),
        Row(.localDate, "local date", .fixed(4), .digits, "MMDD at the acceptor"),
        Row(.settlementDate, "settlement date", .fixed(4), .digits, "MMDD"),
        Row(
            .networkIdentifier,
            "network identifier",
            .fixed(3),
            .digits,
            "NII: which network a message is for"
        ),
        Row(.acquirer, "acquirer", .twoDigits(max: 11), .digits, "the institution that asks"),
        Row(
            .forwarder,
            "forwarder",
            .twoDigits(max: 11),
            .digits,
            "the institution that passes the message on"
        ),
        Row(
            .retrievalReference,
            "retrieval reference",
            .fixed(12),
            .lettersAndDigits,
            "RRN: names a transaction, the same in all its messages"
        ),
        Row(
            .approvalCode,
            "approval code",
            .fixed(6),
            .lettersAndDigits,
            "of who has approved"
        ),
        Row(
            .responseCode,
            "response code",
            .fixed(2),
            .lettersAndDigits,
            "00 approved; in a reversal, why"
        ),
    ]

    private static let acceptor: [Row] = [
        Row(.merchantCategory, "merchant category", .fixed(4), .digits, "what the acceptor sells"),
        Row(.entryMode, "entry mode", .fixed(3), .digits, "how the account number was entered"),
        Row(.conditionCode, "condition code", .fixed(2), .digits, "under which conditions"),
        Row(.terminal, "terminal", .fixed(8), .text, "of the acceptor, padded with blanks"),
        Row(.merchant, "acceptor", .fixed(15), .text, "padded with blanks"),
        Row(
            .merchantLocation,
            "acceptor's name and place",
            .fixed(40),
            .text,
            "name (25), city (13), country (2), each padded with blanks"
        ),
    ]

    private static let data: [Row] = [
        Row(
            .responseData,
            "response data",
            .twoDigits(max: 25),
            .text,
            "sub-elements: AV and CV, how address and CVV2 compare"
        ),
        Row(
            .privateData,
            "private data",
            .threeDigits(max: 999),
            .text,
            printing: .hidden,
            "sub-elements: SN and PC, the billing address; CV, the CVV2; KC, a check value"
        ),
        Row(.currency, "currency", .fixed(3), .digits, "number of ISO 4217"),
        Row(
            .furtherAmounts,
            "further amounts",
            .threeDigits(max: 120),
            .text,
            "account type (2), amount type (2), currency (3), C or D, amount (12), up to six"
        ),
        Row(
            .nationalData,
            "national data",
            .threeDigits(max: 999),
            .text,
            printing: .hidden,
            "free"
        ),
        Row(.networkData, "network data", .threeDigits(max: 999), .text, printing: .hidden, "free"),
        Row(
            .primaryAuthenticationCode,
            "authentication code",
            .fixed(8),
            .binary,
            printing: .hidden,
            "MAC, the last element of a message without secondary bitmap"
        ),
    ]

    private static let secondary: [Row] = [
        Row(
            .managementCode,
            "management code",
            .fixed(3),
            .digits,
            "001 sign-on, 002 sign-off, 161 key check, 301 echo"
        ),
        Row(
            .originalData,
            "original data",
            .fixed(42),
            .digits,
            "of another message: type (4), 11 (6), 7 (10), 32 (11), 33 (11)"
        ),
        Row(
            .secondaryAuthenticationCode,
            "authentication code",
            .fixed(8),
            .binary,
            printing: .hidden,
            "MAC, the last element of a message with secondary bitmap"
        ),
    ]
}
