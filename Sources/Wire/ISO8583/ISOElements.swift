// SPDX-License-Identifier: Apache-2.0

/// The sub-elements of a private element (44 and 48 here): for each a tag of two letters or digits,
/// a length of two digits, and visible characters. No tag comes twice.
package struct ISOElements: Equatable, Sendable {
    package struct Tag: Hashable, Comparable, Sendable {
        /// Two characters of ASCII.
        package let text: String

        private init(known text: String) {
            self.text = text
        }

        /// - Returns: nil unless there are two capitals or digits.
        init?(_ bytes: [UInt8]) {
            guard bytes.count == 2,
                bytes.allSatisfy({ (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) })
            else { return nil }
            text = String(decoding: bytes, as: UTF8.self)
        }

        package static func < (left: Tag, right: Tag) -> Bool { left.text < right.text }

        /// In 48: the digits of the street in the billing address.
        package static let streetNumber = Tag(known: "SN")
        /// In 48: the postal code of the billing address.
        package static let postalCode = Tag(known: "PC")
        /// In 48: the CVV2. In 44: how it compares.
        package static let verificationCode = Tag(known: "CV")
        /// In 44: how the address compares.
        package static let address = Tag(known: "AV")
        /// In 48: by what both ends recognise a key that they share.
        package static let keyCheckValue = Tag(known: "KC")
    }

    private var values: [Tag: [UInt8]] = [:]

    package init() {}

    package static let valueBytesMax = 99

    /// The value as text; nil where there is none.
    package subscript(_ tag: Tag) -> String? {
        get { values[tag].flatMap { String(validating: $0, as: UTF8.self) } }
        set {
            if let newValue { precondition(newValue.utf8.count <= ISOElements.valueBytesMax) }
            values[tag] = newValue.map { Array($0.utf8) }
        }
    }

    /// Reads the value of an element, or nothing where the message has none.
    package init(_ value: [UInt8]?, of number: ISOFieldNumber) throws(WireFailure) {
        var reader = ByteReader(value ?? [], of: "sub-elements")
        var last: Tag?
        do throws(WireFailure) {
            while reader.remaining > 0 {
                guard let tag = Tag(try reader.bytes("tag", count: 2)) else {
                    throw reader.failure("tag", .invalid)
                }
                // In ascending order, so that a message has one form.
                if let last, tag <= last { throw reader.failure("tag", .invalid) }
                last = tag
                values[tag] = try Self.value(&reader)
                if values.count > ISOLimits.elementsMax { throw reader.failure("tag", .tooLong) }
            }
        } catch {
            let place = last.map { ", sub-element \($0.text)" } ?? ""
            throw WireFailure(
                path: "ISO 8583 message: field \(number)\(place)",
                problem: error.problem
            )
        }
    }

    private static func value(_ reader: inout ByteReader) throws(WireFailure) -> [UInt8] {
        let digits = try ISOField.digits(&reader, count: 2, .ascii)
        let count = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        let value = try reader.bytes("value", count: count)
        guard value.allSatisfy(ISOField.Content.text.holds) else {
            throw reader.failure("value", .invalid)
        }
        return value
    }

    /// The value of the element; nil without sub-elements.
    package var bytes: [UInt8]? {
        if values.isEmpty { return nil }
        var writer = ByteWriter(capacity: 64)
        for (tag, value) in values.sorted(by: { $0.key < $1.key }) {
            writer.append(tag.text.utf8)
            ISOField.write(value.count, digits: 2, to: &writer, .ascii)
            writer.append(value)
        }
        return writer.bytes
    }
}

extension ISOElements: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The tags alone: CVV2 and address are among the values.
    package var description: String {
        values.keys.sorted().map { "\($0.text)(hidden)" }.joined(separator: " ")
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
