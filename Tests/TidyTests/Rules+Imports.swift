// SPDX-License-Identifier: Apache-2.0

/// Each rule takes a file and lists where it is broken.
enum Rules {}

// Imports.
extension Rules {
    static func allowedImports(_ file: RepositoryFile) -> [Offence] {
        guard file.isIn("Sources") else { return [] }
        guard let row = ImportTable.row(of: file.path) else {
            return [Offence(path: file.path, line: 0, text: "no row in ImportTable for its folder")]
        }
        guard case .only(let allowed) = row else { return [] }
        return imports(file).filter { !allowed.contains($0.module) }
            .map { Offence(path: file.path, line: $0.line, text: "imports \($0.module)") }
    }

    static func keysStayInTheVault(_ file: RepositoryFile) -> [Offence] {
        guard file.isIn("Sources"), !ImportTable.keyHoldersAreSeenBy.contains(where: file.isIn)
        else { return [] }
        return imports(file).filter { ImportTable.keyHolders.contains($0.module) }
            .map { Offence(path: file.path, line: $0.line, text: "sees keys of \($0.module)") }
    }

    static func partiesMeetOnlyInMessages(_ file: RepositoryFile) -> [Offence] {
        guard let own = ImportTable.parties.first(where: { file.isIn($0.key) }) else { return [] }
        let others = ImportTable.parties.values.reduce(into: Set()) { $0.formUnion($1) }
            .subtracting(own.value)
        return imports(file).filter { others.contains($0.module) }
            .map { Offence(path: file.path, line: $0.line, text: "reaches into \($0.module)") }
    }

    /// The modules that a file imports; of `import struct M.T` it is M.
    static func imports(_ file: RepositoryFile) -> [(module: String, line: Int)] {
        var found: [(module: String, line: Int)] = []
        for (index, line) in file.code.enumerated() where line.contains("import") {
            for statement in line.split(separator: ";") {
                guard let match = statement.firstMatch(of: importStatement) else { continue }
                found.append((String(match.1), index + 1))
            }
        }
        return found
    }

    private static var importStatement: Regex<(Substring, Substring)> {
        #/
        ^\s*(?:@\w+(?:\([^)]*\))?\s+)*
        (?:(?:public|package|internal|fileprivate|private)\s+)?
        import\s+
        (?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?
        (\w+)
        /#
    }
}
