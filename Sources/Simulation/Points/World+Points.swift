// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
package import Merchant
import OPALServer
import Records

// What the members of a programme do, and the parties for them.
extension World {
    /// Orders something that no shop lists.
    package func order(
        _ article: Article,
        at shop: Int
    ) async throws(OrderFailure) -> MerchantModule.Ticket {
        try await merchant(shop).order(article, now: fates.now(of: .shop(shop)))
    }

    static func loyalty(
        _ plan: WorldPlan,
        _ shops: [Shop],
        _ fates: Fates,
        _ random: SeededRandom
    ) async throws(WorldFailure) -> LoyaltyHost? {
        guard plan.hasProgramme else { return nil }
        return try await LoyaltyHost(shops, pendingDays: plan.pendingDays, fates, random)
    }

    /// Lets the OPAL server know the programmes.
    func enterProgrammes() async throws(WorldFailure) {
        guard let loyalty else { return }
        let directory = ProgrammeDirectory(
            store: opalStore.inner,
            seals: Cardholders.seals(keys)
        )
        do throws(ProgrammeFailure) {
            for programme in loyalty.programmes {
                try await directory.put(.init(programme, peer: LoyaltyHost.peer))
            }
        } catch {
            throw .conflict
        }
    }

    /// One round of what the parties do for programmes by themselves.
    package func tidyPoints() async {
        guard let loyalty else { return }
        await loyalty.link.deliverLate()
        await loyalty.opalLink.deliverLate()
        await points?.round()
        await loyalty.round()
    }

    /// Whether nobody waits for what becomes of points.
    var arePointsQuiet: Bool {
        get async {
            guard let loyalty else { return true }
            guard loyalty.link.isIdle, loyalty.opalLink.isIdle else { return false }
            do throws(StoreFailure) {
                for (kind, store) in [
                    (EarnNoticeRecord.kind, opalStore), (LoyaltyRecords.enrolment, loyalty.store),
                    (LoyaltyRecords.posting, loyalty.store),
                ] where try await !store.inner.listOpen(kind, after: nil, limit: 1).isEmpty {
                    return false
                }
                return true
            } catch {
                return false
            }
        }
    }
}
