// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// As much of a browser as the benchmark needs: it keeps connections and follows nothing by itself.
struct Browser: Sendable {
    private let client: HTTPClient

    /// `authority`: the file of the scheme's CA certificate.
    init(authority: String) throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(authority)
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow
        )
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.httpVersion = .http1Only
        client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: configuration
        )
    }

    func close() async throws {
        try await client.shutdown()
    }

    func get(_ address: String, cookie: String = "") async throws -> HTMLText {
        try await send(HTTPClientRequest(url: address), cookie: cookie)
    }

    /// `address`: what stands in `X-Forwarded-For`, so that orders are not throttled.
    func post(
        _ url: String,
        _ fields: [(String, String)],
        cookie: String = "",
        address: String? = nil
    ) async throws -> HTMLText {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        if let address { request.headers.add(name: "x-forwarded-for", value: address) }
        request.body = .bytes(Self.encode(fields))
        return try await send(request, cookie: cookie)
    }

    private func send(_ request: HTTPClientRequest, cookie: String) async throws -> HTMLText {
        var request = request
        if !cookie.isEmpty { request.headers.add(name: "cookie", value: cookie) }
        let response = try await client.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 4 * 1024 * 1024)
        let cookies = response.headers["set-cookie"].compactMap { $0.split(separator: ";").first }
        return HTMLText(
            status: Int(response.status.code),
            location: response.headers.first(name: "location") ?? "",
            cookie: cookies.joined(separator: "; "),
            body: body
        )
    }

    /// What Foundation's encoder does, at a price that does not weigh on what is measured.
    private static func encode(_ fields: [(String, String)]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for (index, field) in fields.enumerated() {
            if index > 0 { buffer.writeString("&") }
            buffer.writeString(field.0)
            buffer.writeString("=")
            for byte in field.1.utf8 {
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                    buffer.writeInteger(byte)
                default: buffer.writeString("%" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
                }
            }
        }
        return buffer
    }
}

/// A page, searched for what the next request needs.
struct HTMLText: Sendable {
    let status: Int
    let location: String
    let cookie: String
    let body: ByteBuffer

    var text: String { String(buffer: body) }

    /// Whether the page holds these bytes: searched without making a string of it, so that the load
    /// generator does not cost more than what it measures.
    func holds(_ needle: StaticString) -> Bool {
        unsafe body.withUnsafeReadableBytes { page in
            let (first, length) = unsafe (needle.utf8Start[0], needle.utf8CodeUnitCount)
            var start = 0
            while start + length <= page.count,
                let base = page.baseAddress,
                let hit = unsafe memchr(base + start, Int32(first), page.count - start - length + 1)
            {
                if unsafe memcmp(hit, needle.utf8Start, length) == 0 { return true }
                start = unsafe UnsafeRawPointer(hit) - base + 1
            }
            return false
        }
    }

    /// Where the answer leads, as a whole address.
    ///
    /// `site`: the origin that answered.
    /// `step`: what was tried, for who reads of a failure.
    func onward(from site: String, _ step: StaticString) throws -> String {
        guard status == 303 else { throw BenchFailure("\(step): \(status) \(heading)") }
        return location.hasPrefix("http") ? location : site + location
    }

    /// What the page says first, for who reads of a failure: its heading and a paragraph.
    private var heading: String {
        guard let start = text.range(of: "<h1"),
            let end = text.range(of: "</p>", range: start.upperBound..<text.endIndex)
        else { return "" }
        return text[start.lowerBound..<end.lowerBound]
            .replacing(#/<[^>]*>/#, with: " ")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The value of a hidden field.
    func hidden(_ name: String) throws -> String {
        guard let field = text.range(of: "name=\"\(name)\" value=\"") else {
            throw BenchFailure("the page has no field \(name) (status \(status))")
        }
        return Self.plain(text[field.upperBound...].prefix { $0 != "\"" })
    }

    /// The hidden fields of the form that posts to an address beginning with `origin`.
    func fields(of origin: String) throws -> [(String, String)] {
        guard let form = text.range(of: "action=\"\(origin)"),
            let end = text.range(of: "</form>", range: form.upperBound..<text.endIndex)
        else { throw BenchFailure("the page has no form for \(origin) (status \(status))") }
        return text[form.upperBound..<end.lowerBound].components(separatedBy: "<input ").dropFirst()
            .compactMap { input in
                guard let name = input.range(of: "name=\""), let value = input.range(of: "value=\"")
                else { return nil }
                return (
                    String(input[name.upperBound...].prefix { $0 != "\"" }),
                    Self.plain(input[value.upperBound...].prefix { $0 != "\"" })
                )
            }
    }

    /// The address of the download.
    func download() throws -> String {
        guard let link = text.range(of: "href=\"/download/") else {
            throw BenchFailure("the receipt has no download (status \(status))")
        }
        return "/download/" + Self.plain(text[link.upperBound...].prefix { $0 != "\"" })
    }

    private static func plain(_ text: Substring) -> String {
        text.replacingOccurrences(of: "&quot;", with: "\"")
            .replacingOccurrences(of: "&#39;", with: "'")
            .replacingOccurrences(of: "&lt;", with: "<")
            .replacingOccurrences(of: "&gt;", with: ">")
            .replacingOccurrences(of: "&amp;", with: "&")
    }
}
