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
