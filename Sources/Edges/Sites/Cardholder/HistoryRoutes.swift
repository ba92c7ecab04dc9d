// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel

// History and statements: of the own card, of a child's, and of the card before either.
extension CardholderSite {
    func addHistoryRoutes(to router: Router<SiteContext>) {
        for isBefore in [false, true] {
            addOwnHistory(to: router, isBefore)
            addHistoryOfWard(to: router, isBefore)
        }
    }

    private func addOwnHistory(to router: Router<SiteContext>, _ isBefore: Bool) {
        let path = isBefore ? HistoryPlace.before : ""
        router.get("\(path)/history") { request, _ in
            try await withSession(request) { signed throws(SiteFailure) in
                let place = try await place(of: signed, isBefore: isBefore)
                return try await historyPage(place, signed, request)
            }
        }
        router.get("\(path)/history.csv") { request, _ in
            try await withSession(request) { signed throws(SiteFailure) in
                let place = try await place(of: signed, isBefore: isBefore)
                return try await historyFile(place.card, HistoryFilter(try Form.query(request)))
            }
        }
        router.get("\(path)/statement") { _, _ in
            SiteShell.seeOther("\(path)/statement/\(StatementMonth(of: now).text)")
        }
        router.get("\(path)/statement/:month") { request, context in
            let month = try month(context)
            return try await withSession(request) { signed throws(SiteFailure) in
                let place = try await place(of: signed, isBefore: isBefore)
                return try await statementPage(month, place, signed, reader(request))
            }
        }
    }

    private func addHistoryOfWard(to router: Router<SiteContext>, _ isBefore: Bool) {
        let path = "\(Self.childrenPath)/:child" + (isBefore ? HistoryPlace.before : "")
        router.get("\(path)/history") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let place = try await place(of: ward, isBefore: isBefore)
                return try await historyPage(place, signed, request)
            }
        }
        router.get("\(path)/history.csv") { request, context in
            try await withWard(request, context) { _, ward throws(SiteFailure) in
                let place = try await place(of: ward, isBefore: isBefore)
                return try await historyFile(place.card, HistoryFilter(try Form.query(request)))
            }
        }
        router.get("\(path)/statement/:month") { request, context in
            let month = try month(context)
            return try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let place = try await place(of: ward, isBefore: isBefore)
                return try await statementPage(month, place, signed, reader(request))
            }
        }
    }

    private func month(_ context: SiteContext) throws(SiteFailure) -> StatementMonth {
        guard let month = context.parameters.get("month").flatMap({ StatementMonth($0) }) else {
            throw .notFound
        }
        return month
    }
}
