// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files of a data folder, sorted by what a back-up does with them.
struct DataFiles {
    /// Paths in the folder, in order.
    private(set) var databases: [String] = []
    private(set) var others: [String] = []
    /// Links, and what is neither file nor folder.
    private(set) var leftOut: [String] = []

    /// What belongs to a running program, and begins anew with the next one.
    private static let passingNames: Set<String> = ["lock"]
    private static let passingEndings = ["-wal", "-shm", "-journal"]

    init(of folder: String) throws(BackUpFailure) {
        try walk(folder, "")
    }

    /// Whether a file holds a private key or a password: those of parties, of certificates, and
    /// the passwords of a demo.
    static func isSecret(_ path: String) -> Bool {
        path.hasSuffix(".key") || path.hasSuffix("-password")
    }

    /// Hidden files are none of a party's: a restore, or the founding of a scheme, under way.
    private mutating func walk(_ folder: String, _ prefix: String) throws(BackUpFailure) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw prefix.isEmpty ? .noData : .unreadable(path: prefix)
        }
        for name in names where !Self.isPassing(name) {
            let (path, full) = (prefix + name, "\(folder)/\(name)")
            var status = stat()
            guard unsafe lstat(full, &status) == 0 else { throw .unreadable(path: path) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR where !name.hasPrefix("set-aside-"): try walk(full, path + "/")
            case S_IFDIR: leftOut.append(path)
            case S_IFREG where name.hasSuffix(".sqlite"): databases.append(path)
            case S_IFREG: others.append(path)
            default: leftOut.append(path)
            }
        }
    }

    private static func isPassing(_ name: String) -> Bool {
        name.hasPrefix(".") || passingNames.contains(name)
            || passingEndings.contains { name.hasSuffix(".sqlite" + $0) }
    }
}
