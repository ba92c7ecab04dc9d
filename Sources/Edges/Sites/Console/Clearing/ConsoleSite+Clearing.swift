// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Hummingbird
import Kernel

// The pages of the clearing house.
extension ConsoleSite {
    func addClearingPages(_ clearing: ConsoleParts.Clearing, to router: Router<SiteContext>) {
        let pages = ConsoleClearing(self, clearing)
        get("/clearing", on: router) { visit in try await pages.show(visit) }
        let payout = ConsolePayout(self, clearing)
        get("/clearing/payouts/:reference", on: router) { visit in try await payout.show(visit) }
        get("/clearing/payouts/:reference/report.csv", on: router) { visit in
            try await payout.csv(visit)
        }
        get("/clearing/payouts/:reference/report.pdf", on: router) { visit in
            try await payout.pdf(visit)
        }
        if clearing.merchant != nil || clearing.part == nil {
            addDisputePages(clearing, to: router)
        }
        guard clearing.merchant == nil else { return }
        get("/clearing/days/:day", on: router) { visit in try await pages.showDay(visit) }
        let suspense = ConsoleSuspense(self, clearing)
        get("/clearing/suspense", on: router) { visit in try await suspense.list(visit) }
        guard clearing.part == nil else { return }
        post("/clearing/close", on: router) { visit in try await pages.close(visit) }
        post("/clearing/payouts/:reference/return", on: router) { visit in
            try await payout.giveBack(visit)
        }
        post("/clearing/suspense/:place/release", on: router) { visit in
            try await suspense.release(visit)
        }
        post("/clearing/suspense/:place/reject", on: router) { visit in
            try await suspense.reject(visit)
        }
    }

    private func addDisputePages(
        _ clearing: ConsoleParts.Clearing,
        to router: Router<SiteContext>
    ) {
        let disputes = ConsoleMerchantDisputes(self, clearing)
        get("/clearing/disputes", on: router) { visit in try await disputes.list(visit) }
        get("/clearing/disputes/:transaction", on: router) { visit in
            try await disputes.show(visit)
        }
        post("/clearing/disputes/:transaction/answer", on: router) { visit in
            try await disputes.answer(visit)
        }
    }

    /// Written down before it is done.
    func write(
        _ kind: OperatorJournal.Act.Kind,
        _ visit: Visit,
        about what: String = ""
    ) async throws(SiteFailure) {
        do throws(OperatorFailure) {
            try await operators.journal.writeOnClearing(
                OperatorJournal.Act(kind, at: visit.now, by: visit.session.name, reason: what)
            )
        } catch {
            throw .unavailable(error)
        }
    }
}
