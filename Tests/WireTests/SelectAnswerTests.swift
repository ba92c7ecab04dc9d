// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct SelectAnswerTests {
    private static let text =
        "6F25 8406F04F50414C31 A51B C10101 C2086368121221882974 C303271231 C40111 C50102 C60103"

    private var bytes: [UInt8] {
        get throws { try #require(Hex.bytes(Self.text.filter { $0 != " " })) }
    }

    @Test func `the answer is read and written`() throws {
        let answer = try SelectAnswer(bytes)
        #expect(answer.card == CardIdentifier("6368121221882974"))
        #expect(answer.expiry == CardDate(bcd: 0x27_1231))
        #expect(answer.algorithm == .aes)
        #expect(answer.purchaseKeyVersion == 2)
        #expect(answer.loadKeyVersion == 3)
        #expect(try answer.bytes == bytes)
    }

    @Test func `what else a card says is passed over`() throws {
        let more = try #require(
            Hex.bytes(
                "6F288406F04F50414C31A51EC2086368121221882974C10101C70109C303271231"
                    + "C40111C50102C60103"
            )
        )
        #expect(try SelectAnswer(more) == SelectAnswer(bytes))
    }

    @Test(arguments: [
        "6F258406F04F50414C31A51BC10102C2086368121221882974C303271231C40111C50102C60103",
        "6F258406F04F50414C31A51BC10101C2086368121221882974C303271331C40111C50102C60103",
        "6F228406F04F50414C31A518C10101C2086368121221882974C303271231C40111C50102",
        "6F258406F04F50414C31A51BC10101C20863681212218829F4C303271231C40111C50102C60103",
        "6F0A8408A000000003000000", "9000", "",
    ])
    func `what cannot be is a failure`(text: String) throws {
        let bytes = try #require(Hex.bytes(text))
        #expect(throws: WireFailure.self) { try SelectAnswer(bytes) }
    }

    @Test func `any bytes are an answer or a failure`() throws {
        var random = Seeded(30)
        for _ in 0..<10_000 {
            var changed = try bytes
            changed[Int.random(in: changed.indices, using: &random)] ^= random.bytes(1)[0]
            changed.removeLast(Int.random(in: 0...1, using: &random))
            guard let answer = try? SelectAnswer(changed) else { continue }
            #expect(try SelectAnswer(answer.bytes) == answer)
        }
    }
}
