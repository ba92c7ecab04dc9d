// SPDX-License-Identifier: Apache-2.0

/// Where the bytes of a file go while it is made.
package protocol ByteSink: AnyObject {
    /// - Throws: `.unwritableFile`.
    func write(_ bytes: [UInt8]) throws(SettlementFileFailure)
}

/// Keeps them, for a short file.
package final class MemorySink: ByteSink {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package func write(_ bytes: [UInt8]) {
        self.bytes += bytes
    }

    /// What was written since it was taken before.
    package func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}
