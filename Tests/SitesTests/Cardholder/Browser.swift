// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Synchronization
import Testing

/// What a browser does for a person: keeps cookies, shows a page, sends its forms.
final class Browser: Sendable {
    struct Page: Sendable {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let text: String

        /// The token of the page's forms.
        var token: String? {
            text.firstMatch(of: /name="csrf" value="([^"]+)"/).map { String($0.output.1) }
        }

        /// The entries of its forms that are not seen, without the token.
        var hiddenFields: [String: String] {
            let pattern = /<input type="hidden" name="([^"]+)" value="([^"]*)">/
            let fields = text.matches(of: pattern).map { (String($0.1), String($0.2)) }
            return Dictionary(fields.filter { $0.0 != "csrf" }) { _, last in last }
        }

        func hidden(_ name: String) throws -> String {
            let pattern = try Regex(
                "name=\"\(name)\" value=\"([^\"]*)\"",
                as: (Substring, Substring).self
            )
            return String(try #require(text.firstMatch(of: pattern)?.output.1))
        }
    }

    private struct State {
        var cookies: [String: String] = [:]
        var page = Page(status: .ok, headers: [:], text: "")
    }

    private let client: any TestClientProtocol
    private let state = Mutex(State())

    init(_ client: any TestClientProtocol) {
        self.client = client
    }

    var page: Page { state.withLock(\.page) }

    /// Another window without anything of this one.
    func stranger() -> Browser { Browser(client) }

    @discardableResult
    func open(_ path: String, headers: HTTPFields = [:]) async throws -> Page {
        try await request(path, .get, headers, nil)
    }

    /// Sends a form that asks and changes nothing.
    @discardableResult
    func ask(_ path: String, _ fields: [String: String]) async throws -> Page {
        let query = fields.map { "\(encoded($0.key))=\(encoded($0.value))" }
        return try await open(path + "?" + query.joined(separator: "&"))
    }

    /// Goes where the answer sends the browser.
    @discardableResult
    func follow() async throws -> Page {
        #expect(page.status == .seeOther)
        return try await open(try #require(page.headers[.location]))
    }

    /// Sends a form of the page that is shown, with its token.
    @discardableResult
    func send(_ path: String, _ fields: [String: String]) async throws -> Page {
        var fields = fields.map { ($0.key, $0.value) }
        if let token = page.token { fields.append(("csrf", token)) }
        return try await send(path, fields)
    }

    @discardableResult
    func send(
        _ path: String,
        _ fields: [(String, String)],
        fromElsewhere: Bool = false
    ) async throws -> Page {
        try await post(
            path,
            fields.map { "\(encoded($0))=\(encoded($1))" }.joined(separator: "&"),
            fromElsewhere: fromElsewhere
        )
    }

    @discardableResult
    func post(
        _ path: String,
        _ body: String,
        type: String = "application/x-www-form-urlencoded",
        fromElsewhere: Bool = false
    ) async throws -> Page {
        try await request(
            path,
            .post,
            [.contentType: type],
            body,
            fromElsewhere: fromElsewhere
        )
    }

    func forgetCookies() { state.withLock { $0.cookies = [:] } }
    var cookies: [String: String] { state.withLock(\.cookies) }

    private func request(
        _ path: String,
        _ method: HTTPRequest.Method,
        _ headers: HTTPFields,
        _ body: String?,
        fromElsewhere: Bool = false
    ) async throws -> Page {
        var headers = headers
        let cookies = cookies
        if !cookies.isEmpty, !fromElsewhere {
            headers[.cookie] = cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
        }
        let response = try await client.executeRequest(
            uri: path,
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(string: $0) }
        )
        for cookie in response.headers[values: .setCookie] {
            guard let match = cookie.firstMatch(of: /^([^=]+)=([^;]*)/) else { continue }
            let isRemoved = cookie.contains("Max-Age=0")
            state.withLock {
                $0.cookies[String(match.output.1)] = isRemoved ? nil : String(match.output.2)
            }
        }
        let page = Page(
            status: response.status,
            headers: response.headers,
            text: String(buffer: response.body)
        )
        state.withLock { $0.page = page }
        return page
    }

    private func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: String(Unicode.Scalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}
