// SPDX-License-Identifier: Apache-2.0

package import Hummingbird

/// One page to be shown: a template and what it needs.
package struct Page {
    /// `cardholder/card`, or the bare name of a shared template.
    package var template: String
    package var values: [String: Any]
    package var status: HTTPResponse.Status
    /// The token of the forms on this page.
    package var csrf: String?
    package var navigation: Navigation?
    package var notice: Notice?
    /// One more origin to which a form of this page may post, for instance `https://shop.example`.
    package var formOrigin: String?

    /// One line at the top: something was done.
    package struct Notice: Sendable {
        package let tone: Tone
        package let text: String

        package init(_ tone: Tone, _ text: String) {
            self.tone = tone
            self.text = text
        }
    }

    package init(
        _ template: String,
        _ values: [String: Any] = [:],
        status: HTTPResponse.Status = .ok,
        csrf: String? = nil,
        navigation: Navigation? = nil,
        notice: Notice? = nil,
        formOrigin: String? = nil
    ) {
        self.template = template
        self.values = values
        self.status = status
        self.csrf = csrf
        self.navigation = navigation
        self.notice = notice
        self.formOrigin = formOrigin
    }
}

/// The colour of a badge, a notice or a refusal.
package enum Tone: String, Sendable {
    case good, wait, bad, plain
}

/// What the pages of one site are made with.
package struct SiteShell: Sendable {
    package let templates: Templates
    package let look: SiteLook
    package let wording: Wording
    /// Whether the site is reached by https.
    package let isSecure: Bool

    package init(templates: Templates, look: SiteLook, wording: Wording, isSecure: Bool) {
        self.templates = templates
        self.look = look
        self.wording = wording
        self.isSecure = isSecure
    }

    package func html(_ page: Page) -> String {
        var values = page.values
        if let csrf = page.csrf { values["csrf"] = csrf }
        if let navigation = page.navigation { values["nav"] = navigation.values }
        if let notice = page.notice {
            values["notice"] = ["tone": notice.tone.rawValue, "text": notice.text]
        }
        return templates.html(page.template, values, look: look)
    }

    package func response(_ page: Page) -> Response {
        SiteShell.response(html: html(page), status: page.status, formOrigin: page.formOrigin)
    }

    /// An HTML answer. The other headers are added by ``SecurityHeaders``.
    package static func response(
        html: String,
        status: HTTPResponse.Status = .ok,
        formOrigin: String? = nil
    ) -> Response {
        var headers: HTTPFields = [.contentType: "text/html; charset=utf-8"]
        if let formOrigin {
            headers[.contentSecurityPolicy] = SecurityHeaders.policy(formOrigin: formOrigin)
        }
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: html))
        )
    }

    /// Sends the browser to another page of this site with GET.
    package static func seeOther(_ path: String) -> Response {
        Response(status: .seeOther, headers: [.location: path])
    }
}
