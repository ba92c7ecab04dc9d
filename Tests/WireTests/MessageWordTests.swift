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

    @Test(arguments: [
        [], [1], [1, 0xEE], [1, 0x0F], [1, 0x0F] + [UInt8](repeating: 0, count: 20),
    ])
    func `what is none of the messages is told all the same`(bytes: [UInt8]) {
        #expect(!MessageWord.outcome(of: bytes).isEmpty && !MessageWord.type(of: bytes).isEmpty)
    }
}
