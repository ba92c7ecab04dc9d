// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer

// The pages of the loyalty server.
extension ConsoleSite {
    func addLoyaltyPages(_ loyalty: ConsoleParts.Loyalty, to router: Router<SiteContext>) {
        let programmes = ConsoleProgrammes(self, loyalty)
        get("/programmes", on: router) { visit in try await programmes.list(visit) }
        post("/programmes", on: router) { visit in try await programmes.create(visit) }
        get("/programmes/:code", on: router) { visit in try await programmes.show(visit) }
        let files = ConsoleEarnFiles(self, loyalty)
        get("/programmes/:code/issue", on: router) { visit in try await files.ask(visit) }
        upload("/programmes/:code/issue", on: router) { visit in try await files.receive(visit) }
        get("/programmes/:code/files/:digest", on: router) { visit in try await files.show(visit) }
        get("/programmes/:code/files/:digest/refused.csv", on: router) { visit in
            try await files.refusedFile(visit)
        }
        let members = ConsoleMembers(self, loyalty)
        get("/programmes/:code/members", on: router) { visit in try await members.list(visit) }
        look("/programmes/:code/members/find", on: router) { visit in
            try await members.find(visit)
        }
        get("/programmes/:code/members/:member", on: router) { visit in
            try await members.show(visit)
        }
        let journal = ConsoleProgrammeJournal(self, loyalty)
        get("/programmes/:code/journal", on: router) { visit in try await journal.show(visit) }
        let benefits = ConsoleBenefits(self, loyalty)
        get("/redemptions", on: router) { visit in try await benefits.redemptions(visit) }
        get("/benefits", on: router) { visit in try await benefits.list(visit) }
        post("/benefits", on: router) { visit in try await benefits.put(visit) }
        get("/benefits/:benefit", on: router) { visit in try await benefits.show(visit) }
        post("/benefits/:benefit", on: router) { visit in try await benefits.change(visit) }
        post("/benefits/:benefit/restock", on: router) { visit in
            try await benefits.restock(visit)
        }
        post("/benefits/:benefit/withdraw", on: router) { visit in
            try await benefits.setWithdrawn(true, visit)
        }
        post("/benefits/:benefit/offer", on: router) { visit in
            try await benefits.setWithdrawn(false, visit)
        }
    }

    /// The programme that the address names.
    func programme(
        _ visit: Visit,
        _ loyalty: ConsoleParts.Loyalty
    ) async throws(SiteFailure) -> ProgrammeRecord {
        guard let code = ProgrammeEntry.code(visit.context.parameters.get("code") ?? "") else {
            throw .notFound
        }
        do throws(LoyaltyFailure) {
            return try await loyalty.module.programme(code)
        } catch .unknownProgramme { throw .notFound } catch { throw SiteFailure(error) }
    }

    /// All programmes by their codes.
    func programmes(
        _ loyalty: ConsoleParts.Loyalty
    ) async throws(SiteFailure) -> [ProgrammeRecord] {
        try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await loyalty.module.programmes()
        }
    }

    /// Written down before it is done.
    func write(
        _ kind: OperatorJournal.Act.Kind,
        on programme: Currency,
        _ visit: Visit,
        about what: String = ""
    ) async throws(SiteFailure) {
        do throws(OperatorFailure) {
            try await operators.journal.write(
                OperatorJournal.Act(kind, at: visit.now, by: visit.session.name, reason: what),
                onProgramme: programme
            )
        } catch {
            throw .unavailable(error)
        }
    }
}
