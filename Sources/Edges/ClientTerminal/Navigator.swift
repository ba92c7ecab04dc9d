// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Traces

/// What a browser does between two pages: cookies, redirects, and the headers by which a site
/// tells a form of its own from a stranger's.
struct Navigator {
    /// One page as it came, after the redirects.
    struct Answer {
        let address: URL
        let status: Int
        let html: HTMLPage
        let referrerPolicy: ReferrerPolicy
    }

    /// What is fetched and on whose behalf.
    struct Step {
        var address: URL
        var method: HTTPMethod = .GET
        var body: String?
        /// The page with the form or the link; nil for the address that the person gave.
        var page: (address: URL, policy: ReferrerPolicy)?
    }

    private let client: HTTPClient
    private let rules: AddressRules
    private let limits: TerminalLimits
    private let trace: TraceContext
    private let now: @Sendable () -> Date
    private var jar = CookieJar()

    init(
        client: HTTPClient,
        rules: AddressRules,
        limits: TerminalLimits,
        trace: TraceContext,
        now: @escaping @Sendable () -> Date
    ) {
        self.client = client
        self.rules = rules
        self.limits = limits
        self.trace = trace
        self.now = now
    }

    /// The way to a payment server.
    func link(to paymentServer: Origin) -> PaymentServerLink {
        PaymentServerLink(to: paymentServer, client, trace)
    }

    func check(_ address: URL) throws(TerminalFailure) { try rules.check(address) }

    /// Fetches a page and follows its redirects.
    mutating func open(_ step: Step) async throws(TerminalFailure) -> Answer {
        let (address, response) = try await follow(step, until: limits.requestMillisecondsMax)
        let type = response.headers.first(name: "Content-Type") ?? ""
        guard type.lowercased().hasPrefix("text/html") else {
            throw .notUnderstood("\(address.host() ?? "") answered with something that is no page.")
        }
        let bytes: ByteBuffer
        do {
            bytes = try await response.body.collect(upTo: limits.pageBytesMax)
        } catch is NIOTooManyBytesError {
            throw .notUnderstood("The page of \(address.host() ?? "") is too large.")
        } catch {
            throw TerminalFailure(error, at: address)
        }
        guard let html = HTMLPage(String(buffer: bytes)) else {
            throw .notUnderstood("The page of \(address.host() ?? "") cannot be read.")
        }
        return Answer(
            address: address,
            status: Int(response.status.code),
            html: html,
            referrerPolicy: ReferrerPolicy(response.headers["Referrer-Policy"])
        )
    }

    /// Fetches a file and gives its name and its bytes, piece by piece.
    mutating func download(
        _ step: Step,
        to write: (_ disposition: String?, _ address: URL) throws(TerminalFailure)
            -> (ByteBuffer) throws(TerminalFailure) -> Void
    ) async throws(TerminalFailure) {
        let (address, response) = try await follow(step, until: limits.fileMillisecondsMax)
        guard response.status == .ok else {
            throw .network(
                "\(address.host() ?? "") did not give the file (HTTP \(response.status.code))."
            )
        }
        let sink = try write(response.headers.first(name: "Content-Disposition"), address)
        var bytes = 0
        do {
            for try await piece in response.body {
                bytes += piece.readableBytes
                guard bytes <= limits.fileBytesMax else {
                    throw TerminalFailure.notUnderstood("The file is too large.")
                }
                try sink(piece)
            }
        } catch {
            throw TerminalFailure(error, at: address)
        }
    }

    private mutating func follow(
        _ first: Step,
        until milliseconds: Int64
    ) async throws(TerminalFailure) -> (URL, HTTPClientResponse) {
        var step = first
        for _ in 0...limits.redirectsMax {
            let response = try await send(step, until: milliseconds)
            guard [301, 302, 303, 307, 308].contains(response.status.code) else {
                return (step.address, response)
            }
            let host = step.address.host() ?? ""
            guard let location = response.headers.first(name: "Location"),
                let next = HTMLForm.resolve(location, on: step.address)
            else { throw .notUnderstood("\(host) sent us on without saying where.") }
            try rules.check(next)
            if response.status.code >= 307, step.method != .GET {
                // A browser would repeat the form, password and all, at another site.
                guard Origin(next) == Origin(step.address) else {
                    throw .addressNotAllowed("\(host) wanted the form sent on to another site.")
                }
            } else {
                step.method = .GET
                step.body = nil
            }
            step.address = next
        }
        throw .notUnderstood("\(first.address.host() ?? "") sends us in a circle.")
    }

    private mutating func send(
        _ step: Step,
        until milliseconds: Int64
    ) async throws(TerminalFailure) -> HTTPClientResponse {
        try rules.check(step.address)
        var request = HTTPClientRequest(url: step.address.absoluteString)
        request.method = step.method
        request.headers = headers(of: step)
        if let body = step.body { request.body = .bytes(ByteBuffer(string: body)) }
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: .milliseconds(milliseconds))
        } catch {
            throw TerminalFailure(error, at: step.address)
        }
        for cookie in response.headers["Set-Cookie"] {
            jar.take(cookie, from: step.address, at: now())
        }
        return response
    }

    private func headers(of step: Step) -> HTTPHeaders {
        let initiator = step.page.flatMap { Origin($0.address) }
        var headers: HTTPHeaders = [
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "en",
            "User-Agent": "opal-pay", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
            "Sec-Fetch-User": "?1",
        ]
        headers.add(name: TraceContext.header, value: trace.headerText)
        headers.add(name: "Sec-Fetch-Site", value: relation(of: step.address, to: initiator))
        if step.body != nil { headers.add(name: "Content-Type", value: HTMLForm.contentType) }
        if let page = step.page {
            if let referrer = page.policy.referrer(from: page.address, to: step.address) {
                headers.add(name: "Referer", value: referrer)
            }
            if step.method != .GET {
                headers.add(
                    name: "Origin",
                    value: page.policy.origin(from: page.address, to: step.address)
                )
            }
        }
        let cookies = jar.header(
            for: step.address,
            initiator: initiator,
            method: step.method.rawValue,
            at: now()
        )
        if let cookies { headers.add(name: "Cookie", value: cookies) }
        return headers
    }

    private func relation(of address: URL, to initiator: Origin?) -> String {
        guard let initiator, let origin = Origin(address) else { return "none" }
        if origin == initiator { return "same-origin" }
        return origin.isSameSite(as: initiator) ? "same-site" : "cross-site"
    }
}
