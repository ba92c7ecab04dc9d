// SPDX-License-Identifier: Apache-2.0

import Instrumentation
package import Kernel
import Synchronization

/// The transaction that a piece of work is about, as soon as somebody knows it: the edge that has
/// read a message, or the page that has read its form. The first one counts.
package final class TraceSubject: Sendable {
    private let known: Mutex<TransactionIdentifier?>

    /// `transaction`: nil where it is not known yet.
    package init(_ transaction: TransactionIdentifier? = nil) {
        known = Mutex(transaction)
    }

    package var transaction: TransactionIdentifier? { known.withLock { $0 } }

    package func note(_ transaction: TransactionIdentifier) {
        known.withLock { known in
            if known == nil && transaction != .unknown { known = transaction }
        }
    }

    /// Says what the work of this task is about, for its log lines. Elsewhere it does nothing.
    package static func note(_ transaction: TransactionIdentifier) {
        ServiceContext.current?.subject?.note(transaction)
    }
}
