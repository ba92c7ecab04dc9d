// SPDX-License-Identifier: Apache-2.0

import Records
import RecordsSQLite

/// One database by itself, which nobody writes to.
enum DatabaseCopy {
    static func copy(_ source: String, to target: String) throws(StoreFailure) {
        let cut = try DatabaseCut(of: [source])
        defer { cut.close() }
        try cut.copy(source, to: target)
    }

    static func marks(of source: String) throws(StoreFailure) -> DatabaseMarks {
        let cut = try DatabaseCut(of: [source])
        defer { cut.close() }
        return try cut.marks(of: source)
    }
}
