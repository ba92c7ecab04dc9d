// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization

/// Behind which sale the next round of disputes begins, by issuer: however many are open, each is
/// come to. In memory alone, because a round may begin anywhere: after a start it begins anew.
final class DisputePlaces: Sendable {
    private let places = Mutex<[IssuerIdentifier: TransactionIdentifier]>([:])

    subscript(issuer: IssuerIdentifier) -> TransactionIdentifier {
        places.withLock { $0[issuer] ?? .unknown }
    }

    /// `transaction`: the last one that a round has come to; nil where it has come to the end.
    func set(_ transaction: TransactionIdentifier?, of issuer: IssuerIdentifier) {
        places.withLock { $0[issuer] = transaction }
    }
}
