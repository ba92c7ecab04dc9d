// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// Where the data are, and how the key files are opened.
struct DataOptions: ParsableArguments {
    @Option(name: .long, help: "The data folder.")
    var data = ProcessInfo.processInfo.environment["OPAL_DATA"] ?? "data"

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A file with the passphrase of the key files, if they have one.",
            discussion: "Also by the environment variable OPAL_PASSPHRASE_FILE."
        )
    )
    var passphraseFile: String?

    var folder: DataFolder { DataFolder(data) }

    func passphrase() throws -> String? {
        try (passphraseFile ?? ProcessInfo.processInfo.environment["OPAL_PASSPHRASE_FILE"])
            .map(DataFolder.read(secret:))
    }
}

/// What mails to holders need to know.
struct MailOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "The OPAL server's JSON file of settings, whose card site the mails name."
    )
    var config: String?
}

/// For programs that read the output.
struct JSONOption: ParsableArguments {
    @Flag(name: .long, help: "Print JSON instead of a table.")
    var json = false
}

/// Prints values for people or for programs.
enum Output {
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A table with aligned columns.
    static func table(_ header: [String], _ rows: [[String]]) {
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        for row in [header] + rows {
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            print(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
        }
    }
}
