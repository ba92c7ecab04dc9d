// SPDX-License-Identifier: Apache-2.0

// Words that do not belong into the code.
extension Rules {
    /// Work that was put off has its place in the list of issues. Any text file; not in quotation
    /// marks, where three X are the code of ISO 4217 for no currency.
    static func nothingPutOff(_ file: RepositoryFile) -> [Offence] {
        file.lines.enumerated().compactMap { index, line in
            guard let match = line.firstMatch(of: putOff) else { return nil }
            return Offence(path: file.path, line: index + 1, text: String(match.1))
        }
    }

    /// The brackets keep this file from naming the words.
    private static var putOff: Regex<(Substring, Substring)> {
        #/(?:^|[^"\w])(FIX[M]E|TO[D]O|XX[X])\b/#.wordBoundaryKind(.simple)
            .matchingSemantics(.unicodeScalar)
    }

    static func noCrashes(_ file: RepositoryFile) -> [Offence] {
        matches(file, #/\bfatalError\s*\(|\btry[!]|\bas!/#)
    }

    /// Time, randomness and identifiers are parameters of the rules and of the parties.
    static func noHiddenInput(_ file: RepositoryFile) -> [Offence] {
        guard pureFolders.contains(where: file.isIn) else { return [] }
        return matches(
            file,
            #/
            \bDate\s*\(\s*\) | \bDate\s*\.\s*now\b | \bUUID\s*\(\s*\) | \.random\s*\(
            | \bSystemRandomNumberGenerator\b | \b(?:Continuous|Suspending)Clock\b
            /#
        )
    }

    private static let pureFolders = [
        "Sources/Kernel", "Sources/Wire", "Sources/Records", "Sources/CardSide",
        "Sources/AcceptorSide", "Sources/FundingSide", "Sources/LoyaltyServer",
        "Sources/ClearingHouse",
    ]

    /// Only the command speaks to a terminal.
    static func noPrinting(_ file: RepositoryFile) -> [Offence] {
        guard file.isIn("Sources") || file.isIn("Tests"), !file.isIn("Sources/opal") else {
            return []
        }
        return matches(file, #/(?:^|[^.\w])(?:print|debugPrint)\s*\(/#)
    }

    /// The numerals of the patent stand in doc comments; a name says what a thing is.
    static func noNumeralsInNames(_ file: RepositoryFile) -> [Offence] {
        var found: [Offence] = []
        for (index, line) in file.code.enumerated() where line.utf8.contains(where: isDigit) {
            for word in line.split(whereSeparator: { !isOfName($0) }) where !startsAsNumber(word) {
                let numbers = word.split { !$0.isWholeNumber }
                if numbers.contains(where: { $0.count == 3 && !sizes.contains(String($0)) }) {
                    found.append(Offence(path: file.path, line: index + 1, text: String(word)))
                }
            }
        }
        return found
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    private static func startsAsNumber(_ word: Substring) -> Bool {
        word.first.map(\.isNumber) ?? true
    }

    /// Numbers of three digits that name a size of a key, a digest or a curve, or a standard.
    private static let sizes: Set<String> = [
        "128", "160", "192", "256", "384", "509", "512", "521",
    ]

    private static func matches(_ file: RepositoryFile, _ regex: Regex<Substring>) -> [Offence] {
        // Words end where letters end: `a.Date()` holds the word Date.
        let regex = regex.wordBoundaryKind(.simple).matchingSemantics(.unicodeScalar)
        return file.code.enumerated().flatMap { index, line in
            line.matches(of: regex).map {
                let text = $0.output.trimmingPrefix(while: \.isWhitespace)
                return Offence(path: file.path, line: index + 1, text: String(text))
            }
        }
    }
}
