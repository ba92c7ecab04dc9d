// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Testing

/// Places of a page where a template found no value.
func holes(_ html: String) throws -> [String] {
    let patterns = [
        "(href|action|src|datetime|name|label|aria-label|lang)=\"\"",
        "<(h1|h2|dd|dt|strong|code|th|legend|label|li|time|title|button[^>]*|a [^>]*)>\\s*</",
        "name=\"csrf\" value=\"\"", "name=\"(transaction|result)\" value=\"\"",
        "Optional\\(", "\\{\\{", "<title> ·", "data-look-again=\"\"", "\\[\\]|\\[:\\]",
    ]
    return try patterns.flatMap { pattern in
        html.matches(of: try Regex(pattern)).map { String(html[$0.range]) }
    }
}

/// What every HTML answer must have.
func expectWhole(
    _ page: Browser.Page,
    location: SourceLocation = #_sourceLocation
) throws {
    #expect(try holes(page.text) == [], sourceLocation: location)
    let policy = page.headers[.contentSecurityPolicy] ?? ""
    for part in [
        "default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'",
    ] {
        #expect(policy.contains(part), sourceLocation: location)
    }
    #expect(page.headers[.cacheControl] == "no-store", sourceLocation: location)
    #expect(page.headers[.xContentTypeOptions] == "nosniff", sourceLocation: location)
    #expect(page.headers[.strictTransportSecurity] != nil, sourceLocation: location)
    #expect(page.headers[.contentType] == "text/html; charset=utf-8", sourceLocation: location)
}
