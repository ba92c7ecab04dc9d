// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

struct SealedMessageTests {
    @Test func `draw, command, response and result C arrive as they were sealed`() async throws {
        let parties = try Fixture()
        let content = parties.content
        let draw = try await parties.draw.sealDraw(content)
        #expect(try await parties.sale.openDraw(draw) == content)
        let command = try await parties.sale.sealCommand(content)
        #expect(try await parties.draw.openCommand(command) == content)
        let response = try await parties.draw.sealResponse(content)
        #expect(try await parties.sale.openResponse(response) == content)
        let result = try await parties.sale.sealResult(try Fixture.resultForCard())
        #expect(try await parties.draw.openResult(result) == Fixture.resultForCard())
    }

    @Test func `an empty message and a long one arrive, too`() async throws {
        let parties = try Fixture()
        for content in [[], [UInt8](repeating: 7, count: 5000)] as [[UInt8]] {
            let sealed = try await parties.draw.sealDraw(content)
            #expect(try await parties.sale.openDraw(sealed) == content)
        }
    }

    @Test(arguments: SealedMessage.allCases)
    func `a message opens as what it is and as nothing else`(_ message: SealedMessage)
        async throws
    {
        let parties = try Fixture()
        let sealed = try await parties.sealed(message)
        for other in SealedMessage.allCases where other != message {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await parties.open(sealed, as: other)
            }
        }
        try await parties.open(sealed, as: message)
    }

    @Test(arguments: SealedMessage.allCases)
    func `one byte changed anywhere breaks the seal`(_ message: SealedMessage) async throws {
        let parties = try Fixture()
        let sealed = try await parties.sealed(message)
        for position in sealed.indices {
            let byte = sealed[position]
            let others: [UInt8] = [
                byte ^ 1, byte ^ 0x20, byte ^ 0x80, UInt8(ascii: "."), UInt8(ascii: "A"),
                UInt8(ascii: "_"), UInt8(ascii: "="), 0,
            ]
            for other in others where other != byte {
                var changed = sealed
                changed[position] = other
                await #expect(throws: ModuleFailure.sealBroken) {
                    try await parties.open(changed, as: message)
                }
            }
        }
    }

    @Test(arguments: SealedMessage.allCases)
    func `a byte too few or too many breaks the seal`(_ message: SealedMessage) async throws {
        let parties = try Fixture()
        let sealed = try await parties.sealed(message)
        var texts: [[UInt8]] = [[], sealed + [0x41], sealed + [0x2E], [0x41] + sealed]
        for position in sealed.indices {
            texts.append(Array(sealed[..<position]))
            texts.append(Array(sealed[..<position] + sealed[(position + 1)...]))
        }
        texts.append(Array(repeating: 0x2E, count: 5))
        texts.append(Array(repeating: 0x2E, count: PartyMessage.sealedBytesMax + 1))
        for text in texts {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await parties.open(text, as: message)
            }
        }
    }

    @Test(arguments: SealedMessage.allCases)
    func `the same message has the same bytes`(_ message: SealedMessage) async throws {
        let first = try await Fixture().sealed(message)
        let second = try await Fixture().sealed(message)
        #expect(first == second)
    }

    @Test func `two different messages never share an initialization vector`() async throws {
        let parties = try Fixture()
        var vectors: Set<[UInt8]> = []
        for length in 0..<200 {
            for byte: UInt8 in [0, 1] {
                let content = [UInt8](repeating: byte, count: length)
                if length == 0 && byte == 1 { continue }
                for sealed in [
                    try await parties.draw.sealDraw(content),
                    try await parties.draw.sealResponse(content),
                    try await parties.sale.sealCommand(content),
                ] {
                    let parts = sealed.split(
                        separator: UInt8(ascii: "."),
                        omittingEmptySubsequences: false
                    )
                    #expect(vectors.insert(Array(parts[2])).inserted)
                }
            }
        }
    }

    @Test(arguments: SealedMessage.allCases)
    func `another transaction does not open it`(_ message: SealedMessage) async throws {
        let sealed = try await Fixture().sealed(message)
        let other = try Fixture(
            terms: Fixture.terms(transaction: "0193532f-4b00-7000-8000-0123456789ac")
        )
        await #expect(throws: ModuleFailure.sealBroken) {
            try await other.open(sealed, as: message)
        }
    }

    @Test func `another session key does not open it`() async throws {
        let parties = try Fixture()
        let sealed = try await parties.draw.sealDraw(parties.content)
        let order = try parties.merchant.seal(
            parties.terms,
            random: [UInt8](repeating: 1, count: 32)
        )
        let sale = try parties.paymentServer.session(for: parties.terms, order.proof)
        await #expect(throws: ModuleFailure.sealBroken) { try await sale.openDraw(sealed) }
    }

    @Test func `a result C that is no result breaks the seal`() async throws {
        let parties = try Fixture()
        let keys = TransactionKeys(SymmetricKey(data: Fixture.random))
        let sealed = try SealingKey(keys.toOPALServer).seal(
            [1, 2, 3],
            SealedHeader(.resultForCard, parties.terms.transaction)
        )
        await #expect(throws: ModuleFailure.sealBroken) {
            try await parties.draw.openResult(sealed)
        }
    }
}

