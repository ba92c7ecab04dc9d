// SPDX-License-Identifier: Apache-2.0

/// Reads camt.053 piece by piece: memory does not grow with the file.
///
/// What it gives is provisional until ``finish()`` has returned: only then the whole file was
/// well-formed and each statement added up. ``BankStatementFile`` goes through a file twice for
/// that.
package struct BankStatementReader {
    /// The versions of the message, which have the elements that are read here at the same places.
    package static let messages = (2...14).map { number in
        "camt.053.001.\(number < 10 ? "0" : "")\(number)"
    }

    private let events: BankStatementEvents
    private let parser: XMLPushParser

    /// - Throws: `.unreadable` if there is no memory for a parser.
    package init() throws(BankStatementFailure) {
        events = BankStatementEvents()
        parser = try XMLPushParser(events)
    }

    /// - Throws: what the file broke; the reader is of no use after that.
    /// - Returns: what the piece ended.
    package func feed(
        _ piece: ArraySlice<UInt8>
    ) throws(BankStatementFailure) -> [BankStatementEvent] {
        try parser.feed(piece)
        return events.take()
    }

    /// - Throws: `.cut`, `.missing` where the file has no statement.
    /// - Returns: what came to light last.
    package func finish() throws(BankStatementFailure) -> [BankStatementEvent] {
        try parser.finish()
        guard events.statements > 0 else { throw .missing("Stmt") }
        return events.take()
    }
}
