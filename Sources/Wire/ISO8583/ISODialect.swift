// SPDX-License-Identifier: Apache-2.0

/// A format of ISO 8583:1987: how type, bitmaps and lengths are coded, and which elements exist.
package struct ISODialect: Sendable {
    package let name: String
    /// `.ascii` for four characters, `.packed` for two bytes.
    package let typeCoding: ISOField.Coding
    /// `.hexadecimal` for 16 characters each, `.binary` for 8 bytes each.
    package let bitmapCoding: ISOField.Coding
    /// `.ascii` for two or three characters, `.packed` for one or two bytes.
    package let lengthCoding: ISOField.Coding
    /// Whether what is sent again says so in its type: 0221 and 0421 instead of 0220 and 0420.
    package let marksRepeats: Bool
    /// In the order of their numbers.
    package let fields: [ISOField]
    private let index: [ISOFieldNumber: ISOField]

    package init(
        _ name: String,
        typeCoding: ISOField.Coding,
        bitmapCoding: ISOField.Coding,
        lengthCoding: ISOField.Coding,
        marksRepeats: Bool,
        fields: [ISOField]
    ) {
        precondition([.ascii, .packed].contains(typeCoding))
        precondition([.hexadecimal, .binary].contains(bitmapCoding))
        precondition([.ascii, .packed].contains(lengthCoding))
        self.name = name
        self.typeCoding = typeCoding
        self.bitmapCoding = bitmapCoding
        self.lengthCoding = lengthCoding
        self.marksRepeats = marksRepeats
        self.fields = fields.sorted { $0.number < $1.number }
        index = Dictionary(uniqueKeysWithValues: fields.map { ($0.number, $0) })
    }

    /// All in characters.
    package static let ascii1987 = ISODialect(
        "ascii1987",
        typeCoding: .ascii,
        bitmapCoding: .hexadecimal,
        lengthCoding: .ascii,
        marksRepeats: true,
        fields: ISOFieldTable.fields(digits: .ascii, binary: .hexadecimal)
    )

    /// Digits packed, bitmaps and binary elements as bytes, text in ASCII.
    package static let binary1987 = ISODialect(
        "binary1987",
        typeCoding: .packed,
        bitmapCoding: .binary,
        lengthCoding: .packed,
        marksRepeats: true,
        fields: ISOFieldTable.fields(digits: .packed, binary: .binary)
    )

    package static let all = [ascii1987, binary1987]

    package func field(_ number: ISOFieldNumber) -> ISOField? { index[number] }

    /// The bytes of a message, without what frames it on a connection.
    ///
    /// - Throws: the path of the element that this dialect lacks, or whose value it cannot hold.
    package func encode(_ message: ISOMessage) throws(WireFailure) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        ISOField.write(message.type, to: &writer, typeCoding)
        ISOBitmap(message.numbers).write(to: &writer, bitmapCoding)
        for number in message.numbers {
            guard let field = index[number] else { throw Self.unknown(number) }
            try field.write(message[number] ?? [], to: &writer, lengthCoding: lengthCoding)
        }
        guard writer.bytes.count <= ISOLimits.messageBytesMax else { throw Self.tooLong }
        return writer.bytes
    }

    /// Reads a message; any bytes give a message or a failure, and each message has one form.
    package func decode(_ bytes: [UInt8]) throws(WireFailure) -> ISOMessage {
        guard bytes.count <= ISOLimits.messageBytesMax else { throw Self.tooLong }
        var reader = ByteReader(bytes, of: "ISO 8583 message")
        var message = ISOMessage(try type(&reader))
        for number in try ISOBitmap(&reader, bitmapCoding).numbers {
            guard let field = index[number] else { throw Self.unknown(number) }
            message[number] = try field.read(from: &reader, lengthCoding: lengthCoding)
        }
        try reader.end()
        return message
    }

    private func type(_ reader: inout ByteReader) throws(WireFailure) -> ISOMessageType {
        do throws(WireFailure) {
            let digits = try ISOField.digits(&reader, count: 4, typeCoding)
            let bcd = digits.reduce(0) { $0 << 4 | UInt16($1 - 0x30) }
            guard let type = ISOMessageType(bcd: bcd) else {
                throw reader.failure("type", .invalid)
            }
            return type
        } catch {
            throw reader.failure("type", error.problem)
        }
    }

    private static func unknown(_ number: ISOFieldNumber) -> WireFailure {
        WireFailure(path: "ISO 8583 message: field \(number)", problem: .invalid)
    }

    private static let tooLong = WireFailure(path: "ISO 8583 message", problem: .tooLong)
}

extension ISOField {
    fileprivate static func write(
        _ type: ISOMessageType,
        to writer: inout ByteWriter,
        _ coding: Coding
    ) {
        let characters = Array(type.digits.utf8)
        writer.append(coding == .packed ? packed(characters) : characters)
    }
}

/// The bounds of a message.
package enum ISOLimits {
    /// In either dialect, without what frames it on a connection.
    package static let messageBytesMax = 4096
    /// Sub-elements of one element.
    package static let elementsMax = 32
}
