// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel

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

extension SiteShell {
    /// A router with what each site has: headers, error pages, and the assets.
    package func router(random: any RandomSource) -> Router<SiteContext> {
        let router = Router(context: SiteContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders(isSecure: isSecure))
        router.add(middleware: ErrorPages(self, random: random))
        templates.assets.addRoutes(to: router)
        return router
    }
}
