// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel

extension ClearingHouse {
    /// All payouts of a day in one currency, in the order of their numbers.
    func eachPayout(
        of day: BusinessDay,
        in currency: Currency,
        _ body: (Payout) async throws(SettlementFailure) -> Void
    ) async throws(SettlementFailure) {
        var last: UInt32 = 0
        while true {
            let page = try await SettlementFailure.books { () async throws(ClearingFailure) in
                try await payouts(of: day, after: last, limit: SettlementFolder.pageMax)
            }
            for payout in page where payout.account.currency == currency {
                try await body(payout)
            }
            guard page.count == SettlementFolder.pageMax, let end = page.last else { return }
            last = end.name.number
        }
    }
}
