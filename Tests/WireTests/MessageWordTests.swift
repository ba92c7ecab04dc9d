// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct MessageWordTests {
    @Test func `each type of message has a word of its own`() throws {
        var samples = Samples(3)
        var words: [UInt8: String] = [:]
        let party = try samples.partyMessages().map(\.bytes)
        let load = try samples.loadMessages().map(\.bytes)
        let gateway = try samples.gatewayMessages().map(\.bytes)
        let points = try samples.pointsMessages().map(\.bytes)
        for bytes in party + load + gateway + points {
            let word = MessageWord.type(of: bytes)
            #expect(word != MessageWord.other)
            #expect(words.updateValue(word, forKey: bytes[1]) ?? word == word)
        }
        #expect(Set(words.values).count == words.count)
    }

    @Test func `a refusal is told by its reason`() {
        let transaction = TransactionIdentifier(high: 1, low: 2)
        for reason in Refusal.allCases {
            let message = PartyMessage.refusal(transaction, reason)
            #expect(MessageWord.outcome(of: message.bytes) == reason.word)
        }
        for reason in LoadRefusal.allCases {
            let message = LoadMessage.refusal(transaction, reason)
            #expect(MessageWord.outcome(of: message.bytes) == reason.word)
        }
        for reason in FundingDecline.allCases {
            let message = GatewayMessage.declined(transaction, reason)
            #expect(MessageWord.outcome(of: message.bytes) == reason.word)
        }
    }

    @Test func `the transaction of a message is read where it is about one`() throws {
        var samples = Samples(3)
        let party = try samples.partyMessages().map { ($0.bytes, Self.transaction(of: $0)) }
        let load = try samples.loadMessages().map { ($0.bytes, $0.transaction) }
        let gateway = try samples.gatewayMessages().map { ($0.bytes, $0.transaction) }
        for (bytes, transaction) in party + load + gateway {
            let isAboutOne = transaction != .unknown
            #expect(MessageWord.transaction(of: bytes) == (isAboutOne ? transaction : nil))
            // Cut off inside the TRX.
            #expect(MessageWord.transaction(of: Array(bytes.prefix(17))) == nil)
        }
    }

    private static func transaction(of message: PartyMessage) -> TransactionIdentifier {
        switch message {
        case .drawRequest(let request): request.terms.transaction
        case .saleQuestion(let question): question.terms.transaction
        case .refundQuestion(let question): question.order.transaction
        case .debitCommand(let transaction, _), .debitResponse(let transaction, _),
            .debitResult(let transaction, _, _), .saleAnswer(let transaction, _, _),
            .debitOffer(let transaction, _, _), .notDebited(let transaction),
            .otherHalfRefused(let transaction), .refundAnswer(let transaction, _, _),
            .refusal(let transaction, _):
            transaction
        case .openSalesQuestion, .openSales: .unknown
        }
    }

    @Test func `what begins with something else has no transaction`() {
        let bytes = [UInt8](repeating: 7, count: 40)
        for type in [0x08, 0x09, 0x21, 0x75, 0x91, 0xA1, 0xEE] as [UInt8] {
            #expect(MessageWord.transaction(of: [1, type] + bytes) == nil)
        }
        #expect(MessageWord.transaction(of: [1, 0x01] + bytes) != nil)
    }

    @Test func `refusals are told from answers`() {
        let transaction = TransactionIdentifier(high: 1, low: 2)
        let refusals = [
            PartyMessage.refusal(transaction, .malformed).bytes,
            LoadMessage.refusal(transaction, .malformed).bytes,
            GatewayMessage.declined(transaction, .insufficientFunds).bytes,
            GatewayMessage.addressMismatch(transaction).bytes,
        ]
        #expect(refusals.allSatisfy(MessageWord.isRefusal))
        let answers = [
            GatewayMessage.completed(transaction).bytes, PartyMessage.notDebited(transaction).bytes,
            [], [1],
        ]
        #expect(!answers.contains(where: MessageWord.isRefusal))
    }

    @Test(arguments: [
        [], [1], [1, 0xEE], [1, 0x0F], [1, 0x0F] + [UInt8](repeating: 0, count: 20),
    ])
    func `what is none of the messages is told all the same`(bytes: [UInt8]) {
        #expect(!MessageWord.outcome(of: bytes).isEmpty && !MessageWord.type(of: bytes).isEmpty)
    }
}
