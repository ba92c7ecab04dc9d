// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// What two persons do with a key version of an issuer (`docs/decisions/0035`), with all that they
/// decide.
package enum KeyChange: Equatable, Sendable {
    /// Keys of a new version are made.
    case make(version: UInt8)
    /// New cards get the version from now on.
    case use(version: UInt8)
    /// Nothing is drawn from cards of the version behind `lastDay`, though `liveCards` have it.
    case retire(version: UInt8, lastDay: CardDate, liveCards: Int)

    var kind: OperatorJournal.Act.Kind {
        switch self {
        case .make: .keyVersionMade
        case .use: .keyVersionUsed
        case .retire: .keyVersionRetired
        }
    }

    /// What stands in the journal: all that the second person agrees to.
    var words: String {
        switch self {
        case .make(let version), .use(let version): return "version \(version)"
        case .retire(let version, let lastDay, let liveCards):
            let day = BCD.digits(UInt64(lastDay.bcd), count: 6)
            let end = "version \(version), last day \(day)"
            return liveCards > 0 ? "\(end), despite \(liveCards) live cards" : end
        }
    }
}
