// SPDX-License-Identifier: Apache-2.0

import Foundation
import RecordsSQLite

/// How far the databases of parties have come, noted outside the data folder: a folder that was put
/// back as a whole is right in itself, and this is what remembers. It is worth as much as it is out
/// of reach of who can write to the data folder: on another disk, or under another account.
///
/// Noted is the last row of tables to which rows are only ever added, every few seconds; what was
/// added in between is not.
struct HighWater: Sendable {
    /// The marks of one party: a file in the folder.
    struct Marks: Codable {
        /// As in ISO 8601, UTC.
        var time: String
        /// By table.
        var last: [String: Int64]
    }

    /// A table that has less than it had.
    struct Fallen {
        let party: DataFolder.Party
        let table: String
        let noted: Int64
        let found: Int64
        let time: String

        var words: String {
            "\(party.rawValue) had \(noted) rows in \(table) on \(time); here it has \(found)."
        }
    }

    /// What is never removed, and grows with each purchase, load, batch and payout.
    private static let tables: [DataFolder.Party: [String]] = [
        .opalServer: [
            "card", "draw", "load", "account_load", "points_load", "refunded_sale", "sweep",
        ],
        .paymentServer: ["sale", "batch", "refund"], .terminal: ["exchange"],
        .shop: ["order", "refund"], .airline: ["order", "refund"],
        .loyaltyServer: ["earn", "posting", "redemption"],
        .concentrationPoint: ["batch"], .clearing: ["batch", "sale", "refund", "payout", "sweep"],
        .loadServer: ["authorization"], .bank: ["hold"], .gateway: ["authorization"],
    ]
    /// Seconds between two looks of a server.
    static let seconds = 5

    let path: String

    private func file(_ party: DataFolder.Party) -> String { "\(path)/\(party.rawValue).json" }

    /// Refuses a data folder that is behind what was noted, and makes the folder of the notes.
    ///
    /// `roles`: of the server that is about to start.
    func check(_ folder: DataFolder, _ roles: Set<Role>) throws {
        let fallen = try fallen(in: folder).filter { roles.cover($0.party) }
        guard fallen.isEmpty else {
            throw CommandFailure(
                fallen.map(\.words).joined(separator: "\n")
                    + "\nThe data were set back. Nothing was started. Restore the newest state, or "
                    + "this one by `opal restore --accept-rollback --high-water \(path)`, which "
                    + "blocks the cards. If you know why it is so, remove the note in \(path)."
            )
        }
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }

    /// What has come back behind what was noted.
    ///
    /// - Throws: Where a note or a database cannot be read.
    func fallen(in folder: DataFolder) throws -> [Fallen] {
        var fallen: [Fallen] = []
        for party in Self.tables.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let noted = try read(party) else { continue }
            // A party without a database has nothing.
            let found = folder.hasDatabase(party) ? try Self.last(of: party, in: folder) : [:]
            for (table, last) in noted.last.sorted(by: { $0.key < $1.key })
            where found[table] ?? 0 < last {
                fallen.append(
                    Fallen(
                        party: party,
                        table: table,
                        noted: last,
                        found: found[table] ?? 0,
                        time: noted.time
                    )
                )
            }
        }
        return fallen
    }

    /// Notes how far the parties of some roles have come, where that is further.
    func raise(_ folder: DataFolder, _ roles: Set<Role>) throws {
        for party in Self.tables.keys where roles.cover(party) {
            guard folder.hasDatabase(party) else { continue }
            let noted = try read(party)?.last ?? [:]
            let found = try Self.last(of: party, in: folder)
            let last = noted.merging(found, uniquingKeysWith: max)
            if last != noted { try write(party, last) }
        }
    }

    /// Notes parties as they are now, after somebody has accepted that they were set back.
    func accept(_ folder: DataFolder, _ parts: Set<String>) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        for party in Self.tables.keys where parts.contains(party.rawValue) {
            // A party without a database has nothing.
            let hasDatabase = folder.hasDatabase(party)
            try write(party, hasDatabase ? try Self.last(of: party, in: folder) : [:])
        }
    }

    private static func last(
        of party: DataFolder.Party,
        in folder: DataFolder
    ) throws -> [String: Int64] {
        try LastRows.read(at: folder.database(party), of: tables[party] ?? [])
    }

    /// - Returns: nil where nothing was noted.
    private func read(_ party: DataFolder.Party) throws -> Marks? {
        guard FileManager.default.fileExists(atPath: file(party)) else { return nil }
        guard let data = FileManager.default.contents(atPath: file(party)),
            let marks = try? JSONDecoder().decode(Marks.self, from: data)
        else {
            throw CommandFailure(
                "\(file(party)) cannot be read: whether \(party.rawValue) was set back is not "
                    + "known. See docs/handbook/restore.md."
            )
        }
        return marks
    }

    private func write(_ party: DataFolder.Party, _ last: [String: Int64]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let data = try encoder.encode(Marks(time: BackUpTime.text(Date()), last: last))
        let partial = file(party) + ".partial"
        let descriptor = unsafe open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("\(partial) cannot be written.") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: data)
        try handle.synchronize()
        guard unsafe rename(partial, file(party)) == 0 else {
            throw CommandFailure("\(file(party)) cannot be written.")
        }
    }
}

extension Set<Role> {
    /// Whether a server of these roles writes to a party's database.
    fileprivate func cover(_ party: DataFolder.Party) -> Bool {
        // The web server 208' has its loyalty server with it.
        if party == .loyaltyServer { return contains(.airline) }
        return contains { $0.rawValue == party.rawValue }
    }
}
