// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import GRDBSQLite
import Records

extension StoreFailure {
    /// What a failure of SQLite means to a caller.
    ///
    /// The texts carry SQLite's code and message. Neither holds a bound value.
    ///
    /// - Parameters:
    ///   - error: What SQLite, or code of this store, has thrown.
    ///   - db: The connection that failed, where it still tells why the system refused.
    init(_ error: any Error, on db: Database? = nil) {
        if let failure = error as? StoreFailure {
            self = failure
            return
        }
        guard let error = error as? DatabaseError else {
            self = .unavailable(String(describing: type(of: error)))
            return
        }
        let code = error.extendedResultCode
        let text = "SQLite \(code.rawValue): \(error.message ?? "no message")"
        switch code.primaryResultCode {
        case .SQLITE_FULL:
            self = .diskFull
        case .SQLITE_IOERR where code != .SQLITE_IOERR_FSYNC && Self.hasNoRoom(db):
            self = .diskFull
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self = .locked
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self = .damaged(text)
        default:
            self = .unavailable(text)
        }
    }

    /// Whether the system's last refusal on this connection was for want of room.
    private static func hasNoRoom(_ db: Database?) -> Bool {
        guard let db, let connection = unsafe db.sqliteConnection else { return false }
        return unsafe [ENOSPC, EDQUOT].contains(sqlite3_system_errno(connection))
    }
}

/// Whether a flush failed. The kernel may have dropped the pages, and the next flush says nothing
/// of it: what the log holds is known again only after it has been read from the start.
func isFailedFlush(_ error: any Error) -> Bool {
    (error as? DatabaseError)?.extendedResultCode == .SQLITE_IOERR_FSYNC
}
