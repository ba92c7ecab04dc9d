// SPDX-License-Identifier: Apache-2.0

/// Swift code without what is written in comments, in texts and between backticks: each such
/// character is a blank here, so that a line and a column stay where they are.
///
/// It knows as much of the language as the rules need: nested comments, texts of one and of many
/// lines, raw texts, code inside texts, and regular expressions in `#/…/#`. It does not know those
/// in bare strokes.
struct SourceText {
    /// The lines of the code, blanked as said.
    let lines: [String]

    init(_ text: String) {
        var blanker = Blanker(text)
        blanker.readCode(untilParenthesis: false)
        lines = blanker.output.split(separator: newline, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

private let newline = UInt8(ascii: "\n")
private let space = UInt8(ascii: " ")

/// Works on bytes: every character that means something to it is one of ASCII.
private struct Blanker {
    private let input: [UInt8]
    private var position = 0
    private(set) var output: [UInt8] = []

    init(_ text: String) {
        input = Array(text.utf8)
        output.reserveCapacity(input.count)
    }

    private func at(_ offset: Int) -> Unicode.Scalar? {
        position + offset < input.count ? Unicode.Scalar(input[position + offset]) : nil
    }

    private func isNext(_ text: String) -> Bool {
        input[position...].starts(with: text.utf8)
    }

    private mutating func keep() {
        output.append(input[position])
        position += 1
    }

    private mutating func blank(_ count: Int = 1) {
        let end = min(position + count, input.count)
        for byte in input[position..<end] { output.append(byte == newline ? newline : space) }
        position = end
    }

    /// - Parameter untilParenthesis: whether this is code in a text, which a parenthesis ends.
    mutating func readCode(untilParenthesis: Bool) {
        var depth = 0
        while let character = at(0) {
            if character == "/", isNext("//") {
                while let next = at(0), next != "\n" { blank() }
            } else if character == "/", isNext("/*") {
                readComment()
            } else if character == "\"" || character == "#", let hashes = startOfText() {
                readText(hashes)
            } else if character == "#", isNext("#/") {
                readExpression()
            } else if character == "`" {
                readName()
            } else if untilParenthesis {
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                blank()
                if depth < 0 { return }
            } else {
                keep()
            }
        }
    }

    private mutating func readComment() {
        var depth = 0
        repeat {
            if isNext("/*") {
                depth += 1
                blank(2)
            } else if isNext("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < input.count
    }

    private mutating func readName() {
        keep()
        while let next = at(0), next != "`", next != "\n" { blank() }
        if at(0) == "`" { keep() }
    }

    /// A regular expression in `#/…/#`, of one or of many lines.
    private mutating func readExpression() {
        blank(2)
        while position < input.count, !isNext("/#") { blank() }
        blank(2)
    }

    /// - Returns: how many number signs stand before the quotation mark here, or nil for no text.
    private func startOfText() -> Int? {
        var hashes = 0
        while at(hashes) == "#" { hashes += 1 }
        return at(hashes) == "\"" ? hashes : nil
    }

    private mutating func readText(_ hashCount: Int) {
        let hashes = String(repeating: "#", count: hashCount)
        blank(hashCount)
        let mark = isNext("\"\"\"") ? "\"\"\"" : "\""
        blank(mark.count)
        while let character = at(0) {
            if character == "\"", isNext(mark + hashes) {
                blank(mark.count + hashCount)
                return
            }
            // A text of one line that does not end is a quotation mark of something else.
            if character == "\n", mark.count == 1 { return }
            if character == "\\", isNext("\\" + hashes + "(") {
                blank(2 + hashCount)
                readCode(untilParenthesis: true)
            } else if character == "\\", isNext("\\" + hashes) {
                blank(2 + hashCount)
            } else {
                blank()
            }
        }
    }
}
