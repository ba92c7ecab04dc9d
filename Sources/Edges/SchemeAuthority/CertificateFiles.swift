// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// PEM files in one folder.
struct CertificateFiles {
    /// A certificate or a key in PEM is about 1 kB; more is another file.
    static let fileBytesMax = 64 * 1024

    let folder: String

    func certificatePath(_ name: String) -> String { "\(folder)/\(name).pem" }
    func keyPath(_ name: String) -> String { "\(folder)/\(name).key" }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Creates the folder (0700) if it is not there.
    func makeFolder() throws(AuthorityFailure) {
        if exists(folder) { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .notWritable(path: folder)
        }
    }

    func readCertificate(_ name: String) throws(AuthorityFailure) -> String {
        try read(certificatePath(name))
    }

    /// - Throws: `.keyReadableByOthers` before anything is read.
    func readKey(_ name: String) throws(AuthorityFailure) -> String {
        let path = keyPath(name)
        if !exists(path) { throw .missing(path: path) }
        guard let mode = mode(of: path) else { throw .notReadable(path: path) }
        if mode & 0o077 != 0 { throw .keyReadableByOthers(path: path) }
        return try read(path)
    }

    private func mode(of path: String) -> Int? {
        // Through a symbolic link: what counts is the file that holds the key.
        let target = URL(filePath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        // An Int was put in, but a UInt or a bridged number comes out.
        return (attributes?[.posixPermissions] as? UInt).map { Int($0) }
    }

    private func read(_ path: String) throws(AuthorityFailure) -> String {
        if !exists(path) { throw .missing(path: path) }
        guard let data = try? Data(contentsOf: URL(filePath: path)),
            data.count <= Self.fileBytesMax
        else { throw .notReadable(path: path) }
        return String(decoding: data, as: UTF8.self)
    }

    func writeCertificate(_ pem: String, of name: String) throws(AuthorityFailure) {
        try write(pem, to: certificatePath(name), mode: 0o644)
    }

    func writeKey(_ pem: String, of name: String) throws(AuthorityFailure) {
        try write(pem, to: keyPath(name), mode: 0o600)
    }

    /// Writes beside and renames, so that a reader finds the old file, none, or the whole new one.
    /// The bytes come after the mode: at no moment can others read a key.
    private func write(_ text: String, to path: String, mode: Int) throws(AuthorityFailure) {
        let files = FileManager.default
        let beside = path + ".new"
        do {
            if exists(beside) { try files.removeItem(atPath: beside) }
            let isMade = files.createFile(
                atPath: beside,
                contents: Data(),
                attributes: [.posixPermissions: mode]
            )
            guard isMade, self.mode(of: beside) == mode else {
                throw AuthorityFailure.notWritable(path: path)
            }
            try Data(text.utf8).write(to: URL(filePath: beside))
            if exists(path) { try files.removeItem(atPath: path) }
            try files.moveItem(atPath: beside, toPath: path)
        } catch {
            try? files.removeItem(atPath: beside)
            throw .notWritable(path: path)
        }
    }
}
