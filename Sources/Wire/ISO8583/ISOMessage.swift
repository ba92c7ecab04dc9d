// SPDX-License-Identifier: Apache-2.0

/// A message of ISO 8583:1987, the same in every dialect: its type, and the values of its elements
/// as ASCII characters, or as bytes where an element is binary.
///
/// It prints masked: the first six and the last four digits of an account number, and of what is
/// secret no more than that it is there.
package struct ISOMessage: Equatable, Sendable {
    package var type: ISOMessageType
    private var values: [ISOFieldNumber: [UInt8]] = [:]

    package init(_ type: ISOMessageType) {
        self.type = type
    }

    /// In ascending order.
    package var numbers: [ISOFieldNumber] { values.keys.sorted() }

    /// The value of an element; nil where the message has none.
    package subscript(_ number: ISOFieldNumber) -> [UInt8]? {
        get { values[number] }
        set { values[number] = newValue }
    }

    /// The value of an element as text; nil where the message has none, or one that is no text.
    package subscript(text number: ISOFieldNumber) -> String? {
        get { values[number].flatMap { String(validating: $0, as: UTF8.self) } }
        set { values[number] = newValue.map { Array($0.utf8) } }
    }
}

extension ISOMessage: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let words = numbers.map { number in
            "\(number)=\(ISOMessage.printed(values[number] ?? [], of: number))"
        }
        return ([type.digits] + words).joined(separator: " ")
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// What may be printed of a value. An element that nobody described may hold anything.
    private static func printed(_ value: [UInt8], of number: ISOFieldNumber) -> String {
        let hidden = "(\(value.count) hidden)"
        guard let field = ISOFieldTable.printing[number] else { return hidden }
        switch field {
        case .hidden: return hidden
        case .masked: return masked(value)
        case .clear:
            return String(validating: value.filter { (0x20...0x7E).contains($0) }, as: UTF8.self)
                .map { "'\($0)'" } ?? hidden
        }
    }

    /// The first six and the last four digits; of a short number the last four alone, so that five
    /// at least are left to guess.
    private static func masked(_ digits: [UInt8]) -> String {
        let (head, tail) = digits.count >= 15 ? (6, 4) : (0, 4)
        guard digits.count >= 9 else { return String(repeating: "•", count: digits.count) }
        return String(decoding: digits.prefix(head), as: UTF8.self)
            + String(repeating: "•", count: digits.count - head - tail)
            + String(decoding: digits.suffix(tail), as: UTF8.self)
    }
}
