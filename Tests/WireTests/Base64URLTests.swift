// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Wire

@Suite struct Base64URLTests {
    private func foundation(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    @Test func `the text is Foundation's in the other alphabet without padding`() {
        var random = Seeded(40)
        for count in 0..<300 {
            let bytes = random.bytes(count)
            let text = Base64URL.encode(bytes)
            #expect(text == foundation(bytes))
            #expect(Base64URL.decode(text) == bytes)
            #expect(Base64URL.decode(ascii: Base64URL.encodeASCII(bytes)[...]) == bytes)
        }
    }

    /// RFC 4648 §10, without padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func `the examples of the standard hold`(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(text) == Array(plain.utf8))
    }

    @Test(arguments: ["A", "AAAAA", "Zg==", "Zm8=", "Z g", "Zm+v", "Zm/v", "Zm9v\n", "Zm9\u{E9}"])
    func `another character or an impossible length is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func `each byte string has one text only`() {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
        )
        for first in alphabet {
            for second in alphabet {
                guard let bytes = Base64URL.decode(ascii: [first, second]) else { continue }
                #expect(Base64URL.encodeASCII(bytes) == [first, second])
            }
        }
        #expect(alphabet.count { Base64URL.decode(ascii: [0x41, $0]) != nil } == 4)
        #expect(alphabet.count { Base64URL.decode(ascii: [0x41, 0x41, $0]) != nil } == 16)
    }

    @Test func `any bytes decode to what encodes to them, or to nothing`() {
        var random = Seeded(41)
        for _ in 0..<20_000 {
            let text = random.bytes(Int.random(in: 0...8, using: &random))
            guard let bytes = Base64URL.decode(ascii: text[...]) else { continue }
            #expect(Base64URL.encodeASCII(bytes) == text)
        }
    }
}
