// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A folder for what must survive a crash of the terminal: one small file for each thing, readable
/// by its owner only. One process has it at a time.
package final class PaymentFiles: Sendable {
    private let folder: String
    private let lock: Int32

    private static let ending = ".payment"
    /// Files that are looked at; there is hardly ever more than one.
    private static let filesMax = 100

    /// The folder of this user (XDG Base Directory Specification): below `XDG_STATE_HOME`, or below
    /// `.local/state` at home.
    ///
    /// - Throws: `.notSaved` where there is no home.
    package static func folder(
        in environment: [String: String]
    ) throws(TerminalFailure) -> String {
        // What is no absolute path is to be passed over.
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return state + "/opal/payments"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw .notSaved(
                "There is no home folder to remember an open payment in: set XDG_STATE_HOME."
            )
        }
        return home + "/.local/state/opal/payments"
    }

    /// Makes the folder where there is none, and takes its lock.
    ///
    /// - Throws: `.notSaved` where it cannot be used, or where another process has it.
    package init(folder: String) throws(TerminalFailure) {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .notSaved("\(folder) cannot be made, where an open payment is remembered.")
        }
        lock = unsafe open(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else {
            throw .notSaved("Nothing can be written in \(folder), for an open payment.")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .notSaved("Another opal pay --reader is at work. Wait until it has ended.")
        }
    }

    deinit {
        close(lock)
    }

    /// The names of what is kept.
    package func names() throws(TerminalFailure) -> [String] {
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw .notSaved("\(folder) cannot be read, where an open payment is remembered.")
        }
        return files.filter { $0.hasSuffix(Self.ending) }.sorted().prefix(Self.filesMax)
            .map { String($0.dropLast(Self.ending.utf8.count)) }
    }

    package func read(_ name: String, bytesMax: Int) throws(TerminalFailure) -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path(name)),
            let data = try? handle.read(upToCount: bytesMax + 1), data.count <= bytesMax
        else { throw .notSaved("\(path(name)) cannot be read: it holds an open payment.") }
        return Array(data)
    }

    /// Writes a file as a whole: after a crash there is the old one or the new one.
    package func write(_ name: String, _ bytes: [UInt8]) throws(TerminalFailure) {
        let partial = folder + "/." + name + ".part"
        let failure = TerminalFailure.notSaved(
            "Nothing can be written in \(folder), where an open payment is remembered."
        )
        unsafe unlink(partial)
        let descriptor = unsafe open(
            partial,
            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
            0o600
        )
        guard descriptor >= 0 else { throw failure }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(bytes))
            try handle.synchronize()
            try handle.close()
        } catch {
            unsafe unlink(partial)
            throw failure
        }
        guard unsafe rename(partial, path(name)) == 0 else { throw failure }
        try synchronize()
    }

    package func remove(_ name: String) throws(TerminalFailure) {
        guard unsafe unlink(path(name)) == 0 || errno == ENOENT else {
            throw .notSaved("\(path(name)) cannot be removed; its payment is settled.")
        }
        try synchronize()
    }

    /// Makes the names in the folder durable.
    private func synchronize() throws(TerminalFailure) {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw .notSaved("\(folder) cannot be written to the disk.")
        }
    }

    private func path(_ name: String) -> String { folder + "/" + name + Self.ending }
}
