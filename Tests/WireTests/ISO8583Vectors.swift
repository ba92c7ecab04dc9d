// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Testing
import Wire

/// Messages that pyiso8583 has encoded: `Tests/Vectors/iso8583`, made by
/// `scripts/vectors/iso8583.py`.
struct ISO8583Vector: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    /// Under `t` the type, under its number the value of each element.
    let fields: [String: String]
    let bytes: String

    var testDescription: String { name }

    private struct File: Decodable {
        let dialect: String
        let cases: [ISO8583Vector]
    }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors/iso8583")

    static func cases(of dialect: ISODialect) -> [ISO8583Vector] {
        let url = folder.appending(path: "\(dialect.name).json")
        guard let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data),
            file.dialect == dialect.name
        else { return [] }
        return file.cases
    }

    var encoded: [UInt8] {
        get throws { try #require(Hex.bytes(bytes)) }
    }

    /// The message that the values describe.
    var message: ISOMessage {
        get throws { try ISOMessage(values: fields) }
    }
}

extension ISOMessage {
    /// `values`: as in the vectors; binary ones in hexadecimal digits.
    init(values: [String: String]) throws {
        let type = try #require(UInt16(values["t"] ?? "", radix: 16).flatMap(ISOMessageType.init))
        self.init(type)
        for (name, value) in values where name != "t" {
            let number = try #require(Int(name).flatMap(ISOFieldNumber.init))
            let isBinary = ISODialect.ascii1987.field(number)?.content == .binary
            self[number] = isBinary ? try #require(Hex.bytes(value)) : Array(value.utf8)
        }
    }
}

/// The dialects by name, as arguments of tests.
extension ISODialect: CustomTestStringConvertible {
    package var testDescription: String { name }
}
