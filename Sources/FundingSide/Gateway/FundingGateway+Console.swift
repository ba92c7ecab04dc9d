// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

// For the operator.
extension FundingGateway {
    /// What waits for its end, now.
    package struct Open: Equatable, Sendable {
        /// Requests whose answer is awaited.
        package var asked = 0
        /// Funds are held, and nobody has said whether the card was credited.
        package var approved = 0
        /// Advices and reversals that the network has not acknowledged, and of those how many it
        /// has refused.
        package var advices = 0
        package var reversals = 0
        package var refused = 0
        /// Records that do not open; nothing can be sent for them.
        package var damaged = 0

        package init() {}
    }

    package func open() async throws(GatewayFailure) -> Open {
        var open = Open()
        var cursor: [UInt8]?
        while true {
            let page: [Record]
            do throws(StoreFailure) {
                page = try await book.store.listOpen(
                    AuthorizationRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            } catch { throw .store(error) }
            for stored in page {
                guard let record = try? await book.open(stored).record else {
                    open.damaged += 1
                    continue
                }
                if record.refusedWith != nil { open.refused += 1 }
                switch record.state {
                case .asked: open.asked += 1
                case .approved: open.approved += 1
                case .completing: open.advices += 1
                case .reversing, .cancelling: open.reversals += 1
                case .declined, .verified, .completed, .reversed, .cancelled: break
                }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return open }
            cursor = last.key.bytes
        }
    }
}
