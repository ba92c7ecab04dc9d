// SPDX-License-Identifier: Apache-2.0

/// Takes the body of an upload (`multipart/form-data`, RFC 7578) apart as it comes. It keeps no
/// more of it than the headers of one part, or what may be the beginning of a boundary.
package struct MultipartReader: Sendable {
    /// What was found, in the order of the body.
    package enum Event: Equatable, Sendable {
        /// A part begins.
        case begin(name: String, fileName: String?)
        /// More of its content.
        case content([UInt8])
        case end
    }

    private enum State {
        /// Before the boundary that begins the body.
        case start
        /// Behind a boundary: another part, or the end of the body.
        case boundary
        case headers
        case content
        case done
    }

    /// CR LF, two dashes, the boundary.
    private let delimiter: [UInt8]
    private var state = State.start
    private var buffer: [UInt8] = []
    private var partCount = 0

    /// RFC 2046 §5.1.1.
    private static let boundaryBytesMax = 70
    private static let lineEnd: [UInt8] = [0x0D, 0x0A]

    /// - Parameter contentType: of the request.
    /// - Throws: `.contentType` where it is no upload.
    package init(contentType: String) throws(FormFailure) {
        let fields = contentType.split(separator: ";").map { $0.filter { $0 != " " } }
        let start = "boundary="
        guard fields.first?.lowercased() == "multipart/form-data",
            let field = fields.dropFirst().first(where: { $0.lowercased().hasPrefix(start) })
        else { throw .contentType }
        let boundary = field.dropFirst(start.count).filter { $0 != "\"" }
        guard (1...Self.boundaryBytesMax).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .contentType }
        delimiter = Self.lineEnd + Array("--\(boundary)".utf8)
        // The first boundary has no line before it.
        buffer = Self.lineEnd
    }

    /// Whether the last boundary has come. A body that ends before was cut off.
    package var isDone: Bool {
        if case .done = state { true } else { false }
    }

    /// Takes the next bytes of the body.
    ///
    /// - Throws: `.encoding` for a body or a header that is none, `.tooManyFields` for more than
    ///   ``SiteLimits/partsMax`` parts.
    package mutating func add(_ bytes: [UInt8]) throws(FormFailure) -> [Event] {
        buffer += bytes
        var (events, position): ([Event], Int) = ([], 0)
        while let next = try step(from: position, &events) { position = next }
        buffer.removeFirst(min(kept, buffer.count))
        kept = 0
        return events
    }

    /// How much of the buffer is behind it.
    private var kept = 0

    /// - Returns: where to go on; nil where more bytes are needed.
    private mutating func step(
        from start: Int,
        _ events: inout [Event]
    ) throws(FormFailure) -> Int? {
        kept = start
        let rest = buffer[start...]
        switch state {
        case .start:
            guard rest.count >= delimiter.count else { return nil }
            guard rest.starts(with: delimiter) else { throw .encoding }
            state = .boundary
            return start + delimiter.count
        case .boundary:
            guard rest.count >= 2 else { return nil }
            if rest.starts(with: Array("--".utf8)) {
                state = .done
                return start + 2
            }
            guard rest.starts(with: Self.lineEnd) else { throw .encoding }
            state = .headers
            return start + 2
        case .headers:
            let end = Self.lineEnd + Self.lineEnd
            guard let position = Self.position(of: end, in: rest) else {
                guard rest.count <= SiteLimits.partHeaderBytesMax else { throw .encoding }
                return nil
            }
            partCount += 1
            guard partCount <= SiteLimits.partsMax else { throw .tooManyFields }
            events.append(try Self.beginning(buffer[start..<position]))
            state = .content
            return position + end.count
        case .content:
            guard let position = Self.position(of: delimiter, in: rest) else {
                let whole = max(start, buffer.count - delimiter.count + 1)
                if whole > start { events.append(.content(Array(buffer[start..<whole]))) }
                kept = whole
                return nil
            }
            if position > start { events.append(.content(Array(buffer[start..<position]))) }
            events.append(.end)
            state = .boundary
            return position + delimiter.count
        case .done:
            // What follows the last boundary says nothing.
            kept = buffer.count
            return nil
        }
    }

    private static func position(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var from = bytes.startIndex
        while let start = bytes[from...].firstIndex(of: pattern[0]) {
            guard start + pattern.count <= bytes.endIndex else { return nil }
            if bytes[start...].starts(with: pattern) { return start }
            from = start + 1
        }
        return nil
    }

    /// Reads `Content-Disposition: form-data; name="…"; filename="…"`.
    private static func beginning(_ headers: ArraySlice<UInt8>) throws(FormFailure) -> Event {
        guard let text = String(validating: headers, as: UTF8.self) else { throw .encoding }
        for line in text.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":"),
                line[..<colon].lowercased() == "content-disposition"
            else { continue }
            let value = line[line.index(after: colon)...]
            guard let name = parameter("name", of: value) else { throw .encoding }
            return .begin(name: name, fileName: parameter("filename", of: value))
        }
        throw .encoding
    }

    /// What stands in quotation marks behind ` name=`; browsers write a mark inside as `%22`.
    private static func parameter(_ name: String, of value: Substring) -> String? {
        let start = "; \(name)=\""
        guard let range = value.firstRange(of: start),
            let end = value[range.upperBound...].firstIndex(of: "\"")
        else { return nil }
        return String(value[range.upperBound..<end])
    }
}