/// What another payment server may write into the protected header, and what it may not.
struct SealedHeaderTests {
    private static let trx = "0193532f-4b00-7000-8000-0123456789ab"

    /// Seals a draw under the right key with this header.
    private func seal(_ header: String, _ parties: Fixture) throws -> [UInt8] {
        let key = TransactionKeys(SymmetricKey(data: Fixture.random)).toPaymentServer
        let ascii = Base64URL.encodeASCII(Array(header.utf8))
        let box = try AES.GCM.seal(
            parties.content,
            using: key,
            nonce: AES.GCM.Nonce(data: [UInt8](0..<12)),
            authenticating: ascii
        )
        let parts = [[UInt8](0..<12), Array(box.ciphertext), Array(box.tag)]
        return ascii + [0x2E]
            + parts.map { [0x2E] + Base64URL.encodeASCII($0) }.joined()
    }

    @Test(arguments: [
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw","trx":"\#(trx)"}"#,
        #"{"typ":"opal-draw","trx":"\#(trx)","enc":"A256GCM","alg":"dir"}"#,
        #" { "trx" : "\#(trx)" , "typ":"opal\u002ddraw", "enc":"A256GCM","alg":"dir" } "#,
        #"{"trx":"\#(trx)","typ":"opal-draw","enc":"A256GCM","alg":"dir","x":[1,{"y":null}]}"#,
        #"{"trx":"\#(trx)","typ":"opal-draw","enc":"A256GCM","alg":"dir","kid":"any"}"#,
    ])
    func `a header that says the same in another way opens`(_ header: String) async throws {
        let parties = try Fixture()
        let sealed = try seal(header, parties)
        #expect(try await parties.sale.openDraw(sealed) == parties.content)
    }

    @Test(arguments: [
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-response","trx":"\#(trx)"}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"OPAL-DRAW","trx":"\#(trx)"}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw","trx":"0193532f"}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw","trx":"\#(trx.uppercased())"}"#,
        #"{"alg":"none","enc":"A256GCM","typ":"opal-draw","trx":"\#(trx)"}"#,
        #"{"alg":"dir","enc":"A128GCM","typ":"opal-draw","trx":"\#(trx)"}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw","trx":"\#(trx)","zip":"DEF"}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw","trx":"\#(trx)","crit":["x"],"x":1}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw","trx":"\#(trx)","trx":"\#(trx)"}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw","trx":null}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw"}"#,
        #"{"enc":"A256GCM","typ":"opal-draw","trx":"\#(trx)"}"#,
        #"{"alg":"dir","enc":"A256GCM","typ":"opal-draw","trx":"\#(trx)"} x"#,
        #"["alg","dir"]"#, "{}", "", "x",
    ])
    func `a header that says anything else does not open`(_ header: String) async throws {
        let parties = try Fixture()
        let sealed = try seal(header, parties)
        await #expect(throws: ModuleFailure.sealBroken) {
            try await parties.sale.openDraw(sealed)
        }
    }

    @Test func `a header of the same meaning is still under the tag`() async throws {
        let parties = try Fixture()
        let sealed = Fixture.replacingHeader(
            of: try await parties.sealed(.draw),
            by: #"{"typ":"opal-draw","trx":"\#(Self.trx)","enc":"A256GCM","alg":"dir"}"#
        )
        await #expect(throws: ModuleFailure.sealBroken) {
            try await parties.sale.openDraw(sealed)
        }
    }
}
