// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An earn file on disk, read a piece at a time: once to know which file it is, and once for its
/// lines. It is never in memory as a whole.
package struct EarnFile: Sendable {
    /// As people call it.
    package let name: String
    package let scan: EarnFileScan.Result

    private let handle: FileHandle

    static let pieceBytes = 1 << 20

    /// Reads the file at a path.
    package init(path: String) throws(EarnFileFailure) {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw .unreadable }
        var scan = EarnFileScan()
        while let piece = try EarnFile.read(handle) { scan.add(piece) }
        guard let result = scan.end() else { throw .empty }
        self.init(handle, name: URL(fileURLWithPath: path).lastPathComponent, result)
    }

    /// `handle`: of the whole file, which was gone through.
    init(_ handle: FileHandle, name: String, _ scan: EarnFileScan.Result) {
        self.handle = handle
        self.name = name
        self.scan = scan
    }

    /// The lines from one on; only one reader at a time.
    package func lines(skipping count: UInt64) throws(EarnFileFailure) -> EarnFileLines {
        do {
            try handle.seek(toOffset: 0)
        } catch { throw .unreadable }
        var lines = EarnFileLines(handle)
        // And the header.
        var rest = count + 1
        while rest > 0 {
            let skipped = try lines.next(Int(min(rest, 10_000))).count
            if skipped == 0 { break }
            rest -= UInt64(skipped)
        }
        return lines
    }

    /// - Returns: nil at the end.
    static func read(_ handle: FileHandle) throws(EarnFileFailure) -> [UInt8]? {
        do {
            guard let piece = try handle.read(upToCount: pieceBytes), !piece.isEmpty else {
                return nil
            }
            return Array(piece)
        } catch { throw .unreadable }
    }
}

/// The lines of a file, one after the other.
package struct EarnFileLines: Sendable {
    private let handle: FileHandle
    private var splitter = LineSplitter()
    private var isAtEnd = false

    init(_ handle: FileHandle) {
        self.handle = handle
    }

    /// The next lines without line feeds; fewer at the end, and none behind it.
    package mutating func next(_ count: Int) throws(EarnFileFailure) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        lines.reserveCapacity(count)
        while lines.count < count {
            if let line = splitter.next() {
                lines.append(line)
            } else if isAtEnd {
                if let last = splitter.last() { lines.append(last) }
                break
            } else if let piece = try EarnFile.read(handle) {
                splitter.add(piece)
            } else {
                isAtEnd = true
            }
        }
        return lines
    }
}

/// What is wrong with an earn file as a file.
package enum EarnFileFailure: Error, Equatable, Sendable {
    case empty
    /// It cannot be opened, read or written.
    case unreadable
    /// It has fewer lines than when it was gone through.
    case changed
}
