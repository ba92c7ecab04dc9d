// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
import Records
import SecurityModule

/// What the programmes of the cards have to do with purchases.
package struct PurchasePoints: Sendable {
    package let programmes: ProgrammeDirectory
    package let expiry: PointsExpiry
    package let notices: EarnNotices

    package init(programmes: ProgrammeDirectory, expiry: PointsExpiry, notices: EarnNotices) {
        self.programmes = programmes
        self.expiry = expiry
        self.notices = notices
    }
}

extension Purchases {
    /// Why a merchant does not get these points, whoever pays: to be told before it is tried.
    ///
    /// - Returns: nil where it may take them, and for money.
    /// - Throws: `.storeUnavailable`.
    package func pointsRefusal(of terms: OrderTerms) async throws(Refusal) -> Refusal? {
        guard terms.amount.currency.isProgramme else { return nil }
        do throws(StoreFailure) {
            let entry = try await points?.programmes.find(terms.amount.currency)
            return entry?.programme.sites.contains(terms.merchant) ?? false
                ? nil : .programmeNotTaken
        } catch {
            throw .storeUnavailable
        }
    }

    /// Before a purchase in points: only a site of the programme takes them, and what has expired
    /// is taken out first.
    func preparePoints(_ terms: OrderTerms, on card: CardIdentifier) async throws(Refusal) {
        guard terms.amount.currency.isProgramme else { return }
        if let refusal = try await pointsRefusal(of: terms) { throw refusal }
        do throws(EmulatorFailure) {
            try await points?.expiry.expire(card)
        } catch {
            switch error {
            case .setBack, .module(.sealBroken): throw .cardDamaged
            case .conflict: throw .cardChanged
            case .store, .module: throw .storeUnavailable
            }
        }
    }
}
