// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What an operator has to know of a batch that does not get to the clearing house.
package enum BatchAlarm: Hashable, Sendable {
    /// It was not taken. It is kept, and offered again.
    case refused(BatchName, BatchRefusal)
    /// A sale of it is not here yet: its security card has counted it on another host, and it has
    /// not been told so far.
    case incomplete(BatchName, missing: UInt32)
    /// Its record, or one of its sales, does not open.
    case damaged(BatchName)
    /// A security card cannot close its batch: it has no KB, or its memory does not go with the
    /// batches on record.
    case notClosed(SecurityCardIdentifier)
}
