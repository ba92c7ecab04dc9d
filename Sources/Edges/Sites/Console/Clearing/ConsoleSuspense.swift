// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Hummingbird
import Kernel

/// The console's page of sales that were set aside, and what an operator decides on them.
struct ConsoleSuspense: Sendable {
    let site: ConsoleSite
    let clearing: ConsoleParts.Clearing

    init(_ site: ConsoleSite, _ clearing: ConsoleParts.Clearing) {
        self.site = site
        self.clearing = clearing
    }

    /// Who sees a part alone looks.
    private var acts: Bool { clearing.part == nil && site.role.acts }

    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await page(visit)
    }

    private func page(
        _ visit: ConsoleSite.Visit,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        let after = BatchPlace(reference: visit.form.text("after"))
        let waiting = try await clearingStep { () async throws(ClearingFailure) in
            try await clearing.suspended(after: after, limit: ConsoleLimits.pageRows)
        }
        var values: [String: Any] = ["clearingHref": "/clearing"]
        if !waiting.items.isEmpty {
            values["waiting"] = ["rows": waiting.items.map { row($0, visit) }]
        }
        if let next = waiting.next {
            values["pager"] = [
                "summary": "\(waiting.items.count) on this page",
                "next": "/clearing/suspense?after=\(next.reference)",
            ]
        }
        if acts { values["acts"] = true }
        return site.response(
            "console/suspense",
            values,
            visit,
            current: "/clearing",
            notice: notice
        )
    }

    private func row(_ waiting: SuspendedSale, _ visit: ConsoleSite.Visit) -> [String: Any] {
        var row: [String: Any] = [
            "transaction": waiting.sale.transaction.text,
            "href": "/transactions/\(waiting.sale.transaction.text)",
            "time": visit.reader.time(waiting.since), "card": waiting.sale.card.masked,
            "merchant": waiting.sale.merchant.text,
            "amount": visit.reader.amount(waiting.sale.amount), "reason": waiting.reason.words,
        ]
        if acts {
            let place = "/clearing/suspense/\(waiting.place.reference)"
            row["acts"] = ["releaseHref": "\(place)/release", "rejectHref": "\(place)/reject"]
        }
        return row
    }

    // MARK: Decisions, written down before they are made, and not where they cannot be

    func release(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let place = try place(visit)
        do throws(ClearingFailure) {
            try await clearing.house.checkRelease(place, now: visit.now)
        } catch { return try await told(error, visit) }
        try await site.write(.saleReleased, visit, about: place.reference)
        do throws(ClearingFailure) {
            try await clearing.house.release(place, by: visit.session.name.text, now: visit.now)
        } catch { return try await told(error, visit) }
        return SiteShell.seeOther("/clearing/suspense")
    }

    func reject(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let place = try place(visit)
        do throws(ClearingFailure) {
            try await clearing.house.checkReject(place)
        } catch { return try await told(error, visit) }
        try await site.write(.saleRejected, visit, about: place.reference)
        do throws(ClearingFailure) {
            try await clearing.house.reject(place, by: visit.session.name.text, now: visit.now)
        } catch { return try await told(error, visit) }
        return SiteShell.seeOther("/clearing/suspense")
    }

    /// Why a decision was not made.
    private func told(
        _ failure: ClearingFailure,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        switch failure {
        case .stillSuspended(let reason):
            let text = "It is not cleared: \(reason.words). Nothing was changed."
            return try await page(visit, notice: Page.Notice(.bad, text))
        case .issuerSilent:
            let text = "Its issuer does not answer. Nothing was changed; try again later."
            return try await page(visit, notice: Page.Notice(.bad, text))
        case .suspenseEnded: return try await page(visit, notice: Self.ended)
        case .notSuspended: throw .notFound
        default: throw SiteFailure(failure)
        }
    }

    private static let ended = Page.Notice(
        .plain,
        "Somebody has decided this before. Nothing was changed."
    )

    private func place(_ visit: ConsoleSite.Visit) throws(SiteFailure) -> BatchPlace {
        let reference = visit.context.parameters.get("place") ?? ""
        guard let place = BatchPlace(reference: reference) else { throw .notFound }
        return place
    }
}

extension BatchPlace {
    private static let separator: Character = "-"

    /// Security card, batch and index, for addresses.
    var reference: String { text(Self.separator) }

    /// - Returns: nil for a text that is no place.
    init?(reference: String) {
        self.init(reference, Self.separator)
    }
}

extension SuspenseReason {
    /// Why a sale was set aside, for people.
    package var words: String {
        switch self {
        case .issuer(.proved): "its issuer has proved it"
        case .issuer(.forged): "its issuer says that it is forged"
        case .issuer(.unknownCard): "its issuer does not know the card"
        case .issuer(.numberUsedTwice): "the card has paid another sale with this number"
        case .issuer(.recovered): "its value was put back on the card"
        case .issuer(.unknownKeyVersion): "its issuer has no such key version"
        case .alreadyCleared: "the transaction was cleared before"
        case .securityCardNumberUsedTwice: "the security card has used the number before"
        case .unknownMerchant: "the merchant is not known, or is another acquirer's"
        case .noAccount: "the merchant has no account in this currency"
        case .noPool: "the issuer has no pool in this currency"
        case .unknownIssuer: "the issuer is not known"
        case .timeWrong: "it is later than its batch"
        case .keyVersionEnded: "its key version had ended"
        }
    }
}
