// SPDX-License-Identifier: Apache-2.0

package import Hummingbird

/// The fields of a posted form (`application/x-www-form-urlencoded`, URL Standard §5) or of a
/// query. A form holds passwords; it never prints.
package struct Form: Sendable {
    private var fields: [(name: String, value: String)] = []

    /// Reads the body of a request.
    ///
    /// - Throws: `.tooLarge` and `.badForm`; `.unavailable` where the connection broke.
    package static func read(_ request: Request) async throws(SiteFailure) -> Form {
        let type = request.headers[.contentType] ?? ""
        let isForm = type.prefix { $0 != ";" }.lowercased() == "application/x-www-form-urlencoded"
        guard isForm else { throw .badForm(.contentType) }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }),
            length > SiteLimits.formBytesMax
        {
            throw .tooLarge
        }
        var bytes: [UInt8] = []
        do {
            for try await part in request.body {
                guard bytes.count + part.readableBytes <= SiteLimits.formBytesMax else {
                    throw SiteFailure.tooLarge
                }
                bytes.append(contentsOf: part.readableBytesView)
            }
        } catch let failure as SiteFailure {
            throw failure
        } catch {
            throw .unavailable(error)
        }
        return try Form(bytes)
    }

    /// The query of a request; an absent one has no fields.
    package static func query(_ request: Request) throws(SiteFailure) -> Form {
        let query = request.uri.query ?? ""
        guard query.utf8.count <= SiteLimits.queryBytesMax else { throw .tooLarge }
        return try Form(Array(query.utf8))
    }

    package init(_ bytes: [UInt8]) throws(SiteFailure) {
        do throws(FormFailure) {
            for pair in bytes.split(separator: UInt8(ascii: "&")) {
                let cut = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
                let name = try Form.decoded(pair[..<cut])
                let value = try Form.decoded(pair[cut...].dropFirst())
                guard fields.count < SiteLimits.formFieldsMax else { throw .tooManyFields }
                // Two values for one name: no two readers would agree on which of them counts.
                guard self[name] == nil else { throw .duplicate }
                fields.append((name, value))
            }
        } catch {
            throw .badForm(error)
        }
    }

    package subscript(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// The value of a field, empty where there is none.
    package func text(_ name: String) -> String { self[name] ?? "" }

    private static func decoded(_ part: ArraySlice<UInt8>) throws(FormFailure) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(part.count)
        var position = part.startIndex
        while position < part.endIndex {
            switch part[position] {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard position + 2 < part.endIndex, let high = digit(part[position + 1]),
                    let low = digit(part[position + 2])
                else { throw .encoding }
                bytes.append(high << 4 | low)
                position += 2
            case let byte: bytes.append(byte)
            }
            position += 1
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .encoding }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

extension Form: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(a form)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
