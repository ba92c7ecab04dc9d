// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

// Who may do what with an account, a child's card, limits and orders. A child pays, and sees what
// is set for it; all else is its guardian's.
extension CardholderSite {
    /// A child whose card its guardian looks after.
    struct Ward {
        let key: UserKey
        let name: String
        let card: CardIdentifier

        var path: String { CardholderSite.path(of: key) }
    }

    static let childrenPath = "/children"

    static func path(of child: UserKey) -> String { "\(childrenPath)/\(child.text)" }

    /// In whose name a setting of a card is made, as its history shows it.
    enum SettingName {
        static let guardian = "guardian"
        static let holder = "card holder"
    }

    /// The answer to who has an account of their own; a child is told whom to ask.
    func withPayer(
        _ request: Request,
        _ answer: (Signed) async throws(SiteFailure) -> Response
    ) async throws(SiteFailure) -> Response {
        try await withSession(request) { signed throws(SiteFailure) in
            if signed.user.isChild { return guardianDecides(signed) }
            return try await answer(signed)
        }
    }

    /// As ``withPayer(_:_:)`` for a posted form.
    func withPayerForm(
        _ request: Request,
        _ answer: (Signed, Form) async throws(SiteFailure) -> Response
    ) async throws(SiteFailure) -> Response {
        try await withSessionForm(request) { signed, form throws(SiteFailure) in
            if signed.user.isChild { return guardianDecides(signed) }
            return try await answer(signed, form)
        }
    }

    /// The answer to a guardian about a child of theirs, whose key is in the address. For every
    /// other one there is no such page: it must not tell which users there are.
    func withWard(
        _ request: Request,
        _ context: SiteContext,
        _ answer: (Signed, Ward) async throws(SiteFailure) -> Response
    ) async throws(SiteFailure) -> Response {
        try await withPayer(request) { signed throws(SiteFailure) in
            try await answer(signed, try await ward(context, of: signed))
        }
    }

    /// As ``withWard(_:_:_:)`` for a posted form.
    func withWardForm(
        _ request: Request,
        _ context: SiteContext,
        _ answer: (Signed, Ward, Form) async throws(SiteFailure) -> Response
    ) async throws(SiteFailure) -> Response {
        try await withPayerForm(request) { signed, form throws(SiteFailure) in
            try await answer(signed, try await ward(context, of: signed), form)
        }
    }

    private func ward(
        _ context: SiteContext,
        of signed: Signed
    ) async throws(SiteFailure) -> Ward {
        guard let child = context.parameters.get("child").flatMap({ UserKey($0) }) else {
            throw .notFound
        }
        do throws(GuardianRefusal) {
            let card = try await parts.guardians.authorize(signed.user.key, for: child)
            let children = try await parts.guardians.children(of: signed.user.key, at: now)
            let name = children.first { $0.key == child }?.name
            return Ward(key: child, name: name ?? "Your child", card: card)
        } catch {
            switch error {
            case .notYourChild, .noCardYet: throw .notFound
            case .unavailable: throw .unavailable(error)
            }
        }
    }

    private func guardianDecides(_ signed: Signed) -> Response {
        toldPage("Not changed", .guardianDecides, ["links": [Self.toCard]], signed, .forbidden)
    }

    /// A page that says what was not done and why.
    func toldPage(
        _ title: String,
        _ text: RefusalText,
        _ actions: [String: Any],
        _ signed: Signed,
        _ status: HTTPResponse.Status = .ok
    ) -> Response {
        let values: [String: Any] = [
            "title": title, "refusal": text.values(), "actions": actions,
        ]
        return page(Page("cardholder/told", values, status: status), of: signed)
    }

    static var toCard: [String: Any] { ["label": "Back to your card", "href": "/card"] }
}

extension RefusalText {
    fileprivate static let guardianDecides = RefusalText(
        "Your guardian looks after this",
        tone: .plain,
        what: "What is loaded onto your card, and what it may pay, is set by your guardian.",
        money: "Nothing was changed.",
        next: "Ask your guardian."
    )
}

/// Entries that need a look, with a sentence for each.
struct EntryProblems {
    private(set) var items: [(field: String, text: String)] = []

    var isEmpty: Bool { items.isEmpty }

    init() {}

    init(_ field: String, _ text: String) {
        add(field, text)
    }

    mutating func add(_ field: String, _ text: String) { items.append((field, text)) }

    subscript(_ field: String) -> String? { items.first { $0.field == field }?.text }

    /// `Problems` of the templates; nil where there is none.
    var values: [String: Any]? {
        guard !items.isEmpty else { return nil }
        return [
            "title": items.count == 1
                ? "One entry needs a look" : "\(items.count) entries need a look",
            "items": items.map { ["field": $0.field, "text": $0.text] },
        ]
    }

    /// A `Field` of the templates with what was typed, and with what is wrong.
    func field(_ name: String, _ typed: String) -> [String: Any] {
        var field: [String: Any] = ["value": typed]
        if let text = self[name] { field["error"] = text }
        return field
    }

    /// A `Field` that never shows what was typed.
    func secret(_ name: String) -> [String: Any] { self[name].map { ["error": $0] } ?? [:] }

    /// A `Field` with a choice.
    func choice(_ name: String, _ options: [[String: Any]]) -> [String: Any] {
        var field: [String: Any] = ["options": options]
        if let text = self[name] { field["error"] = text }
        return field
    }

    /// An `Option` of the templates.
    static func option(_ value: String, _ label: String, _ selected: String) -> [String: Any] {
        var option: [String: Any] = ["value": value, "label": label]
        if value == selected { option["selected"] = true }
        return option
    }
}
