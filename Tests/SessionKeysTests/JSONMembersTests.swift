// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SessionKeys

struct JSONMembersTests {
    @Test func `texts and numbers are found by name`() throws {
        let text = #"{"a":"x\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00ü","b":0,"c":10,"d":true,"e":[]}"#
        let members = try #require(JSONMembers(Array(text.utf8)))
        #expect(members.text("a") == "x\"\\/\u{8}\u{C}\n\r\tä😀ü")
        #expect(members.number("b") == 0)
        #expect(members.number("c") == 10)
        #expect(members.text("c") == nil && members.number("a") == nil)
        #expect(members.has("d") && members.has("e") && !members.has("f"))
    }

    @Test(arguments: [
        "", "x", "[]", "1", "{", "}", "{}{}", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
        #"{"a":1 "b":2}"#, #"{a:1}"#, #"{'a':1}"#, #"{"a":"}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#,
        #"{"a":"\ud800"}"#, #"{"a":"\udc00"}"#, #"{"a":"\ud800\u0041"}"#, #"{"a":"\udc00\udc00"}"#,
        "{\"a\":\"\n\"}", #"{"a":01}"#, #"{"a":+1}"#, #"{"a":-}"#, #"{"a":1.}"#, #"{"a":.5}"#,
        #"{"a":1e}"#, #"{"a":1e+-1}"#, #"{"a":tru}"#, #"{"a":True}"#, #"{"a":nan}"#,
        #"{"a":[1,]}"#, #"{"a":[}"#, #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":1}"#,
        "\u{FEFF}{}", #"{"a":1}/**/"#,
    ])
    func `what is not one JSON object with distinct names is nothing`(_ text: String) {
        #expect(JSONMembers(Array(text.utf8)) == nil)
    }

    @Test func `wrong UTF-8 and deep nesting are nothing`() {
        #expect(JSONMembers([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) == nil)
        func nested(_ depth: Int) -> [UInt8] {
            let text =
                #"{"a":"# + String(repeating: "[", count: depth)
                + String(repeating: "]", count: depth) + "}"
            return Array(text.utf8)
        }
        #expect(JSONMembers(nested(JSONMembers.depthMax - 1)) != nil)
        #expect(JSONMembers(nested(JSONMembers.depthMax)) == nil)
        #expect(JSONMembers(nested(4000)) == nil)
    }

    @Test func `any bytes give members or nothing`() throws {
        let text = Array(#"{"a":"x\u00e4","b":-1.5e3,"c":[true,null,{"d":""}]}"#.utf8)
        #expect(JSONMembers(text) != nil)
        for position in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[position] = byte
                _ = JSONMembers(changed)
            }
            _ = JSONMembers(Array(text[..<position]))
        }
    }
}
