// SPDX-License-Identifier: Apache-2.0

package import RecordsSQLite

/// What a back-up holds: `manifest.json` in it. `manifest.sha256` beside it has its SHA-256 in the
/// form of `sha256sum`, is written last, and makes the back-up whole.
package struct BackUpManifest: Codable, Equatable, Sendable {
    package static let form = "OPAL back-up 1"
    static let fileName = "manifest.json"
    static let checkName = "manifest.sha256"
    /// A manifest has some kilobytes.
    static let bytesMax = 16 * 1024 * 1024

    package struct File: Codable, Equatable, Sendable {
        /// In the data folder; folders are divided by `/`.
        package var path: String
        package var bytes: Int64
        /// 64 hexadecimal digits.
        package var sha256: String
        /// Whether others may read it where it is restored; in the back-up nobody else may.
        package var isPublic: Bool
        /// Of a database.
        package var marks: DatabaseMarks?
        /// What SQLite found to be wrong with a database when it was copied.
        package var problems: [String]?

        /// The part of the data folder that it belongs to: a party's folder, for instance.
        package var part: String { String(path.prefix { $0 != "/" }) }
    }

    package var form = BackUpManifest.form
    /// When it was made, as in ISO 8601, UTC.
    package var time: String
    /// In the order of their paths.
    package var files: [File]
    /// Files that were left out: private keys where they were not wanted, links to elsewhere.
    package var leftOut: [String]
    /// Which local master key opens a party's data: check values, by the path of the key file.
    package var keys: [String: String]

    package init(time: String, files: [File], leftOut: [String], keys: [String: String]) {
        self.time = time
        self.files = files
        self.leftOut = leftOut
        self.keys = keys
    }

    /// What can be restored by itself: the folders and files right in the data folder.
    package var parts: [String] { Set(files.map(\.part)).sorted() }

    /// Whether both are of one scheme: a party has the same master key in both.
    package func isOfSameScheme(as other: BackUpManifest) -> Bool {
        keys.contains { other.keys[$0.key] == $0.value }
    }

    /// Whether every path stays where it belongs.
    var isSafe: Bool {
        files.allSatisfy { file in
            let names = file.path.split(separator: "/", omittingEmptySubsequences: false)
            return file.bytes >= 0
                && names.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") }
        } && Set(files.map(\.path)).count == files.count
    }
}
