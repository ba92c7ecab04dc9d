// SPDX-License-Identifier: Apache-2.0

/// A line of a CSV file that people download (RFC 4180).
package enum CSVLine {
    package static func text(_ cells: [String]) -> String {
        cells.map(quoted).joined(separator: ",") + "\r\n"
    }

    /// A spreadsheet takes what begins with one of these for a formula, and runs it; an apostrophe
    /// makes it text.
    package static func guarded(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, "=+-@\t\r\n＝＋－＠".unicodeScalars.contains(first)
        else { return text }
        return "'" + text
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else {
            return cell
        }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
}
