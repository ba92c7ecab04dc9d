// SPDX-License-Identifier: Apache-2.0

import Testing

/// Rules of the house, held against every file of the repository. A rule that is broken names all
/// places at once.
struct TidyTests {
    private func offences(
        _ rule: (RepositoryFile) -> [Offence],
        where applies: (RepositoryFile) -> Bool = \.isSwift
    ) -> [Offence] {
        Repository.files.filter(applies).flatMap(rule)
    }

    @Test func `the repository is read`() {
        let paths = Set(Repository.files.map(\.path))
        #expect(paths.contains("Package.swift"))
        #expect(paths.contains("Sources/Kernel/Money/Money.swift"))
        #expect(paths.contains("Tests/TidyTests/TidyTests.swift"))
        #expect(paths.contains("LICENSE"))
        #expect(!paths.contains { $0.hasPrefix(".") || $0.hasPrefix("build/") })
    }

    @Test func `a folder imports what its row in the table allows`() {
        let found = offences(Rules.allowedImports)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `keys stay in the vault`() {
        let found = offences(Rules.keysStayInTheVault)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `parties meet only in messages`() {
        let found = offences(Rules.partiesMeetOnlyInMessages)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `a function has at most 60 lines`() {
        let found = offences(Rules.shortFunctions)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `a file has at most 500 lines`() {
        let found = offences(Rules.shortFiles)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `a line has at most 100 columns`() {
        let found = offences(Rules.narrowLines)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `each Swift file begins with its licence`() {
        let found = offences(Rules.licensed)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `a document has one title`() {
        let found = offences(Rules.oneTitle) { $0.path.hasSuffix(".md") }
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `no work is put off in a comment`() {
        let found = offences(Rules.nothingPutOff) { _ in true }
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `nothing crashes on purpose without a precondition`() {
        let found = offences(Rules.noCrashes)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `rules and parties read no clock and make no random value`() {
        let found = offences(Rules.noHiddenInput)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `only the command prints`() {
        let found = offences(Rules.noPrinting)
        #expect(found.isEmpty, "\(found.list)")
    }

    @Test func `a name holds no numeral of the patent`() {
        let found = offences(Rules.noNumeralsInNames)
        #expect(found.isEmpty, "\(found.list)")
    }
}
