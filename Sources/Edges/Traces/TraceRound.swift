// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Synchronization

/// One turn of a round in the background, such as the settling of what is open. Nobody has caused
/// it, so that each of its items begins a trace: all that is asked about one transaction in one
/// turn is in the same one.
package final class TraceRound: Sendable {
    /// Items that are remembered; those beyond have a trace for each message.
    package static let itemsMax = 4096

    private let traces = Mutex<[TransactionIdentifier: TraceContext]>([:])

    package init() {}

    /// The trace of an item of this turn.
    ///
    /// `transaction`: nil for a message that is about none.
    package func trace(
        of transaction: TransactionIdentifier?,
        using random: inout some RandomNumberGenerator
    ) -> TraceContext {
        let begun = TraceContext.begun(using: &random)
        guard let transaction else { return begun }
        return traces.withLock { traces in
            if let known = traces[transaction] { return known }
            if traces.count < TraceRound.itemsMax { traces[transaction] = begun }
            return begun
        }
    }
}
