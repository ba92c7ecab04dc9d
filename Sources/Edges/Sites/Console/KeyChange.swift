// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// What two persons do with a key version (`docs/decisions/0035`, `0038`), with all that they
/// decide.
package enum KeyChange: Equatable, Sendable {
    /// Keys of a new version are made.
    case make(version: UInt8)
    /// New cards get the version from now on.
    case use(version: UInt8)
    /// Nothing is drawn from cards of the version behind `lastDay`, though `liveCards` have it.
    case retire(version: UInt8, lastDay: CardDate, liveCards: Int)
    /// A new KB is made, with which security cards sign their batches.
    case makeBatchKey(version: UInt8)
    /// Nothing new is taken that is signed with a KB; with `despiteBatches` whatever waits.
    case retireBatchKey(version: UInt8, despiteBatches: Bool)
    /// What is signed with a retired KB is taken again.
    case acceptBatchKey(version: UInt8)

    var kind: OperatorJournal.Act.Kind {
        switch self {
        case .make: .keyVersionMade
        case .use: .keyVersionUsed
        case .retire: .keyVersionRetired
        case .makeBatchKey: .batchKeyMade
        case .retireBatchKey: .batchKeyRetired
        case .acceptBatchKey: .batchKeyAccepted
        }
    }

    /// What stands in the journal: all that the second person agrees to.
    var words: String {
        switch self {
        case .make(let version), .use(let version), .makeBatchKey(let version),
            .acceptBatchKey(let version):
            return "version \(version)"
        case .retireBatchKey(let version, let despiteBatches):
            return despiteBatches ? "version \(version), whatever waits" : "version \(version)"
        case .retire(let version, let lastDay, let liveCards):
            let day = BCD.digits(UInt64(lastDay.bcd), count: 6)
            let end = "version \(version), last day \(day)"
            return liveCards > 0 ? "\(end), despite \(liveCards) live cards" : end
        }
    }
}

/// Whose keys two persons change.
package enum KeyOwner: Equatable, Sendable {
    case issuer(IssuerIdentifier)
    /// KB of the acquirer, which the clearing house shares.
    case acquirer

    /// Whether an operator of this role reaches them.
    func isReached(by role: OperatorRole) -> Bool {
        switch (role, self) {
        case (.everything, _), (.acquirer, .acquirer): true
        case (.issuer(let own), .issuer(let owner)): own == owner
        default: false
        }
    }
}
