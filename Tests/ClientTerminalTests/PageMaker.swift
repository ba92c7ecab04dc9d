// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import Mustache

/// Renders the real templates, so that the terminal is tried on the pages that people see.
struct PageMaker: Sendable {
    private let library: MustacheLibrary

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        var library = MustacheLibrary()
        for folder in ["shared", "cardholder", "shop"] {
            let path = root.appendingPathComponent(
                "Sources/Edges/Sites/Resources/templates/\(folder)"
            )
            for file in try FileManager.default.contentsOfDirectory(atPath: path.path)
            where file.hasSuffix(".mustache") {
                let bare = String(file.dropLast(".mustache".count))
                try library.register(
                    String(contentsOf: path.appendingPathComponent(file), encoding: .utf8),
                    named: folder == "shared" ? bare : "\(folder)/\(bare)"
                )
            }
        }
        self.library = library
    }

    func html(_ template: String, _ values: [String: Any]) -> String {
        let isShop = template.hasPrefix("shop/")
        let brand = [
            "name": isShop ? "Tide & Page" : "Opal Bank", "href": "/", "mark": "opal-mark",
        ]
        let common: [String: Any] = [
            "lang": "en", "site": isShop ? "shop" : "card", "brand": brand,
        ]
        return library.render(values.merging(common) { own, _ in own }, withTemplate: template)
            ?? ""
    }

    func page(
        _ template: String,
        _ values: [String: Any],
        status: HTTPResponse.Status = .ok,
        cookie: String? = nil
    ) -> Response {
        var response = Response(
            status: status,
            headers: [.contentType: "text/html; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: html(template, values)))
        )
        if let cookie { response.headers[.setCookie] = cookie }
        return response
    }

    static func seeOther(_ address: String) -> Response {
        Response(status: .seeOther, headers: [.location: address])
    }
}

/// What a site was asked, in order.
struct SeenRequest: Sendable {
    let method: String
    let path: String
    let origin: String?
    let referrer: String?
    let cookie: String?
    let trace: String?
    let fields: [String: String]

    init(_ request: Request, fields: [String: String] = [:]) {
        method = request.method.rawValue
        path = request.uri.path
        origin = request.headers[.origin]
        referrer = request.headers[.referer]
        cookie = request.headers[.cookie]
        trace = HTTPField.Name("traceparent").flatMap { request.headers[$0] }
        self.fields = fields
    }
}

/// Reads a posted form.
func formFields(_ request: Request) async throws -> [String: String] {
    let body = try await request.body.collect(upTo: 1 << 16)
    let parts = String(buffer: body).split(separator: "&").map {
        $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            .map { $0.replacing("+", with: " ").removingPercentEncoding ?? "" }
    }
    return Dictionary(parts.map { ($0[0], $0.count > 1 ? $0[1] : "") }) { first, _ in first }
}
