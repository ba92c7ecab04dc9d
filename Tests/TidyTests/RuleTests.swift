// SPDX-License-Identifier: Apache-2.0

import Testing

/// Each rule finds what it is there for, and nothing beside it.
struct RuleTests {
    private static let merchant = "Sources/AcceptorSide/Merchant/File.swift"

    @Test(arguments: [
        ("Sources/Kernel/File.swift", "import Synchronization", 1),
        ("Sources/Kernel/Money/File.swift", "import Foundation", 1),
        ("Sources/Wire/File.swift", "package import Kernel", 0),
        ("Sources/Records/File.swift", "import Kernel\nimport Synchronization\n", 0),
        ("Sources/Records/File.swift", "import GRDB", 1),
        (merchant, "import Wire\nimport struct Foundation.Data", 1),
        (merchant, "import Wire; import Crypto", 1),
        (merchant, "@preconcurrency import NIOCore", 1),
        (merchant, "// import NIOCore\nlet text = \"import NIOCore\"", 0),
        ("Sources/Vault/SecurityModule/File.swift", "import Crypto", 1),
        ("Sources/Vault/HSM/File.swift", "import Crypto\nimport Keys", 0),
        ("Sources/Edges/Mail/File.swift", "import NIOCore", 0),
        ("Sources/NewFolder/File.swift", "", 1),
        ("Tests/KernelTests/File.swift", "import Foundation", 0),
    ])
    func `an import needs a place in the table`(_ path: String, _ text: String, _ count: Int) {
        #expect(Rules.allowedImports(RepositoryFile(path, text)).count == count)
    }

    @Test(arguments: [
        (merchant, "import Keys", 1),
        ("Sources/Edges/Sites/File.swift", "import HSM\nimport SecurityModule", 1),
        ("Sources/Vault/HSM/File.swift", "import Keys", 0),
        ("Sources/opal/File.swift", "import HSM", 0),
        ("Tests/HSMTests/File.swift", "@testable import HSM", 0),
    ])
    func `a key is seen where keys are made`(_ path: String, _ text: String, _ count: Int) {
        #expect(Rules.keysStayInTheVault(RepositoryFile(path, text)).count == count)
    }

    @Test(arguments: [
        (merchant, "import PaymentServer", 1),
        ("Sources/CardSide/OPALServer/File.swift", "import ClientCode", 0),
        ("Sources/CardSide/ClientCode/File.swift", "package import Merchant", 1),
        ("Sources/opal/File.swift", "import Merchant\nimport PaymentServer", 0),
    ])
    func `a party does not import another`(_ path: String, _ text: String, _ count: Int) {
        #expect(Rules.partiesMeetOnlyInMessages(RepositoryFile(path, text)).count == count)
    }

