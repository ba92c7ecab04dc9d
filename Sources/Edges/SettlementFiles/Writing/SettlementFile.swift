// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file that is there whole or not at all: it is written under another name, and takes its own
/// with ``keep()``. Without that, nothing is left behind.
package final class SettlementFile: ByteSink {
    private let path: String
    private let partial: String
    private let handle: FileHandle
    private var isKept = false

    /// - Parameter path: what is there already is replaced when the file is kept.
    /// - Throws: `.unwritableFile`.
    package init(path: String) throws(SettlementFileFailure) {
        self.path = path
        partial = path + ".part"
        // Who is paid what is nobody else's business.
        guard
            FileManager.default.createFile(
                atPath: partial,
                contents: nil,
                attributes: [.posixPermissions: 0o600]
            ), let handle = FileHandle(forWritingAtPath: partial)
        else { throw .unwritableFile }
        self.handle = handle
    }

    deinit {
        guard !isKept else { return }
        // Nothing can be done about a folder that has gone.
        try? FileManager.default.removeItem(atPath: partial)
    }

    package func write(_ bytes: [UInt8]) throws(SettlementFileFailure) {
        do {
            try handle.write(contentsOf: bytes)
        } catch { throw .unwritableFile }
    }

    /// Makes it durable under its own name.
    ///
    /// - Throws: `.unwritableFile`.
    package func keep() throws(SettlementFileFailure) {
        do {
            try handle.synchronize()
            try handle.close()
        } catch { throw .unwritableFile }
        guard unsafe rename(partial, path) == 0 else { throw .unwritableFile }
        isKept = true
        // The name is durable with its folder.
        let folder = URL(filePath: path).deletingLastPathComponent().path
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw .unwritableFile }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .unwritableFile }
    }
}
