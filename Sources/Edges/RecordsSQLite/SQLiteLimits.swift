// SPDX-License-Identifier: Apache-2.0

/// The bounds of the SQLite store.
package enum SQLiteLimits {
    /// Transitions that may wait for a commit; above it the store refuses, because the disk does
    /// not keep up and waiting longer helps nobody.
    package static let waitingMax = 16_384
    /// How long a writer waits for a lock that another program holds, in seconds.
    package static let writerLockSecondsMax = 2.0
    /// The same for a reader. It is short because a read runs on its caller's thread.
    package static let readerLockSecondsMax = 0.25
    /// Pages of 4 KiB in the log after which SQLite copies it into the database. With SQLite's own
    /// 1000 about every eighth group of 64 pays for a copy; here a page that many commits touch is
    /// copied once. 64 MiB bound the pause of one copy and, as a rule, what a start after a crash
    /// reads; the log grows further only while a long read is under way.
    package static let checkpointPages = 16384
    /// Memory of the writing connection for pages, in KiB.
    package static let writerCacheKiB = 65_536
    /// Connections for single reads: as many as there are cores, within these bounds.
    package static let readers = 2...16
    /// Faults of the file that one check names at the most.
    package static let problemsMax = 20

    /// For how long the first of several locks is held until all are had, before all are released
    /// and it is tried again: well below ``writerLockSecondsMax``.
    package static let cutDuration = Duration.milliseconds(800)
    /// Between two looks whether a writer has left its lock, in microseconds.
    package static let cutPollMicroseconds: UInt32 = 100
    /// Looks for one lock; with ``cutPollMicroseconds`` about half a second.
    package static let cutPollsMax = 3000
    /// How often the locks are tried for together.
    package static let cutRoundsMax = 40
    /// Between two tries, in which the writers write what waits for them.
    package static let cutPauseMicroseconds: UInt32 = 250_000
    /// Pages that are copied at a time: 16 MiB.
    package static let backUpPages: Int32 = 4096
}
