// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A back-up that is whole by its manifest.
package struct BackUp: Sendable {
    package let path: String
    package let manifest: BackUpManifest

    /// Opens a back-up and checks its manifest; its files are not looked at.
    package init(_ path: String) throws(BackUpFailure) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        let manifest = "\(self.path)/\(BackUpManifest.fileName)"
        let check = "\(self.path)/\(BackUpManifest.checkName)"
        guard FileManager.default.fileExists(atPath: check) else {
            let name = URL(fileURLWithPath: self.path).lastPathComponent
            let isBegun =
                name.hasPrefix(BackUpWriter.partialPrefix)
                || FileManager.default.fileExists(atPath: manifest)
            throw isBegun ? .halfWritten : .notABackUp
        }
        let hash = try FileCopy.hash(manifest, as: BackUpManifest.fileName)
        guard hash.bytes <= BackUpManifest.bytesMax,
            let data = FileManager.default.contents(atPath: manifest),
            let text = FileManager.default.contents(atPath: check),
            String(decoding: text, as: UTF8.self)
                == "\(hash.sha256)  \(BackUpManifest.fileName)\n"
        else { throw .manifestChanged }
        guard let content = try? JSONDecoder().decode(BackUpManifest.self, from: data),
            content.form == BackUpManifest.form, content.isSafe
        else { throw .unknownForm }
        self.manifest = content
    }

    /// Checks that every file is what was written, and that there is no other.
    ///
    /// `progress`: told after each file.
    package func verify(progress: () -> Void = {}) throws(BackUpFailure) {
        let known = Set(manifest.files.map(\.path))
        let own = [BackUpManifest.fileName, BackUpManifest.checkName]
        let found = try DataFiles(of: path)
        for file in found.databases + found.others + found.leftOut
        where !known.contains(file) && !own.contains(file) {
            throw .added(path: file)
        }
        for file in manifest.files {
            try check(file, try FileCopy.hash("\(path)/\(file.path)", as: file.path))
            progress()
        }
    }

    /// Copies the files of some parts to where none are, flushed, and checks each copy.
    /// `folder` takes the place of the data folder.
    package func copy(_ parts: Set<String>, to folder: String) throws(BackUpFailure) {
        var folders: Set<String> = [folder]
        for file in manifest.files where parts.contains(file.part) {
            let target = "\(folder)/\(file.path)"
            let parent = URL(fileURLWithPath: target).deletingLastPathComponent().path
            try FileCopy.make(folder: parent)
            folders.insert(parent)
            let done = try FileCopy.copy(
                "\(path)/\(file.path)",
                to: target,
                as: file.path,
                isPublic: file.isPublic
            )
            try check(file, done)
        }
        for folder in folders { try FileCopy.flush(folder: folder) }
    }

    /// Key files, keys of certificates and passwords that it was made without.
    package var secretsLeftOut: [String] { manifest.leftOut.filter(DataFiles.isSecret) }

    /// Back-ups of the same scheme beside this one that were made later, oldest first.
    package func newerOnes() -> [BackUp] {
        let place = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        return names.compactMap { try? BackUp("\(place)/\($0)") }
            .filter {
                $0.manifest.time > manifest.time && $0.manifest.isOfSameScheme(as: manifest)
            }
            .sorted { $0.manifest.time < $1.manifest.time }
    }

    private func check(
        _ file: BackUpManifest.File,
        _ found: FileCopy.Outcome
    ) throws(BackUpFailure) {
        guard found == FileCopy.Outcome(bytes: file.bytes, sha256: file.sha256) else {
            throw .changed(path: file.path)
        }
    }
}
