// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The note in a data folder that a restore is putting things in their place: between its moves the
/// folder holds parts of two days.
struct RestoreNote {
    struct Content: Codable, Equatable {
        /// Where the restore sets aside what was there.
        var aside: String
        /// The back-up, and when it was made.
        var backUp: String
        var time: String
        /// What it restores, sorted.
        var parts: [String]
    }

    private let folder: DataFolder

    private var path: String { "\(folder.path)/.restore-under-way" }

    init(_ folder: DataFolder) {
        self.folder = folder
    }

    /// The restore that is under way; nil where none is.
    ///
    /// - Throws: Where the note cannot be read.
    func read() throws -> Content? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path),
            let content = try? JSONDecoder().decode(Content.self, from: data)
        else {
            throw CommandFailure(
                "\(path) cannot be read: which restore was broken off is not known. See "
                    + "docs/handbook/restore.md."
            )
        }
        return content
    }

    func write(_ content: Content) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(content), as: UTF8.self)
        try folder.write(secret: text, to: path)
    }

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
