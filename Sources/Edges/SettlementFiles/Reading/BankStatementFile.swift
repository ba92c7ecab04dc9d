// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// A bank's statement on disk. It is gone through once to know that it is whole and adds up, and
/// once more for what it says.
package final class BankStatementFile {
    /// SHA-256 of the whole file, 32 bytes: the same file is known again by it.
    package let digest: [UInt8]

    private let handle: FileHandle
    private let reader: BankStatementReader
    private var hash = SHA256()
    private var isAtEnd = false

    /// - Throws: why the file is not taken.
    package init(path: String) throws(BankStatementFailure) {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw .unreadable }
        let check = try BankStatementReader()
        var hash = SHA256()
        while let piece = try BankStatementFile.read(handle) {
            hash.update(data: piece)
            _ = try check.feed(piece[...])
        }
        _ = try check.finish()
        do {
            try handle.seek(toOffset: 0)
        } catch { throw .unreadable }
        digest = Array(hash.finalize())
        reader = try BankStatementReader()
        self.handle = handle
    }

    /// What the next piece of the file says; may be empty in the middle of it.
    ///
    /// - Throws: `.unreadable` if the file is not the one it was.
    /// - Returns: nil behind the end.
    package func next() throws(BankStatementFailure) -> [BankStatementEvent]? {
        guard !isAtEnd else { return nil }
        if let piece = try BankStatementFile.read(handle) {
            hash.update(data: piece)
            return try reader.feed(piece[...])
        }
        isAtEnd = true
        guard Array(hash.finalize()) == digest else { throw .unreadable }
        return try reader.finish()
    }

    private static func read(_ handle: FileHandle) throws(BankStatementFailure) -> [UInt8]? {
        do {
            let piece = try handle.read(upToCount: SettlementLimits.readPieceBytes)
            guard let piece, !piece.isEmpty else { return nil }
            return Array(piece)
        } catch { throw .unreadable }
    }
}
