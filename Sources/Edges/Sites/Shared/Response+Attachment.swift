// SPDX-License-Identifier: Apache-2.0

import Hummingbird

extension Response {
    /// What ``attachment(_:type:_:)`` calls a list of comma-separated values.
    static let csv = "text/csv; charset=utf-8; header=present"

    /// A file that a browser keeps and does not show.
    ///
    /// `name`: of it only ASCII letters, digits, `.`, `_` and `-` are kept; a quotation mark or a
    /// letter beyond ASCII would need another form.
    /// `type`: its media type.
    static func attachment(_ name: String, type: String, _ body: ResponseBody) -> Response {
        let safe = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        return Response(
            status: .ok,
            headers: [
                .contentType: type, .contentDisposition: "attachment; filename=\"\(safe)\"",
            ],
            body: body
        )
    }
}
