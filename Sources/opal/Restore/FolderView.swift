// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Data folders that are looked at as one: parts of one in the place of parts of another. It holds
/// links, and nothing is written through them.
enum FolderView {
    /// Makes links in `view` to those parts of `folder` that it does not have.
    static func fill(_ view: DataFolder, from folder: DataFolder) throws {
        try FileManager.default.createDirectory(
            atPath: view.path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        for part in try parts(of: folder) {
            let link = "\(view.path)/\(part)"
            guard !FileManager.default.fileExists(atPath: link) else { continue }
            try FileManager.default.createSymbolicLink(
                atPath: link,
                withDestinationPath: "\(folder.path)/\(part)"
            )
        }
    }

    /// What a back-up of the folder would have, in order; empty where there is no folder.
    static func parts(of folder: DataFolder) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { !$0.hasPrefix(".") && !$0.hasPrefix(Restore.asidePrefix) }
            .sorted()
    }
}
