// SPDX-License-Identifier: Apache-2.0

/// What all pages of one site have in common.
package struct SiteLook: Sendable {
    /// Chooses the colours.
    package enum Kind: String, Sendable {
        case card, shop, bank, airline, console
    }

    /// The head of each page.
    package struct Brand: Sendable {
        package let name: String
        package let note: String?
        package let href: String
        /// A drawing: `opal-mark`, `press-mark`, `bank-mark` or `airline-mark`.
        package let mark: String

        package init(name: String, note: String? = nil, href: String = "/", mark: String) {
            self.name = name
            self.note = note
            self.href = href
            self.mark = mark
        }
    }

    package struct Link: Sendable {
        package let label: String
        package let href: String

        package init(_ label: String, _ href: String) {
            self.label = label
            self.href = href
        }

        package var values: [String: Any] { ["label": label, "href": href] }
    }

    /// The foot of each page.
    package struct Footer: Sendable {
        package let text: String
        package let links: [Link]

        package init(text: String, links: [Link] = []) {
            self.text = text
            self.links = links
        }
    }

    package let kind: Kind
    package let brand: Brand
    package let footer: Footer?
    /// Where the money is, on error pages; nil for what the card site says.
    package let money: String?

    package init(kind: Kind, brand: Brand, footer: Footer? = nil, money: String? = nil) {
        self.kind = kind
        self.brand = brand
        self.footer = footer
        self.money = money
    }

    /// The keys that each template reads.
    var values: [String: Any] {
        var head: [String: Any] = ["name": brand.name, "href": brand.href, "mark": brand.mark]
        if let note = brand.note { head["note"] = note }
        var values: [String: Any] = ["lang": "en", "site": kind.rawValue, "brand": head]
        if let footer {
            var foot: [String: Any] = ["text": footer.text]
            if !footer.links.isEmpty { foot["links"] = footer.links.map(\.values) }
            values["footer"] = foot
        }
        return values
    }
}

/// The links at the head of a page, for who is signed in.
package struct Navigation: Sendable {
    package let items: [SiteLook.Link]
    /// The `href` of the page that is shown.
    package let current: String?
    /// Where the button for signing out posts to.
    package let signOut: String?

    package init(_ items: [SiteLook.Link], current: String? = nil, signOut: String? = nil) {
        self.items = items
        self.current = current
        self.signOut = signOut
    }

    var values: [String: Any] {
        let links = items.map { item in
            var link = item.values
            if item.href == current { link["current"] = true }
            return link
        }
        var values: [String: Any] = ["items": links]
        if let signOut { values["signOut"] = ["action": signOut] }
        return values
    }
}
