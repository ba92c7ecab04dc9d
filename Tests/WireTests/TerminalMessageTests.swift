// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

/// Messages to terminals on other hosts: what is written is read again, and nothing else is.
@Suite struct TerminalMessageTests {
    private static let header = TerminalHeader(
        terminal: "terminal-a",
        securityCard: SecurityCardIdentifier(acquirer: 1, serial: 65_537)
    )
    private static let transaction = TransactionIdentifier(high: 1, low: 2)
    private static let cardAnswer = DebitAnswer(
        completion: .done,
        number: 7,
        balance: 9850,
        signature: Signature(bits: 3),
        issuerProof: Signature(bits: 4)
    )

    static let messages: [TerminalMessage] = [
        .request(header, sealed: [1, 2, 3]), .answer(header, sealed: [4, 5]),
        .undelivered(.terminalAway),
    ]

    static let closing = TerminalRequest.Closing(
        transaction: transaction,
        securityCardNumber: 9,
        answer: cardAnswer
    )

    static let requests: [TerminalRequest] = [
        .complete(closing), .giveUp(transaction, securityCardNumber: 9),
        .count([closing, closing]), .status,
        .close(batch: 3, at: Instant(milliseconds: 1_000)),
    ]

    private static let place = BatchPlace(BatchName(header.securityCard, 3), 17)
    private static let total = BatchHeader.Total(
        count: 2,
        sum: Money(minorUnits: 300, currency: .euro, exponent: .cents)
    )
    private static let batch = BatchHeader(
        name: place.batch,
        count: 2,
        totals: [total],
        digest: [UInt8](repeating: 7, count: BatchHeader.digestBytes),
        closedAt: Instant(milliseconds: 1_000),
        signature: [UInt8](repeating: 8, count: BatchHeader.signatureBytes)
    )

    static let answers: [TerminalAnswer] = [
        .completed(isCounted: true, place: place), .completed(isCounted: false, place: nil),
        .void(Signature(bits: 5)), .ended(cardAnswer, isCounted: false, place: nil),
        .ended(cardAnswer, isCounted: true, place: place),
        .counted([true, true, false], places: [place, nil, nil]), .closed(batch), .closed(nil),
        .status(
            TerminalStatus(
                lastNumber: 9,
                open: [.init(securityCardNumber: 9, transaction: transaction)],
                totals: [
                    .init(
                        count: 2,
                        sum: Money(minorUnits: 300, currency: .euro, exponent: .cents)
                    )
                ],
                batchNumber: 3,
                batchTotals: [total]
            )
        ),
        .refusal(.busy),
    ]

    @Test func `each message, request and answer is read as it was written`() throws {
        for message in Self.messages { #expect(try TerminalMessage(message.bytes) == message) }
        for request in Self.requests { #expect(try TerminalRequest(request.bytes) == request) }
        for answer in Self.answers { #expect(try TerminalAnswer(answer.bytes) == answer) }
    }

    @Test func `a request to draw says which attempt it is, and is read as it was written`() throws
    {
        var samples = Samples(5)
        let (draw, time) = (try samples.draw(), samples.time())
        let first = TerminalRequest.draw(draw, at: time, as: RequestIdentifier(random: (1, 2)))
        let second = TerminalRequest.draw(draw, at: time, as: RequestIdentifier(random: (1, 3)))
        for request in [first, second] {
            #expect(try TerminalRequest(request.bytes) == request)
            for count in 0..<request.bytes.count {
                #expect(throws: WireFailure.self) {
                    try TerminalRequest(Array(request.bytes.prefix(count)))
                }
            }
        }
        #expect(first != second && first.bytes != second.bytes)
    }

    @Test func `one byte too few or too many is refused`() {
        for bytes in Self.messages.map(\.bytes) {
            for count in bytes.indices {
                #expect(throws: WireFailure.self) {
                    try TerminalMessage(Array(bytes.prefix(count)))
                }
            }
            #expect(throws: WireFailure.self) { try TerminalMessage(bytes + [0]) }
        }
        for bytes in Self.requests.map(\.bytes) {
            for count in bytes.indices {
                #expect(throws: WireFailure.self) {
                    try TerminalRequest(Array(bytes.prefix(count)))
                }
            }
            #expect(throws: WireFailure.self) { try TerminalRequest(bytes + [0]) }
        }
        for bytes in Self.answers.map(\.bytes) {
            for count in bytes.indices {
                #expect(throws: WireFailure.self) {
                    try TerminalAnswer(Array(bytes.prefix(count)))
                }
            }
            #expect(throws: WireFailure.self) { try TerminalAnswer(bytes + [0]) }
        }
    }

    @Test func `a sealed part above its limit, an empty name and an empty count are refused`() {
        let long = [UInt8](repeating: 0, count: TerminalMessage.sealedBytesMax + 1)
        let tooLong = TerminalMessage.request(Self.header, sealed: long).bytes
        #expect(throws: WireFailure.self) { try TerminalMessage(tooLong) }
        let nameless: [UInt8] = [1, 0x21, 0, 0] + [UInt8](repeating: 0, count: 10)
        #expect(throws: WireFailure.self) { try TerminalMessage(nameless) }
        #expect(throws: WireFailure.self) { try TerminalRequest([4, 0]) }
        #expect(throws: WireFailure.self) { try TerminalRequest([4, 65]) }
    }

    @Test func `only names that begin with terminal- are those of terminals`() {
        #expect(TerminalHeader.isTerminal("terminal-a"))
        #expect(!TerminalHeader.isTerminal("terminal-"))
        #expect(!TerminalHeader.isTerminal("payment-server"))
        #expect(!TerminalHeader.isTerminal("terminal-" + String(repeating: "x", count: 19)))
    }
}
