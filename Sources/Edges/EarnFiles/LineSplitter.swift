// SPDX-License-Identifier: Apache-2.0

import LoyaltyServer

/// Cuts pieces at their line feeds.
struct LineSplitter {
    private var piece: [UInt8] = []
    private var start = 0
    /// A line that began in pieces before.
    private var begun: [UInt8] = []

    /// A longer line is cut there; it is refused as too long.
    private static let lineBytesMax = EarnLine.bytesMax * 4

    /// To be called when ``next()`` has given nil.
    mutating func add(_ bytes: [UInt8]) {
        piece = bytes
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
        begun += part.prefix(LineSplitter.lineBytesMax - begun.count)
    }
}
