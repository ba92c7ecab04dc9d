// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The note in a data folder that a restore is putting things in their place: between its moves the
/// folder holds parts of two days.
struct RestoreNote {
    private let folder: DataFolder

    private var path: String { "\(folder.path)/.restore-under-way" }

    init(_ folder: DataFolder) {
        self.folder = folder
    }

    /// Where the restore sets aside what was there; nil where none is under way.
    func read() throws -> String? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try DataFolder.read(secret: path)
    }

    func write(_ aside: String) throws { try folder.write(secret: aside, to: path) }

    func remove() throws { try FileManager.default.removeItem(atPath: path) }

    /// - Throws: Where a restore was broken off.
    func check() throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        throw CommandFailure(
            "A restore into \(folder.path) was broken off. Run `opal restore` again, with "
                + "--replace: it goes on where it stopped."
        )
    }
}
