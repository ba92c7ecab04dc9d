// SPDX-License-Identifier: Apache-2.0

extension RefusedLine {
    /// How the line begins, where the last four characters alone show of what stands in the place
    /// of the member number. Where that place is not known, the reference stands for the line.
    package var maskedText: String {
        switch reason {
        case .tooLong, .unreadable, .fields:
            let end = text.firstIndex { ",;\t|\" ".contains($0) }
            guard let end else { return Self.masked(text) }
            return text[..<end] + " …"
        default:
            let fields = Self.fields(of: text)
            guard fields.count > 1 else { return Self.masked(text) }
            let member = fields[1]
            return text[..<member.startIndex] + Self.masked(member) + text[member.endIndex...]
        }
    }

    private static func masked(_ text: some StringProtocol) -> String {
        let bare = text.filter { $0 != "\"" }
        return String(repeating: "•", count: max(0, bare.count - 4)) + bare.suffix(4)
    }

    /// What stands between commas that are in no quotation marks.
    private static func fields(of text: String) -> [Substring] {
        var isQuoted = false
        return text.split(omittingEmptySubsequences: false) { character in
            if character == "\"" { isQuoted.toggle() }
            return character == "," && !isQuoted
        }
    }
}
