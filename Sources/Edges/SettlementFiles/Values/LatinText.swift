// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The characters that all banks take (EPC217-08, SWIFT's set x): Latin letters without accents,
/// digits, space and `/-?:().,'+`.
enum LatinText {
    typealias Field = SettlementFileFailure.Field

    static func isTaken(_ character: Character) -> Bool {
        guard let byte = character.asciiValue else { return false }
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return true
        default: return " /-?:().,'+".utf8.contains(byte)
        }
    }

    /// The nearest for signs of which no letter is left over.
    private static let likenesses: [Character: String] = [
        "&": "+", "_": "-", "~": "-", ";": ",", "!": ".", "\"": "'", "`": "'", "@": "(at)",
        "[": "(", "]": ")", "{": "(", "}": ")", "<": "(", ">": ")", "|": "/", "\\": "/",
        "€": "EUR", "£": "GBP", "%": "pct",
    ]

    /// The same in characters that banks take: accents fall, other scripts are transliterated,
    /// white space becomes one space. Nothing is left out and nothing is cut.
    ///
    /// - Parameters:
    ///   - text: in any script.
    ///   - field: named in what is thrown.
    ///   - max: in characters of the result.
    /// - Returns: at least one character.
    /// - Throws: `.empty`, `.tooLong`, `.unwritable`.
    static func transliterated(
        _ text: String,
        for field: Field,
        max: Int
    ) throws(SettlementFileFailure) -> String {
        let latin = text.allSatisfy(isTaken) ? text : inLatin(text)
        var result = ""
        for character in latin.split(whereSeparator: \.isWhitespace).joined(separator: " ") {
            if isTaken(character) {
                result.append(character)
            } else if let likeness = likenesses[character] {
                result += likeness
            } else {
                throw .unwritable(field, character)
            }
        }
        guard !result.isEmpty else { throw .empty(field) }
        guard result.count <= max else { throw .tooLong(field, max: max) }
        return result
    }

    /// Unicode's own rules, as ICU has them.
    static func inLatin(_ text: String) -> String {
        let rules = StringTransform("Any-Latin; Latin-ASCII")
        return text.applyingTransform(rules, reverse: false) ?? text
    }

    /// A name that others look up: it is taken as it is or not at all.
    ///
    /// - Throws: `.empty`, `.tooLong`, `.unwritable`.
    static func exact(
        _ text: String,
        for field: Field,
        max: Int
    ) throws(SettlementFileFailure) -> String {
        guard !text.isEmpty else { throw .empty(field) }
        guard text.unicodeScalars.count <= max else { throw .tooLong(field, max: max) }
        if let other = text.first(where: { !isTaken($0) }) { throw .unwritable(field, other) }
        // EPC: no slash at an end, no two in a row. And a space at an end gets lost on the way.
        if text.hasPrefix("/") || text.hasSuffix("/") || text.contains("//") {
            throw .unwritable(field, "/")
        }
        if text.hasPrefix(" ") || text.hasSuffix(" ") { throw .unwritable(field, " ") }
        return text
    }
}
