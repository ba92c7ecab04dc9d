// SPDX-License-Identifier: Apache-2.0

package import Hummingbird

/// A page whose shape never changes, rendered once: what stays, with slots for what differs.
/// Filling it costs a copy of its bytes; a template is walked for each page anew.
package struct Stencil: Sendable {
    private enum Piece: Sendable {
        case text([UInt8])
        case slot(Int)
    }

    private let pieces: [Piece]
    private let bytesMin: Int

    /// Private-use letters, which no template has, stand around the number of a slot.
    private static let (start, end): (Unicode.Scalar, Unicode.Scalar) = ("\u{E000}", "\u{E001}")

    /// The value that marks a slot in the page that is rendered.
    package static func slot(_ number: Int) -> String { "\(start)\(number)\(end)" }

    /// - Parameter html: a page in which some values are slots.
    package init(html: String) {
        var pieces: [Piece] = []
        var text: [UInt8] = []
        var number: Int?
        for scalar in html.unicodeScalars {
            switch (scalar, number) {
            case (Self.start, _):
                pieces.append(.text(text))
                text = []
                number = 0
            case (Self.end, let slot?):
                pieces.append(.slot(slot))
                number = nil
            case (_, let slot?): number = slot * 10 + Int(scalar.value) - 0x30
            case (_, nil): text.append(contentsOf: UTF8.encode(scalar) ?? .init())
            }
        }
        pieces.append(.text(text))
        self.pieces = pieces
        bytesMin = pieces.reduce(0) { sum, piece in
            if case .text(let bytes) = piece { sum + bytes.count } else { sum }
        }
    }

    /// The page with one value for each slot, in their order; they are escaped here.
    package func fill(_ values: [String]) -> ByteBuffer {
        let values = values.map(Self.escaped)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(bytesMin + values.reduce(0) { $0 + 2 * $1.utf8.count })
        for piece in pieces {
            switch piece {
            case .text(let bytes): buffer.writeBytes(bytes)
            case .slot(let number): buffer.writeString(values[number])
            }
        }
        return buffer
    }

    private static func isMarkup(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x22, 0x26, 0x27, 0x3C, 0x3E: true
        default: false
        }
    }

    /// As the templates escape a value, for text and for attributes in double quotes.
    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: isMarkup) else {
            return text
        }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
