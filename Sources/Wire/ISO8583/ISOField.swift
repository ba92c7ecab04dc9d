// SPDX-License-Identifier: Apache-2.0

/// One data element of a dialect, as data: how long it is, what it holds, and how that is coded.
///
/// A value is the same in every dialect: ASCII characters, or bytes where the content is binary.
package struct ISOField: Sendable {
    /// In characters, or in bytes where the content is binary.
    package enum Length: Equatable, Sendable {
        case fixed(Int)
        /// LLVAR: led by a length of two digits.
        case twoDigits(max: Int)
        /// LLLVAR: led by a length of three digits.
        case threeDigits(max: Int)
    }

    package enum Content: Equatable, Sendable {
        /// n: decimal digits.
        case digits
        /// an: letters, digits, and blanks as padding.
        case lettersAndDigits
        /// ans: every visible character of ASCII, and blanks.
        case text
        /// z: digits and `=`, as on tracks 2 and 3 of a magnetic stripe.
        case track
        /// b: bytes; of fixed length.
        case binary
    }

    package enum Coding: Equatable, Sendable {
        /// One byte for each character.
        case ascii
        /// Four bits for each digit, `=` as D; a 0 stands before an odd number of them.
        case packed
        /// Bytes as they are.
        case binary
        /// Two hexadecimal digits for each byte, upper case.
        case hexadecimal
    }

    /// What ``ISOMessage/description`` says of a value.
    package enum Printing: Equatable, Sendable {
        case clear
        /// The first six and the last four digits.
        case masked
        /// That it is there.
        case hidden
    }

    package let number: ISOFieldNumber
    package let name: String
    package let length: Length
    package let content: Content
    package let coding: Coding
    package let printing: Printing
    /// What it means, in words.
    package let meaning: String

    package init(
        _ number: ISOFieldNumber,
        _ name: String,
        _ length: Length,
        _ content: Content,
        coding: Coding,
        printing: Printing = .clear,
        _ meaning: String
    ) {
        if content == .binary {
            guard case .fixed = length else { preconditionFailure("Binary elements are fixed.") }
            precondition(coding == .binary || coding == .hexadecimal)
        } else {
            precondition(coding == .ascii || coding == .packed)
            precondition(coding == .ascii || content == .digits || content == .track)
        }
        self.number = number
        self.name = name
        self.length = length
        self.content = content
        self.coding = coding
        self.printing = printing
        self.meaning = meaning
    }

    /// The longest value.
    package var lengthMax: Int {
        switch length {
        case .fixed(let count): count
        case .twoDigits(let max), .threeDigits(let max): max
        }
    }

    /// Why this value is none that the element can have, or nil.
    package func problem(of value: [UInt8]) -> WireFailure.Problem? {
        if value.count > lengthMax { return .tooLong }
        if case .fixed(let count) = length, value.count < count { return .truncated }
        return value.allSatisfy(content.holds) ? nil : .invalid
    }
}

extension ISOField.Content {
    /// Whether a character can be in such a value.
    func holds(_ character: UInt8) -> Bool {
        switch self {
        case .digits: (0x30...0x39).contains(character)
        case .lettersAndDigits:
            switch character {
            case 0x20, 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: false
            }
        case .text: (0x20...0x7E).contains(character)
        case .track: (0x30...0x39).contains(character) || character == UInt8(ascii: "=")
        case .binary: true
        }
    }
}
