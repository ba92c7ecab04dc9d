// SPDX-License-Identifier: Apache-2.0

// The shape of files and functions.
extension Rules {
    static let functionLinesMax = 60
    static let fileLinesMax = 500
    static let columnsMax = 100

    static func shortFunctions(_ file: RepositoryFile) -> [Offence] {
        functions(file).filter { $0.lines.count > functionLinesMax }
            .map {
                Offence(
                    path: file.path,
                    line: $0.lines.lowerBound,
                    text: "\($0.lines.count) lines from \($0.name)"
                )
            }
    }

    static func shortFiles(_ file: RepositoryFile) -> [Offence] {
        let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
        guard count > fileLinesMax else { return [] }
        return [Offence(path: file.path, line: 0, text: "\(count) lines")]
    }

    static func narrowLines(_ file: RepositoryFile) -> [Offence] {
        file.lines.enumerated()
            .filter { $0.element.utf8.count > columnsMax && $0.element.count > columnsMax }
            .filter { !isAddress($0.element) }
            .map {
                Offence(
                    path: file.path,
                    line: $0.offset + 1,
                    text: "\($0.element.count) columns"
                )
            }
    }

    /// A comment that is one address cannot be broken.
    private static func isAddress(_ line: String) -> Bool {
        line.contains(#/^\s*\/\/\/?\s*https?:\/\/\S+$/#)
    }

    /// The licence as the first line; after the line of the tools in a manifest.
    static func licensed(_ file: RepositoryFile) -> [Offence] {
        let lines = file.lines
        let first = lines.first?.hasPrefix("// swift-tools-version:") == true ? 1 : 0
        guard lines.count > first, lines[first] == "// SPDX-License-Identifier: Apache-2.0" else {
            return [Offence(path: file.path, line: first + 1, text: "no SPDX line")]
        }
        return []
    }

    static func oneTitle(_ file: RepositoryFile) -> [Offence] {
        var fence: Substring?
        var titles = 0
        for line in file.lines {
            if let match = line.firstMatch(of: #/^ {0,3}(`{3,}|~{3,})/#) {
                if let open = fence {
                    if match.1.hasPrefix(open) { fence = nil }
                } else {
                    fence = match.1
                }
            } else if fence == nil, line.hasPrefix("# ") {
                titles += 1
            }
        }
        guard titles != 1 else { return [] }
        return [Offence(path: file.path, line: 0, text: "\(titles) titles")]
    }

    /// A function and the lines from its declaration to its closing brace.
    static func functions(_ file: RepositoryFile) -> [(name: String, lines: ClosedRange<Int>)] {
        var found: [(name: String, lines: ClosedRange<Int>)] = []
        for (index, line) in file.code.enumerated() {
            guard line.contains("func") || line.contains("init") || line.contains("subscript"),
                let match = line.firstMatch(of: declaration),
                let end = endOfBody(file.code, from: index, match.1.startIndex)
            else { continue }
            let name = file.lines[index].trimmingPrefix(while: \.isWhitespace)
            found.append((String(name.prefix(60)), index + 1...end + 1))
        }
        return found
    }

    /// `func`, `init`, `deinit` or `subscript` where a declaration can stand, and not a call such
    /// as `self.init(`.
    private static var declaration: Regex<(Substring, Substring)> {
        #/(?:^|[\s}{;])(func\s|init[?!]?\s*[(<]|deinit\s*\{|subscript\s*[(<])/#
    }

    /// The line of the brace that closes the body of the declaration, or nil where it has none, as
    /// in a protocol. Braces in the parameters, for instance of a closure, are skipped with them.
    private static func endOfBody(
        _ lines: [String],
        from first: Int,
        _ start: String.Index
    ) -> Int? {
        var braces = 0
        var parentheses = 0
        for index in first..<lines.count {
            let line = index == first ? lines[index][start...] : lines[index][...]
            if index > first, braces == 0, parentheses == 0, endsBodilessDeclaration(line) {
                return nil
            }
            for character in line {
                switch character {
                case "(" where braces == 0: parentheses += 1
                case ")" where braces == 0: parentheses -= 1
                case "{" where parentheses == 0: braces += 1
                case "}" where parentheses == 0:
                    braces -= 1
                    if braces <= 0 { return braces == 0 ? index : nil }
                default: break
                }
            }
        }
        return nil
    }

    /// Whether a declaration before this line, whose body did not begin, has none: what follows it
    /// would be its result, a `where` or a brace.
    private static func endsBodilessDeclaration(_ line: Substring) -> Bool {
        guard let first = line.first(where: { !$0.isWhitespace }) else { return true }
        return first != "{" && first != "-" && !line.contains(#/^\s*(?:where|throws|async)\b/#)
            && !line.contains("{")
    }
}
