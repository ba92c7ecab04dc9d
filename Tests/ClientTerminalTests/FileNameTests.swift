// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Testing

struct FileNameTests {
    @Test(arguments: [
        ("salt.txt", "salt.txt"), ("/etc/passwd", "passwd"), ("..\\..\\x.exe", "x.exe"),
        ("..", "download"), ("", "download"), ("-rf", "rf"), ("a\u{1B}[31m\nb", "a[31mb"),
        ("evil\u{202E}txt.exe", "eviltxt.exe"), ("a:b*c?.txt", "abc.txt"), ("x. ", "x"),
        ("Ein Märchen.pdf", "Ein Märchen.pdf"), ("con/", "con"),
    ])
    func `a proposed name becomes one harmless name`(proposed: String, name: String) {
        #expect(FileName(proposed: proposed).text == name)
    }

    @Test(arguments: [
        ("attachment", "address.bin"), ("attachment; filename=a.txt", "a.txt"),
        ("attachment; filename=\"a;b \\\"c\\\".txt\"", "a;b c.txt"),
        ("attachment; FILENAME=\"a.txt\"; filename*=UTF-8''%E2%82%AC.txt", "€.txt"),
        ("attachment; filename*=ISO-8859-1''%A4.txt; filename=a.txt", "a.txt"),
    ])
    func `the header's name comes before the address`(header: String, name: String) throws {
        let address = try #require(URL(string: "https://a.example/files/address.bin?x=/y"))
        #expect(FileName(disposition: header, address: address).text == name)
    }

    @Test func `a name is short and keeps its ending`() {
        let name = FileName(proposed: String(repeating: "ä", count: 500) + ".pdf")
        #expect(name.text.utf8.count <= TerminalLimits.fileNameBytesMax)
        #expect(name.text.hasSuffix("ä.pdf"))
        #expect(name.numbered(2).hasSuffix("ä (2).pdf"))
        #expect(FileName(proposed: "README").numbered(3) == "README (3)")
    }
}