    @Test func `the lines of a function are counted to its last brace`() {
        let file = RepositoryFile(
            "File.swift",
            #"""
            protocol P {
                func none(_ make: () -> Int)
                func noneEither()
                    -> Int
            }
            struct S: P {
                init() { self.init(1) }
                func one(_ make: () -> Int = { 1 }) -> Int { make() }
                func `a { brace "in" a name`() {
                    let text = "} \(["}"].map { "\($0)" })"
                    // }
                }
                func wide(
                    _ x: Int
                ) -> Int
                where Int: Equatable {
                    if x > 0 { return 1 }
                    return 2
                }
                subscript(_ i: Int) -> Int {
                    i
                }
            }
            """#
        )
        let found = Rules.functions(file).map { "\($0.lines.lowerBound)-\($0.lines.upperBound)" }
        #expect(found == ["7-7", "8-8", "9-12", "13-19", "20-22"])
    }

    @Test func `a function of 61 lines is too long`() {
        func file(_ lines: Int) -> RepositoryFile {
            let body = String(repeating: "    work()\n", count: lines - 2)
            return RepositoryFile("File.swift", "func long() {\n\(body)}\n")
        }
        #expect(Rules.shortFunctions(file(60)).isEmpty)
        #expect(Rules.shortFunctions(file(61)).count == 1)
    }

    @Test func `a file of 501 lines and a line of 101 columns are too long`() {
        let lines = String(repeating: "x\n", count: 500)
        #expect(Rules.shortFiles(RepositoryFile("File.swift", lines)).isEmpty)
        #expect(Rules.shortFiles(RepositoryFile("File.swift", lines + "x\n")).count == 1)
        let line = String(repeating: "é", count: 100)
        #expect(Rules.narrowLines(RepositoryFile("File.swift", line)).isEmpty)
        #expect(Rules.narrowLines(RepositoryFile("File.swift", line + "é")).count == 1)
        let address = "    // https://example.org/" + line
        #expect(Rules.narrowLines(RepositoryFile("File.swift", address)).isEmpty)
    }

    @Test func `the licence is the first line`() {
        let licence = "// SPDX-License-Identifier: Apache-2.0\n"
        let tools = "// swift-tools-version: 6.2\n"
        #expect(Rules.licensed(RepositoryFile("File.swift", licence + "let x = 1")).isEmpty)
        #expect(Rules.licensed(RepositoryFile("Package.swift", tools + licence)).isEmpty)
        #expect(Rules.licensed(RepositoryFile("File.swift", "\n" + licence)).count == 1)
        #expect(Rules.licensed(RepositoryFile("Package.swift", tools)).count == 1)
        #expect(Rules.licensed(RepositoryFile("File.swift", "")).count == 1)
    }

    @Test(arguments: [
        ("# One\n\n## Two\n", 0), ("", 1), ("# One\n# Two\n", 1), ("# One\n```\n# two\n```\n", 0),
        ("````\n```\n# one\n````\n# Two\n", 0),
    ])
    func `a title in a block is none`(_ text: String, _ count: Int) {
        #expect(Rules.oneTitle(RepositoryFile("FILE.md", text)).count == count)
    }

    @Test func `words of work put off are found anywhere`() {
        for word in ["TO" + "DO", "FIX" + "ME", "XX" + "X"] {
            let file = RepositoryFile("FILE.md", "a\n<!-- \(word): later -->\n")
            #expect(Rules.nothingPutOff(file) == [Offence(path: "FILE.md", line: 2, text: word)])
        }
        #expect(Rules.nothingPutOff(RepositoryFile("a.py", "XX" + "XX autodoc")).isEmpty)
        #expect(Rules.nothingPutOff(RepositoryFile("a.swift", "f(\"XX" + "X\")")).isEmpty)
    }

    @Test(arguments: [
        ("fatal" + "Error(\"no\")", 1), ("let x = tr" + "y! f()", 1), ("let x = y as! Int", 1),
        ("let x = try? f() // no tr" + "y!", 0), ("let x = y as? Int", 0), ("\"as! tr" + "y!\"", 0),
    ])
    func `a crash on purpose is found in code`(_ text: String, _ count: Int) {
        #expect(Rules.noCrashes(RepositoryFile("File.swift", text)).count == count)
    }

    @Test(arguments: [
        ("let x = Date()", 1), ("let x = Date.now", 1), ("let x = Foundation.UUID()", 1),
        ("let x = Int.random(in: 0...9)", 1), ("var g = SystemRandomNumberGenerator()", 1),
        ("let c = ContinuousClock()", 1), ("let x = UUID(uuid: bytes)", 0),
        ("let x = CivilDate(day: 1)", 0), ("/// Not `Date()`.", 0),
    ])
    func `a hidden input is found in a party`(_ text: String, _ count: Int) {
        #expect(Rules.noHiddenInput(RepositoryFile(Self.merchant, text)).count == count)
        #expect(Rules.noHiddenInput(RepositoryFile("Sources/opal/File.swift", text)).isEmpty)
    }

    @Test(arguments: [
        ("print(1)", 1), ("canvas.print(1)", 0), ("reprint(1)", 0), ("if x { print() }", 1),
    ])
    func `printing is found outside the command`(_ text: String, _ count: Int) {
        #expect(Rules.noPrinting(RepositoryFile(Self.merchant, text)).count == count)
        #expect(Rules.noPrinting(RepositoryFile("Sources/opal/File.swift", text)).isEmpty)
    }

    @Test(arguments: [
        ("let hsm268 = 1", 1), ("func step618() {}", 1), ("struct Terminal214Pool {}", 1),
        ("let aes256, sha384, A128KW, P521: Int", 0), ("let iso8583 = 1", 0),
        ("let x = 1_000 + 0o600 + 268", 0),
        ("a.hsm268.b", 1),
        ("/// The HSM (268).", 0), ("let uint8x16 = UInt8(200)", 0),
    ])
    func `a numeral in a name is found`(_ text: String, _ count: Int) {
        #expect(Rules.noNumeralsInNames(RepositoryFile("File.swift", text)).count == count)
    }

    @Test func `comments and texts are blank and lines stay`() {
        let text = SourceText(
            ##"""
            a /* b /* c */
            d */ e "f\"g" h // i
            #"j"k\#(l("m)"))n"# o
            """ // p
            q " r
            """ s `t "u` v #/w"/# x
            """##
        )
        let words = text.lines.map { $0.split(separator: " ").joined(separator: " ") }
        #expect(words == ["a", "e h", "o", "", "", "s ` ` v x"])
    }
}
