// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import LoyaltyServer

/// An earn file on disk, read a piece at a time: twice, once to know which file it is, and once for
/// its lines. It is never in memory as a whole.
struct EarnFile {
    let path: String
    let name: String
    /// SHA-256 of the whole file.
    let digest: [UInt8]
    let header: ArraySlice<UInt8>
    /// Without the header.
    let lineCount: UInt64

    fileprivate static let pieceBytes = 1 << 20
    /// A longer line is cut there; it is refused as too long.
    fileprivate static let lineBytesMax = EarnLine.bytesMax * 4

    init(path: String) throws {
        self.path = path
        name = URL(fileURLWithPath: path).lastPathComponent
        let handle = try EarnFile.open(path)
        var hash = SHA256()
        var lines = LineSplitter()
        var header: ArraySlice<UInt8>?
        var count: UInt64 = 0
        while let piece = try handle.read(upToCount: EarnFile.pieceBytes), !piece.isEmpty {
            hash.update(data: piece)
            lines.add(piece)
            while let line = lines.next() {
                if header == nil { header = line } else { count += 1 }
            }
        }
        if let last = lines.last() {
            if header == nil { header = last } else { count += 1 }
        }
        try handle.close()
        guard let header else { throw CommandFailure("\(path) is empty. Nothing was applied.") }
        digest = Array(hash.finalize())
        self.header = header
        lineCount = count
    }

    /// The lines from one on.
    func lines(skipping count: UInt64) throws -> EarnFileLines {
        let lines = EarnFileLines(try EarnFile.open(path))
        var rest = count + 1
        while rest > 0 {
            let skipped = try lines.next(Int(min(rest, 10_000))).count
            if skipped == 0 { break }
            rest -= UInt64(skipped)
        }
        return lines
    }

    private static func open(_ path: String) throws -> FileHandle {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure("\(path) cannot be read. Nothing was applied.")
        }
        return handle
    }
}

/// The lines of a file, one after the other.
final class EarnFileLines {
    private let handle: FileHandle
    private var splitter = LineSplitter()
    private var isAtEnd = false

    fileprivate init(_ handle: FileHandle) {
        self.handle = handle
    }

    deinit {
        try? handle.close()
    }

    /// The next lines without line feeds; fewer at the end, and none behind it.
    func next(_ count: Int) throws -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        lines.reserveCapacity(count)
        while lines.count < count {
            if let line = splitter.next() {
                lines.append(line)
            } else if isAtEnd {
                if let last = splitter.last() { lines.append(last) }
                break
            } else if let piece = try handle.read(upToCount: EarnFile.pieceBytes), !piece.isEmpty {
                splitter.add(piece)
            } else {
                isAtEnd = true
            }
        }
        return lines
    }
}

/// Cuts pieces at their line feeds.
private struct LineSplitter {
    private var piece: [UInt8] = []
    private var start = 0
    /// A line that began in pieces before.
    private var begun: [UInt8] = []

    /// To be called when ``next()`` has given nil.
    mutating func add(_ data: Data) {
        piece = Array(data)
        start = 0
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard let end = piece[start...].firstIndex(of: 0x0A) else {
            keep(piece[start...])
            start = piece.count
            return nil
        }
        let line = piece[start..<end]
        start = end + 1
        if begun.isEmpty { return line }
        keep(line)
        defer { begun = [] }
        return begun[...]
    }

    /// What stands behind the last line feed.
    mutating func last() -> ArraySlice<UInt8>? {
        defer { begun = [] }
        return begun.isEmpty ? nil : begun[...]
    }

    private mutating func keep(_ part: ArraySlice<UInt8>) {
        begun += part.prefix(EarnFile.lineBytesMax - begun.count)
    }
}
