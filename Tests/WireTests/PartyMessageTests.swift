// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct PartyMessageTests {
    @Test(arguments: 0..<50)
    func `each message is read as it was written`(seed: UInt64) throws {
        var samples = Samples(seed)
        for message in try samples.partyMessages() {
            #expect(try PartyMessage(message.bytes) == message)
            #expect(message.bytes.count <= LinkLimits.messageBytesMax)
        }
    }

    @Test func `each truncation and one byte more is a failure with a path`() throws {
        var samples = Samples(1)
        for message in try samples.partyMessages() {
            let bytes = message.bytes
            for count in 0..<bytes.count {
                let failure = #expect(throws: WireFailure.self) {
                    try PartyMessage(Array(bytes[..<count]))
                }
                #expect(failure?.problem == .truncated)
                #expect(failure?.path.hasPrefix("party message: ") == true)
            }
            #expect(throws: WireFailure(path: "party message: end", problem: .tooLong)) {
                try PartyMessage(bytes + [0])
            }
        }
    }

    @Test(arguments: 0..<8)
    func `damaged bytes are another message or a failure, and never a trap`(seed: UInt64) throws {
        var samples = Samples(seed + 500)
        for message in try samples.partyMessages() {
            for _ in 0..<1_000 {
                let damaged = samples.random.damaged(message.bytes)
                guard let again = try? PartyMessage(damaged) else { continue }
                #expect(again.bytes == damaged)
            }
        }
    }

    @Test func `random bytes are a message or a failure`() {
        var random = Seeded(2)
        for _ in 0..<20_000 {
            let head: [UInt8] = [1, UInt8.random(in: 0...16, using: &random)]
            let bytes = head + random.bytes(Int.random(in: 0...200, using: &random))
            guard let message = try? PartyMessage(bytes) else { continue }
            #expect(message.bytes == bytes)
        }
    }

    @Test func `another version or type is refused by name`() throws {
        var samples = Samples(3)
        let bytes = PartyMessage.refusal(samples.transaction(), .busy).bytes
        #expect(throws: WireFailure(path: "party message: version", problem: .invalid)) {
            try PartyMessage([2] + bytes.dropFirst())
        }
        #expect(throws: WireFailure(path: "party message: type", problem: .invalid)) {
            try PartyMessage([1, 0x0E] + bytes.dropFirst(2))
        }
        #expect(throws: WireFailure(path: "party message: reason", problem: .invalid)) {
            try PartyMessage(bytes.dropLast() + [0])
        }
    }

    @Test func `a sealed part above the limit is refused`() throws {
        var samples = Samples(4)
        let transaction = samples.transaction()
        let most = samples.random.bytes(PartyMessage.sealedBytesMax)
        let largest = PartyMessage.debitCommand(transaction, sealed: most)
        #expect(try PartyMessage(largest.bytes) == largest)
        #expect(throws: WireFailure(path: "party message: DEBIT IEP, sealed", problem: .invalid)) {
            try PartyMessage(PartyMessage.debitCommand(transaction, sealed: most + [0]).bytes)
        }
    }

    @Test func `two sealed parts of the largest size fit into one message of a link`() throws {
        var samples = Samples(5)
        let most = samples.random.bytes(PartyMessage.sealedBytesMax)
        let message = PartyMessage.debitResult(
            samples.transaction(),
            forCard: most,
            forMerchant: most
        )
        #expect(message.bytes.count <= LinkLimits.messageBytesMax)
    }

    @Test func `control characters in text are refused`() throws {
        var samples = Samples(6)
        let terms = try samples.terms()
        for scalar in [0x00, 0x0A, 0x1F, 0x7F] as [UInt8] {
            let url = "https://shop.example/" + String(decoding: [scalar], as: UTF8.self)
            let question = SaleQuestion(
                terms: OrderTerms(
                    transaction: terms.transaction,
                    merchant: terms.merchant,
                    amount: terms.amount,
                    policy: terms.policy,
                    madeAt: terms.madeAt,
                    statusURL: url
                ),
                keyName: "k",
                proof: [UInt8](repeating: 0, count: 32)
            )
            #expect(throws: WireFailure(path: "party message: status URL", problem: .invalid)) {
                try PartyMessage(PartyMessage.saleQuestion(question).bytes)
            }
        }
    }

    @Test func `what is no UTF-8 is refused`() throws {
        var samples = Samples(7)
        let bytes = PartyMessage.saleQuestion(
            SaleQuestion(
                terms: try samples.terms(),
                keyName: "k",
                proof: [UInt8](repeating: 0, count: 32)
            )
        ).bytes
        let position = try #require(bytes.firstIndex(of: 0xC3))
        var damaged = bytes
        damaged[position] = 0xFF
        #expect(throws: WireFailure(path: "party message: status URL", problem: .invalid)) {
            try PartyMessage(damaged)
        }
    }
}

@Suite struct CardDrawTests {
    @Test(arguments: 0..<50) func `a draw is read as it was written`(seed: UInt64) throws {
        var samples = Samples(seed)
        let draw = try samples.draw(seed % 2 == 0 ? [] : Samples.memberships())
        #expect(try CardDraw(draw.bytes) == draw)
    }

    @Test func `each truncation and one byte more is a failure with a path`() throws {
        var samples = Samples(1)
        let bytes = try samples.draw().bytes
        for count in 0..<bytes.count {
            let failure = #expect(throws: WireFailure.self) { try CardDraw(Array(bytes[..<count])) }
            #expect(failure?.problem == .truncated)
        }
        #expect(throws: WireFailure(path: "draw: memberships", problem: .invalid)) {
            try CardDraw(bytes + [0])
        }
        let proof = try samples.draw(Samples.memberships()).bytes
        #expect(throws: WireFailure(path: "draw: end", problem: .tooLong)) {
            try CardDraw(proof + [0])
        }
    }

    @Test func `damaged bytes are another draw or a failure, and never a trap`() throws {
        var samples = Samples(2)
        let bytes = try samples.draw().bytes
        for _ in 0..<10_000 {
            let damaged = samples.random.damaged(bytes)
            guard let again = try? CardDraw(damaged) else { continue }
            #expect(again.bytes == damaged)
        }
    }

    @Test func `an answer to reset above its limit is refused`() throws {
        let bytes: [UInt8] = [0, UInt8(AnswerToReset.bytesMax + 1)]
        #expect(throws: WireFailure(path: "draw: answer to reset", problem: .invalid)) {
            try CardDraw(bytes)
        }
    }

    @Test func `a proof of an order has fixed lengths and a visible key name`() {
        let wrapped = [UInt8](repeating: 1, count: 40)
        let token = [UInt8](repeating: 2, count: 32)
        #expect(OrderProof(keyName: "k", wrappedSessionKey: wrapped, token: token) != nil)
        for name in ["", "two words", "k\u{E9}", String(repeating: "k", count: 17)] {
            #expect(OrderProof(keyName: name, wrappedSessionKey: wrapped, token: token) == nil)
        }
        #expect(OrderProof(keyName: "k", wrappedSessionKey: token, token: token) == nil)
        #expect(OrderProof(keyName: "k", wrappedSessionKey: wrapped, token: wrapped) == nil)
    }
}
