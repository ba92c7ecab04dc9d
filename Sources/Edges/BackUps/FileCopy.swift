// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// Copies and hashes files piece by piece, and makes them durable.
package enum FileCopy {
    /// What has gone through.
    package struct Outcome: Equatable {
        package var bytes: Int64 = 0
        /// SHA-256, 64 hexadecimal digits.
        package var sha256 = ""
    }

    private static let pieceBytes = 1 << 20

    /// Reads a whole file. `path`: how a failure names it.
    static func hash(_ source: String, as path: String) throws(BackUpFailure) -> Outcome {
        try pass(source, as: path) { _ throws(BackUpFailure) in }
    }

    /// Copies a file to where none is, and flushes the copy.
    ///
    /// `path`: how a failure names it. `isPublic`: whether others may read the copy, by mode 0644
    /// instead of 0600.
    @discardableResult
    package static func copy(
        _ source: String,
        to target: String,
        as path: String,
        isPublic: Bool = false
    ) throws(BackUpFailure) -> Outcome {
        let mode: mode_t = isPublic ? 0o644 : 0o600
        let file = unsafe open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw .unwritable(path: path) }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        // Whatever the process's mask takes away.
        guard fchmod(file, mode) == 0 else { throw .unwritable(path: path) }
        let outcome = try pass(source, as: path) { piece throws(BackUpFailure) in
            guard (try? handle.write(contentsOf: piece)) != nil else {
                throw .unwritable(path: path)
            }
        }
        guard (try? handle.synchronize()) != nil else { throw .unwritable(path: path) }
        return outcome
    }

    /// Writes a small file to where none is, readable by its owner only, and flushes it.
    static func write(_ data: Data, to target: String) throws(BackUpFailure) {
        let name = URL(fileURLWithPath: target).lastPathComponent
        let file = unsafe open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unwritable(path: name) }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        guard (try? handle.write(contentsOf: data)) != nil, (try? handle.synchronize()) != nil
        else { throw .unwritable(path: name) }
    }

    /// Makes what was done in a folder durable: files made, renamed and removed.
    package static func flush(folder path: String) throws(BackUpFailure) {
        let file = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw .unwritable(path: path) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .unwritable(path: path) }
    }

    /// Makes a folder and those above it, mode 0700.
    static func make(folder path: String) throws(BackUpFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .unwritable(path: path)
        }
    }

    private static func pass(
        _ source: String,
        as path: String,
        _ body: (Data) throws(BackUpFailure) -> Void
    ) throws(BackUpFailure) -> Outcome {
        // A link could lead anywhere.
        let file = unsafe open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            throw errno == ENOENT ? .missing(path: path) : .unreadable(path: path)
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        var hash = SHA256()
        var outcome = Outcome()
        while true {
            let piece: Data?
            do {
                piece = try handle.read(upToCount: pieceBytes)
            } catch {
                throw .unreadable(path: path)
            }
            guard let piece, !piece.isEmpty else { break }
            hash.update(data: piece)
            outcome.bytes += Int64(piece.count)
            try body(piece)
        }
        outcome.sha256 = hexText(hash.finalize())
        return outcome
    }

    static func hexText(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }
}
