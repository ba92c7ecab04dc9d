// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A form that posts, with what it would send.
package struct HTMLForm: Sendable {
    package struct Entry: Sendable {
        package let name: String
        package let type: String
        package var value: String
    }

    package private(set) var action: URL
    package private(set) var entries: [Entry]
    /// The submit buttons with a name.
    private let buttons: [Entry]

    /// - Returns: nil unless the form posts names and values to an address of http or https.
    package init?(_ form: HTMLElement, on page: URL) {
        guard form.name == "form", form["method"]?.lowercased() == "post",
            form["enctype"].map({ $0.lowercased() == HTMLForm.contentType }) ?? true,
            let action = HTMLForm.resolve(form["action"] ?? "", on: page)
        else { return nil }
        self.action = action
        var entries: [Entry] = []
        var buttons: [Entry] = []
        for element in form.inside where element["disabled"] == nil {
            guard let name = element["name"], !name.isEmpty else { continue }
            let type = element["type"]?.lowercased()
            let entry = { Entry(name: name, type: type ?? $0, value: element["value"] ?? "") }
            switch element.name {
            case "button" where type == nil || type == "submit": buttons.append(entry("submit"))
            case "input":
                switch type {
                case "submit": buttons.append(entry("submit"))
                case "checkbox", "radio":
                    if element["checked"] != nil { entries.append(entry("text")) }
                case "button", "reset", "image", "file": break
                default: entries.append(entry("text"))
                }
            default: break
            }
        }
        guard entries.count <= TerminalLimits.formEntriesMax else { return nil }
        self.entries = entries
        self.buttons = buttons
    }

    static let contentType = "application/x-www-form-urlencoded"

    /// An address in a page, in full and without its fragment.
    static func resolve(_ reference: String, on page: URL) -> URL? {
        guard reference.utf8.count <= TerminalLimits.addressBytesMax else { return nil }
        let reference = reference.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !reference.isEmpty else { return page }
        guard let address = URL(string: reference, relativeTo: page)?.absoluteURL,
            Origin(address) != nil,
            var parts = URLComponents(url: address, resolvingAgainstBaseURL: true)
        else { return nil }
        parts.fragment = nil
        return parts.url
    }

    package func hasEntry(_ name: String) -> Bool { entries.contains { $0.name == name } }
    package func value(_ name: String) -> String? { entries.first { $0.name == name }?.value }
    package var asksForPassword: Bool { entries.contains { $0.type == "password" } }

    package func hasButton(_ name: String, _ value: String) -> Bool {
        buttons.contains { $0.name == name && $0.value == value }
    }

    package mutating func fill(_ name: String, with text: SecretText) {
        for index in entries.indices where entries[index].name == name {
            entries[index].value = text.reveal()
        }
    }

    /// The form as a browser's script sends it that has compared S3.
    func compared(_ result: String, postingTo action: URL) -> HTMLForm {
        var form = self
        form.action = action
        for index in entries.indices where entries[index].name == "result" {
            form.entries[index].value = result
        }
        return form
    }

    /// What is posted when the button of a name and a value is pressed, or one without a name.
    func body(pressing button: (name: String, value: String)? = nil) -> String {
        FormEncoding.encode(entries.map { ($0.name, $0.value) } + (button.map { [$0] } ?? []))
    }
}
