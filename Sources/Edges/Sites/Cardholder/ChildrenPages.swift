// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// The children whose cards a guardian looks after, and the opening of a card for one.
extension CardholderSite {
    func addChildrenRoutes(to router: Router<SiteContext>) {
        router.get("\(Self.childrenPath)") { request, _ in
            try await withPayer(request) { signed throws(SiteFailure) in
                let isOpened = try Form.query(request)["opened"] != nil
                return try await childrenPage(
                    signed,
                    reader(request),
                    notice: isOpened ? Self.opened : nil
                )
            }
        }
        // A card for a child begins empty, and can be loaded from its guardian's account alone.
        guard parts.funding != nil else { return }
        router.post("\(Self.childrenPath)") { request, context in
            try await withPayerForm(request) { signed, form throws(SiteFailure) in
                try await openChild(signed, form, request, context)
            }
        }
    }

    /// Said in every case, also where the user identifier is taken.
    private static let opened = Page.Notice(
        .good,
        "A mail with the first password is on its way. The child appears here with a card then."
    )

    private func childrenPage(
        _ signed: Signed,
        _ reader: Reader,
        typed: ChildForm = ChildForm(),
        problems: EntryProblems = EntryProblems(),
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        let children = try await asking {
            try await parts.guardians.children(of: signed.user.key, at: now)
        }
        var rows: [[String: Any]] = []
        for child in children { rows.append(try await row(child, signed, reader)) }
        var values: [String: Any] = [:]
        if !rows.isEmpty { values["children"] = ["rows": rows] }
        if parts.funding != nil, children.count < FundingLimits.childrenMax {
            values["form"] = [
                "action": Self.childrenPath,
                "name": problems.field("name", typed.name),
                "userIdentifier": problems.field("userIdentifier", typed.userIdentifier),
                "email": problems.field("email", typed.email),
            ]
        }
        if parts.funding == nil {
            values["closed"] = "No further card for a child can be opened here now."
        }
        if let problems = problems.values { values["problems"] = problems }
        return page(
            Page(
                "cardholder/children",
                values,
                status: problems.isEmpty ? .ok : .unprocessableContent,
                notice: notice
            ),
            of: signed,
            current: Self.childrenPath
        )
    }

    private func row(
        _ child: Guardians.Child,
        _ signed: Signed,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any] {
        var row: [String: Any] = ["name": child.name, "opened": reader.day(child.openedAt)]
        guard let identifier = child.card else {
            row["badge"] =
                child.isDamaged ? badge(.bad, "Stopped") : badge(.wait, "Has not signed in yet")
            return row
        }
        row["href"] = Self.path(of: child.key)
        guard let card = try await describe(identifier) else {
            row["badge"] = badge(.bad, "Stopped")
            return row
        }
        row["number"] = card.card.masked
        row["balance"] = reader.amount(card.purses[0].balance)
        row["badge"] = state(of: card, try await renewal(of: card))
        if let asked = try await asked(of: child.key, by: signed) {
            row["asked"] = asked == 1 ? "1 refused purchase" : "\(asked) refused purchases"
        }
        return row
    }

    /// How many refused purchases wait for an answer; nil for none.
    private func asked(
        of child: UserKey,
        by signed: Signed
    ) async throws(SiteFailure) -> Int? {
        guard let refusals = parts.purchases.refusals else { return nil }
        let waiting = try await asking {
            try await refusals.list(of: child, by: signed.user.key, at: now)
        }.count { $0.state == .waiting }
        return waiting > 0 ? waiting : nil
    }

    private func openChild(
        _ signed: Signed,
        _ form: Form,
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        var typed = ChildForm()
        typed.name = form.text("name")
        typed.userIdentifier = form.text("userIdentifier")
        typed.email = form.text("email")
        let (place, moment, child) = (address.of(request, context), now, typed)
        let outcome = try await asking {
            try await parts.users.openChild(child, by: signed.user.key, from: place, at: moment)
        }
        var problems = EntryProblems()
        switch outcome {
        case .checkMail: return SiteShell.seeOther(Self.childrenPath + "?opened=yes")
        case .throttled(let until): throw .tooMany(until: until)
        case .notGuardian: throw .forbidden
        case .tooManyChildren:
            problems.add(
                "name",
                "You look after as many children as one guardian can: \(FundingLimits.childrenMax)."
            )
        case .invalid(let errors):
            for error in errors { problems.add(error.field.rawValue, error.text) }
        }
        return try await childrenPage(
            signed,
            reader(request),
            typed: typed,
            problems: problems
        )
    }
}

extension ChildFieldError {
    /// A sentence beside the entry.
    fileprivate var text: String {
        switch field {
        case .userIdentifier: problem.text(.userIdentifier)
        case .email: problem.text(.email)
        case .name:
            switch problem {
            case .missing: "The name is missing."
            case .tooLong: "The name is too long."
            default: "The name has a sign that it cannot have."
            }
        }
    }
}
