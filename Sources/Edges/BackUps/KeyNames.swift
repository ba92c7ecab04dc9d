// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the files of local master keys say without being opened.
package enum KeyNames {
    private struct Content: Decodable {
        let check: String?
        let salt: String?
    }

    static let keyFile = "module.key"

    /// Check values by the paths of the key files among `paths`.
    static func checkValues(in folder: String, of paths: [String]) -> [String: String] {
        var values: [String: String] = [:]
        for path in paths where path.hasSuffix("/\(keyFile)") {
            values[path] = content("\(folder)/\(path)")?.check
        }
        return values
    }

    /// Whether a key file opens without a passphrase: who has it has the key.
    package static func isOpen(_ path: String) -> Bool {
        content(path).map { $0.salt == nil } ?? false
    }

    /// The check value that a key file names.
    package static func checkValue(_ path: String) -> String? { content(path)?.check }

    private static func content(_ path: String) -> Content? {
        FileManager.default.contents(atPath: path)
            .flatMap { try? JSONDecoder().decode(Content.self, from: $0) }
    }
}
