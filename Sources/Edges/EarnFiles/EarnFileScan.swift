// SPDX-License-Identifier: Apache-2.0

import Crypto

/// One pass over an earn file while its bytes come by: which file it is, and how long.
package struct EarnFileScan: Sendable {
    /// What the pass has found.
    package struct Result: Equatable, Sendable {
        /// SHA-256 of the whole file, 32 bytes.
        package let digest: [UInt8]
        /// The first line.
        package let header: ArraySlice<UInt8>
        /// Without the header.
        package let lineCount: UInt64
    }

    private var hash = SHA256()
    private var lines = LineSplitter()
    private var header: ArraySlice<UInt8>?
    private var count: UInt64 = 0

    package init() {}

    package mutating func add(_ piece: [UInt8]) {
        hash.update(data: piece)
        lines.add(piece)
        while let line = lines.next() { note(line) }
    }

    /// - Returns: nil where the file is empty.
    package mutating func end() -> Result? {
        if let last = lines.last() { note(last) }
        return header.map {
            Result(digest: Array(hash.finalize()), header: $0, lineCount: count)
        }
    }

    private mutating func note(_ line: ArraySlice<UInt8>) {
        if header == nil { header = line } else { count += 1 }
    }
}
