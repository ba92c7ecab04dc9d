// SPDX-License-Identifier: Apache-2.0

import Foundation
import Records
import RecordsSQLite

/// Backs a data folder up while its servers run: all databases as they stood at one moment, and
/// the files beside them.
package struct BackUpWriter {
    private let data: String
    private let destination: String
    private let withSecrets: Bool
    private let settings: String?

    /// Where the configuration file stands in a back-up.
    static let settingsPath = "configuration/opal.json"
    /// Names of back-ups sort by time.
    package static let prefix = "opal-"
    /// Begins the name of one that is being made.
    package static let partialPrefix = ".partial-"

    /// - Parameters:
    ///   - data: The data folder.
    ///   - destination: The folder in which the back-up gets a folder of its own; made where it is
    ///     not there.
    ///   - withSecrets: Whether key files, keys of certificates and passwords are in it.
    ///   - settings: A configuration file, which lies outside the data folder.
    package init(
        data: String,
        destination: String,
        withSecrets: Bool,
        settings: String? = nil
    ) {
        self.data = URL(fileURLWithPath: data).standardizedFileURL.path
        self.destination = URL(fileURLWithPath: destination).standardizedFileURL.path
        self.withSecrets = withSecrets
        self.settings = settings
    }

    /// Makes a back-up. It gets its name when it is whole; what was begun is removed where it
    /// fails.
    ///
    /// - Parameters:
    ///   - time: As in ISO 8601, UTC: `2026-11-28T09:15:00Z`.
    ///   - progress: Told the path of each file before it is copied.
    /// - Returns: Where it is, and what it holds.
    /// - Throws: Why there is none.
    package func write(
        time: String,
        progress: (String) -> Void = { _ in }
    ) throws(BackUpFailure) -> (path: String, manifest: BackUpManifest) {
        guard !"\(destination)/".hasPrefix("\(data)/") else { throw .insideData }
        let found = try DataFiles(of: data)
        guard !found.databases.isEmpty || !found.others.isEmpty else { throw .noData }
        try FileCopy.make(folder: destination)
        let name = freeName(time)
        let partial = "\(destination)/\(Self.partialPrefix)\(name)"
        let target = "\(destination)/\(name)"
        do throws(BackUpFailure) {
            try FileCopy.make(folder: partial)
            let manifest = try fill(partial, with: found, time, progress)
            try seal(partial, manifest)
            guard unsafe rename(partial, target) == 0 else { throw .unwritable(path: name) }
            try FileCopy.flush(folder: destination)
            return (target, manifest)
        } catch {
            try? FileManager.default.removeItem(atPath: partial)
            throw error
        }
    }

    /// A name that nothing in the destination has: two may be made in one second.
    private func freeName(_ time: String) -> String {
        let stem = Self.prefix + time.filter { $0.isLetter || $0.isNumber }
        let names = [stem] + (2...99).map { "\(stem)-\($0)" }
        return names.first { name in
            [name, Self.partialPrefix + name].allSatisfy {
                !FileManager.default.fileExists(atPath: "\(destination)/\($0)")
            }
        } ?? stem
    }

    private func fill(
        _ partial: String,
        with found: DataFiles,
        _ time: String,
        _ progress: (String) -> Void
    ) throws(BackUpFailure) -> BackUpManifest {
        var leftOut = found.leftOut
        // First, while the moment is not there yet: they do not change.
        var files: [BackUpManifest.File] = []
        var sources = Dictionary(found.others.map { ($0, "\(data)/\($0)") }) { first, _ in first }
        sources[Self.settingsPath] = settings ?? sources[Self.settingsPath]
        for (path, source) in sources.sorted(by: { $0.key < $1.key }) {
            guard withSecrets || !DataFiles.isSecret(path) else {
                leftOut.append(path)
                continue
            }
            progress(path)
            try FileCopy.make(folder: folder(of: "\(partial)/\(path)"))
            let done = try FileCopy.copy(source, to: "\(partial)/\(path)", as: path)
            files.append(file(path, done))
        }
        files += try databases(found.databases, to: partial, progress)
        try flushFolders(partial, files)
        return BackUpManifest(
            time: time,
            files: files.sorted { $0.path < $1.path },
            leftOut: leftOut.sorted(),
            keys: KeyNames.checkValues(in: data, of: found.others)
        )
    }

    private func databases(
        _ paths: [String],
        to partial: String,
        _ progress: (String) -> Void
    ) throws(BackUpFailure) -> [BackUpManifest.File] {
        guard let first = paths.first else { return [] }
        let cut: DatabaseCut
        do throws(StoreFailure) {
            cut = try DatabaseCut(of: paths.map { "\(data)/\($0)" })
        } catch {
            throw .database(path: paths.count == 1 ? first : "the databases", error)
        }
        defer { cut.close() }
        var files: [BackUpManifest.File] = []
        for path in paths {
            progress(path)
            try FileCopy.make(folder: folder(of: "\(partial)/\(path)"))
            var marks: DatabaseMarks
            var problems: [String]
            do throws(StoreFailure) {
                marks = try cut.marks(of: "\(data)/\(path)")
                problems = try cut.problems(of: "\(data)/\(path)")
                try cut.copy("\(data)/\(path)", to: "\(partial)/\(path)")
            } catch {
                throw .database(path: path, error)
            }
            var entry = file(path, try FileCopy.hash("\(partial)/\(path)", as: path))
            entry.marks = marks
            entry.problems = problems.isEmpty ? nil : problems
            files.append(entry)
        }
        return files
    }

    private func file(_ path: String, _ copied: FileCopy.Outcome) -> BackUpManifest.File {
        var status = stat()
        let isKnown = unsafe stat("\(data)/\(path)", &status) == 0
        return BackUpManifest.File(
            path: path,
            bytes: copied.bytes,
            sha256: copied.sha256,
            isPublic: isKnown && status.st_mode & 0o004 != 0
        )
    }

    private func folder(of path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    private func flushFolders(
        _ partial: String,
        _ files: [BackUpManifest.File]
    ) throws(BackUpFailure) {
        for path in Set(files.map { folder(of: "\(partial)/\($0.path)") }).sorted() {
            try FileCopy.flush(folder: path)
        }
    }

    /// The manifest, and last the check that makes the back-up whole.
    private func seal(_ partial: String, _ manifest: BackUpManifest) throws(BackUpFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(manifest) else {
            throw .unwritable(path: BackUpManifest.fileName)
        }
        let path = "\(partial)/\(BackUpManifest.fileName)"
        try FileCopy.write(data, to: path)
        let hash = try FileCopy.hash(path, as: BackUpManifest.fileName).sha256
        try FileCopy.flush(folder: partial)
        try FileCopy.write(
            Data("\(hash)  \(BackUpManifest.fileName)\n".utf8),
            to: "\(partial)/\(BackUpManifest.checkName)"
        )
        try FileCopy.flush(folder: partial)
    }
}
