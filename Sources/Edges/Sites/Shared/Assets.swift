// SPDX-License-Identifier: Apache-2.0

import Foundation
package import Hummingbird

/// The style sheet, the script and the drawings. They are read once; only what was found then is
/// ever served, so that no path can lead elsewhere.
package struct Assets: Sendable {
    private struct File: Sendable {
        let content: ByteBuffer
        let type: String
        let tag: String
    }

    private let files: [String: File]
    /// Changes with the content of any file; it is a part of the links, so that a browser may keep
    /// a file for ever.
    package let version: String

    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    /// - Returns: nil where the directory cannot be read.
    init?(directory: URL) {
        guard
            let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
        else { return nil }
        var files: [String: File] = [:]
        var all = FNV1a()
        for name in names.sorted() {
            guard let ending = name.split(separator: ".").last,
                let type = Self.types[String(ending)],
                let data = try? Data(contentsOf: directory.appendingPathComponent(name))
            else { continue }
            var own = FNV1a()
            own.add(data)
            all.add(Data(name.utf8))
            all.add(data)
            files[name] = File(
                content: ByteBuffer(bytes: data),
                type: type,
                tag: "\"\(own.text)\""
            )
        }
        self.files = files
        version = all.text
    }

    package var names: [String] { files.keys.sorted() }

    /// Adds `/assets/{version}/{file}`, which a browser keeps, and `/assets/{file}`, for which it
    /// asks again.
    package func addRoutes(to router: Router<SiteContext>) {
        let assets = self
        router.get("/assets/:version/:file") { request, context in
            let isCurrent = context.parameters.get("version") == assets.version
            return try assets.response(request, context, isKept: isCurrent)
        }
        router.get("/assets/:version") { request, context in
            try assets.response(request, context, isKept: false)
        }
    }

    private func response(
        _ request: Request,
        _ context: SiteContext,
        isKept: Bool
    ) throws(SiteFailure) -> Response {
        let name = context.parameters.get("file") ?? context.parameters.get("version") ?? ""
        guard let file = files[name] else { throw .notFound }
        let headers: HTTPFields = [
            .contentType: file.type, .eTag: file.tag,
            .cacheControl: isKept ? "public, max-age=31536000, immutable" : "public, no-cache",
        ]
        if request.headers[.ifNoneMatch] == file.tag {
            return Response(status: .notModified, headers: headers)
        }
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: file.content)
        )
    }
}

/// FNV-1a with 64 bits (RFC 9923): tells contents apart, protects nothing.
private struct FNV1a {
    private var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ data: Data) {
        for byte in data { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    var text: String { String(hash, radix: 16) }
}
