// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct LoadMessageTests {
    @Test(arguments: 0..<50)
    func `each message is read as it was written`(seed: UInt64) throws {
        var samples = Samples(seed)
        for message in try samples.loadMessages() {
            #expect(try LoadMessage(message.bytes) == message)
            #expect(message.bytes.count <= LinkLimits.messageBytesMax)
        }
    }

    @Test func `a message of a load is none of a purchase, and the other way round`() throws {
        var samples = Samples(1)
        for message in try samples.loadMessages() {
            #expect(throws: WireFailure(path: "party message: type", problem: .invalid)) {
                try PartyMessage(message.bytes)
            }
        }
        for message in try samples.partyMessages() {
            #expect(throws: WireFailure(path: "load message: type", problem: .invalid)) {
                try LoadMessage(message.bytes)
            }
        }
    }

    @Test func `each truncation and one byte more is a failure with a path`() throws {
        var samples = Samples(2)
        for message in try samples.loadMessages() {
            let bytes = message.bytes
            for count in 0..<bytes.count {
                let failure = #expect(throws: WireFailure.self) {
                    try LoadMessage(Array(bytes[..<count]))
                }
                #expect(failure?.problem == .truncated)
                #expect(failure?.path.hasPrefix("load message: ") == true)
            }
            #expect(throws: WireFailure(path: "load message: end", problem: .tooLong)) {
                try LoadMessage(bytes + [0])
            }
        }
    }

    @Test(arguments: 0..<8)
    func `damaged bytes are another message or a failure, and never a trap`(seed: UInt64) throws {
        var samples = Samples(seed + 900)
        for message in try samples.loadMessages() {
            for _ in 0..<1_000 {
                let damaged = samples.random.damaged(message.bytes)
                guard let again = try? LoadMessage(damaged) else { continue }
                #expect(again.bytes == damaged)
            }
        }
    }

    @Test func `another version, type, state or reason is refused by name`() throws {
        var samples = Samples(3)
        let bytes = LoadMessage.refusal(samples.transaction(), .busy).bytes
        #expect(throws: WireFailure(path: "load message: version", problem: .invalid)) {
            try LoadMessage([2] + bytes.dropFirst())
        }
        #expect(throws: WireFailure(path: "load message: type", problem: .invalid)) {
            try LoadMessage([1, 0x1A] + bytes.dropFirst(2))
        }
        #expect(throws: WireFailure(path: "load message: reason", problem: .invalid)) {
            try LoadMessage(bytes.dropLast() + [0])
        }
        var answer = LoadMessage.loadAnswer(samples.transaction(), .loaded, forBank: []).bytes
        answer[18] = 4
        #expect(throws: WireFailure(path: "load message: state", problem: .invalid)) {
            try LoadMessage(answer)
        }
    }

    @Test func `a sealed part above the limit is refused`() throws {
        var samples = Samples(4)
        let transaction = samples.transaction()
        let most = samples.random.bytes(PartyMessage.sealedBytesMax)
        let largest = LoadMessage.loadCommand(transaction, sealed: most)
        #expect(try LoadMessage(largest.bytes) == largest)
        #expect(throws: WireFailure(path: "load message: CREDIT IEP, sealed", problem: .invalid)) {
            try LoadMessage(LoadMessage.loadCommand(transaction, sealed: most + [0]).bytes)
        }
    }

    @Test func `the transaction of a message is that of its content`() throws {
        var samples = Samples(5)
        let (terms, inquiry) = (try samples.loadTerms(), samples.inquiry())
        let proof = try samples.proof()
        let request = LoadRequest(terms: terms, proof: proof, sealed: [])
        let question = LoadQuestion(
            terms: terms,
            keyName: "k",
            proof: [UInt8](repeating: 0, count: 32)
        )
        for message in [
            LoadMessage.loadRequest(request), .negativeResponse(request), .loadQuestion(question),
        ] {
            #expect(message.transaction == terms.transaction)
        }
        let asked = CardQuestion(inquiry: inquiry, proof: proof, sealed: [])
        #expect(LoadMessage.cardQuestion(asked).transaction == inquiry.transaction)
    }

    @Test(arguments: 0..<50)
    func `what is sealed is read as it was written`(seed: UInt64) throws {
        var samples = Samples(seed)
        let load = try samples.cardLoad()
        #expect(load.bytes.count == CardLoad.length)
        #expect(try CardLoad(load.bytes) == load)
        for negative in try samples.negatives() {
            #expect(try NegativeResponse(negative.bytes) == negative)
        }
        let result = CardLoadResult(outcome: .notLoaded, reason: .declined, time: samples.time())
        #expect(result.bytes.count == CardLoadResult.length)
        #expect(try CardLoadResult(result.bytes) == result)
        let loaded = CardLoadResult(outcome: .loaded, reason: nil, time: samples.time())
        #expect(try CardLoadResult(loaded.bytes) == loaded)
    }

    @Test func `a sealed content that is cut or longer is a failure`() throws {
        var samples = Samples(6)
        for negative in try samples.negatives() {
            for count in 0..<negative.bytes.count {
                #expect(throws: WireFailure.self) {
                    try NegativeResponse(Array(negative.bytes[..<count]))
                }
            }
            #expect(throws: WireFailure.self) { try NegativeResponse(negative.bytes + [0]) }
        }
        let load = try samples.cardLoad()
        #expect(throws: WireFailure.self) { try CardLoad(load.bytes.dropLast()) }
        #expect(throws: WireFailure.self) { try CardLoad(load.bytes + [0]) }
    }

    @Test func `the zero-value request is the same but for its amount`() throws {
        var samples = Samples(7)
        let terms = try samples.loadTerms()
        let (request, zero) = (terms.request, terms.request.zeroRequest)
        #expect(request.amount == terms.amount)
        #expect(zero.amount.minorUnits == 0)
        #expect(zero.amount.isComparable(to: terms.amount))
        #expect(zero.transaction == terms.transaction)
        #expect(zero.bank == terms.bank)
        #expect(zero.time == terms.time)
    }

    @Test func `the maximum load is maximum balance less balance, and never less than nothing`()
        throws
    {
        var samples = Samples(8)
        let table: [(UInt64, UInt64, UInt64)] = [
            (0, 50_000, 50_000), (1, 50_000, 49_999), (50_000, 50_000, 0), (50_001, 50_000, 0),
            (0, .max, .max),
        ]
        for (balance, balanceMax, loadMax) in table {
            let information = CardInformation(
                transaction: samples.transaction(),
                bank: samples.bank(),
                card: CardPseudonym(high: 1, low: 2),
                issuer: samples.card().issuer,
                lastDigits: "1234",
                expiry: samples.expiry(),
                balance: Money(minorUnits: balance, currency: .euro, exponent: .cents),
                balanceMax: balanceMax,
                time: samples.time()
            )
            #expect(information.loadMax == loadMax)
        }
    }
}
