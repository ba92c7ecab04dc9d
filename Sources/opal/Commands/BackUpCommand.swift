// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BackUps
import Foundation

struct BackUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back up the data folder, while its servers run.",
        discussion: """
            Copies the databases of all parties as they stood at one moment, with key files, \
            certificates and what else is in the data folder, into a new folder of the given one. \
            Its manifest has the SHA-256 of each file; a back-up without its manifest was broken \
            off. Key files stay as they are: sealed under their passphrase, where they have one.

            Exit code 0: all was copied. 1: a database was copied that has faults.
            """
    )

    private struct Summary: Encodable {
        let path: String
        let time: String
        let databases: Int
        let files: Int
        let bytes: Int64
        let leftOut: [String]
        let problems: [String]
    }

    @Argument(help: "The folder in which the back-up gets a folder of its own.")
    var destination: String
    @Flag(
        name: .long,
        help: "Leave out key files, keys of certificates and passwords; keep them elsewhere."
    )
    var withoutKeys = false
    @Option(name: .long, help: "The configuration file, to be backed up as well.")
    var config: String?
    @OptionGroup var options: DataOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        // Between its moves the folder holds parts of two days.
        try RestoreNote(options.folder).check()
        let writer = BackUpWriter(
            data: options.folder.path,
            destination: destination,
            withSecrets: !withoutKeys,
            settings: config
        )
        let done: (path: String, manifest: BackUpManifest)
        do throws(BackUpFailure) {
            done = try writer.write(time: BackUpTime.text(Date()))
        } catch {
            throw CommandFailure("\(error) There is no back-up.")
        }
        let problems = done.manifest.files.flatMap { file in
            (file.problems ?? []).map { "\(file.path): \($0)" }
        }
        try show(done.path, done.manifest, problems)
        if !problems.isEmpty { throw ExitCode(1) }
    }

    private func show(
        _ path: String,
        _ manifest: BackUpManifest,
        _ problems: [String]
    ) throws {
        let summary = Summary(
            path: path,
            time: manifest.time,
            databases: manifest.files.count { $0.marks != nil },
            files: manifest.files.count,
            bytes: manifest.files.reduce(0) { $0 + $1.bytes },
            leftOut: manifest.leftOut,
            problems: problems
        )
        if output.json { return try Output.json(summary) }
        print(
            "Backed up \(summary.files) files, \(summary.databases) of them databases, "
                + "\(summary.bytes) bytes: \(path)"
        )
        if !summary.leftOut.isEmpty {
            print("Left out: \(summary.leftOut.joined(separator: ", "))")
        }
        let open = manifest.files.map(\.path).filter {
            $0.hasSuffix("/module.key") && KeyNames.isOpen("\(path)/\($0)")
        }
        if !open.isEmpty {
            print(
                "These keys have no passphrase: \(open.joined(separator: ", ")). Who has this "
                    + "back-up has the cards. Keep it as you keep the keys, or use --without-keys."
            )
        }
        for problem in problems { print("Was copied with a fault: \(problem)") }
    }
}

/// How back-ups are dated: ISO 8601 with milliseconds, UTC.
enum BackUpTime {
    static func text(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
