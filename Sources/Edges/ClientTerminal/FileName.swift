// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The name of a file that a stranger proposes, made safe: one name, no folder, nothing hidden, no
/// character that a terminal or a file system takes for something else.
package struct FileName: Equatable, Sendable {
    package let text: String

    /// - Parameters:
    ///   - disposition: the header `Content-Disposition` (RFC 6266), if there is one.
    ///   - address: of the file, whose last part is the name where the header gives none.
    package init(disposition: String?, address: URL) {
        let parameters = disposition.map(FileName.parameters) ?? [:]
        let extended = parameters["filename*"].flatMap(FileName.decodeExtended)
        self.init(proposed: extended ?? parameters["filename"] ?? address.lastPathComponent)
    }

    package init(proposed: String) {
        let last = proposed.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
        let scalars = last.unicodeScalars.filter {
            Printable.allowed($0) && !":*?\"<>|".unicodeScalars.contains($0)
        }
        var name = String(String.UnicodeScalarView(scalars))
            .trimmingCharacters(in: .whitespaces)
        name = String(name.drop { $0 == "." || $0 == "-" || $0 == " " })
        while name.hasSuffix(".") || name.hasSuffix(" ") { name.removeLast() }
        text = name.isEmpty ? "download" : FileName.shortened(name)
    }

    /// The name for the second and later files of one name: `map (2).pdf`.
    package func numbered(_ number: Int) -> String {
        guard number > 1 else { return text }
        let (stem, ending) = FileName.split(text)
        return "\(stem) (\(number))\(ending)"
    }

    private static func split(_ name: String) -> (stem: String, ending: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
            name.distance(from: dot, to: name.endIndex) <= 12
        else { return (name, "") }
        return (String(name[..<dot]), String(name[dot...]))
    }

    private static func shortened(_ name: String) -> String {
        var (stem, ending) = split(name)
        while stem.utf8.count + ending.utf8.count > TerminalLimits.fileNameBytesMax {
            if stem.isEmpty { ending.removeLast() } else { stem.removeLast() }
        }
        return stem + ending
    }

    /// The parameters of a header; a quoted value may hold `;` and escapes.
    private static func parameters(_ header: String) -> [String: String] {
        var parameters: [String: String] = [:]
        var part = ""
        var isQuoted = false
        var isEscaped = false
        func take() {
            let pieces = part.split(separator: "=", maxSplits: 1)
            part = ""
            guard pieces.count == 2 else { return }
            let name = pieces[0].trimmingCharacters(in: .whitespaces).lowercased()
            if parameters[name] == nil {
                parameters[name] = pieces[1].trimmingCharacters(in: .whitespaces)
            }
        }
        for character in header.prefix(TerminalLimits.addressBytesMax) {
            if isEscaped {
                part.append(character)
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == ";", !isQuoted {
                take()
            } else {
                part.append(character)
            }
        }
        take()
        return parameters
    }

    /// `UTF-8''na%C3%AFve.txt` (RFC 8187).
    private static func decodeExtended(_ value: String) -> String? {
        let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8" else { return nil }
        return String(parts[2]).removingPercentEncoding
    }
}
