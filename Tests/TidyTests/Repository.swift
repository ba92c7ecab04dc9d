// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file of the repository.
struct RepositoryFile {
    /// Below the repository, with `/`.
    let path: String
    let text: String
    /// The lines as they are written.
    let lines: [String]
    /// The lines without comments and texts; of a Swift file alone.
    let code: [String]

    var isSwift: Bool { path.hasSuffix(".swift") }

    func isIn(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }

    init(_ path: String, _ text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code = path.hasSuffix(".swift") ? SourceText(text).lines : []
    }
}

/// What the rules are held against.
enum Repository {
    static let files: [RepositoryFile] = read()

    static var swift: [RepositoryFile] { files.filter(\.isSwift) }

    private static let endings: Set<String> = [
        "swift", "md", "py", "sh", "css", "js", "mustache", "sql", "yml", "",
    ]
    /// What a build or a run leaves behind.
    private static let skipped: Set<String> = ["build", "data", "__pycache__"]

    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Text files that somebody wrote; the order does not depend on the file system.
    private static func read() -> [RepositoryFile] {
        guard
            let walk = FileManager.default.enumerator(
                at: root,
                includingPropertiesForKeys: nil,
                options: .skipsHiddenFiles
            )
        else { return [] }
        let rootLength = root.standardizedFileURL.pathComponents.count
        var found: [RepositoryFile] = []
        for case let url as URL in walk {
            if skipped.contains(url.lastPathComponent) {
                walk.skipDescendants()
                continue
            }
            guard endings.contains(url.pathExtension),
                let text = try? String(contentsOf: url, encoding: .utf8)
            else { continue }
            let below = url.standardizedFileURL.pathComponents.dropFirst(rootLength)
            found.append(RepositoryFile(below.joined(separator: "/"), text))
        }
        return found.sorted { $0.path < $1.path }
    }
}
