// SPDX-License-Identifier: Apache-2.0

import GRDB
import Records

/// What lies in the database file beside the records: whose it is, and in which versions.
///
/// Two versions are counted. `PRAGMA user_version` is the layout's, that is how this store uses
/// tables; `party.version` is the schema's, that is how the party encodes its bodies.
struct StoreLayout: Sendable {
    /// `PRAGMA application_id` of our files: "OPAL" in ASCII.
    static let applicationID = 0x4F50_414C
    /// Names that no kind may have.
    static let reservedNames: Set<String> = ["history", "party"]
    /// The step from each layout to the next; the count of steps is the present version. A step
    /// that was released is never changed.
    private static let migrations: [@Sendable (Database, RecordSchema) throws -> Void] = [
        createFixedTables
    ]

    let schema: RecordSchema
    let tables: [RecordKind: RecordTable]

    init(_ schema: RecordSchema) {
        precondition(schema.kinds.allSatisfy { !Self.reservedNames.contains($0.name) })
        // SQLite keeps this prefix for itself.
        precondition(schema.kinds.allSatisfy { !$0.name.hasPrefix("sqlite_") })
        self.schema = schema
        tables = Dictionary(uniqueKeysWithValues: schema.kinds.map { ($0, RecordTable($0)) })
    }

    /// The table of a kind, which the schema must name.
    func table(of kind: RecordKind) -> RecordTable {
        guard let table = tables[kind] else {
            preconditionFailure("\(kind.name) is not in the schema of \(schema.party)")
        }
        return table
    }

    /// Checks whose the database is, and brings it to the present versions: all in one
    /// transaction, so that two programs that start at once do it once.
    func prepare(_ db: Database) throws {
        try db.inTransaction(.immediate) {
            let found = try identity(db)
            for migration in Self.migrations.dropFirst(found?.layout ?? 0) {
                try migration(db, schema)
            }
            for kind in schema.kinds { try db.execute(sql: table(of: kind).creation) }
            if found?.version != schema.version {
                try db.execute(sql: "UPDATE party SET version = ?", arguments: [schema.version])
            }
            // Without this condition each start would change the file.
            if found?.layout != Self.migrations.count {
                try db.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
                try db.execute(sql: "PRAGMA user_version = \(Self.migrations.count)")
            }
            return .commit
        }
    }

    /// Checks that the database is readable as it is, without a change to it.
    func verify(_ db: Database) throws {
        guard let found = try identity(db) else {
            throw StoreFailure.unavailable("the database is empty")
        }
        guard found.layout == Self.migrations.count, found.version == schema.version else {
            throw StoreFailure.unavailable(
                "the data are of version \(found.layout).\(found.version) and are brought to "
                    + "\(Self.migrations.count).\(schema.version) when the party starts"
            )
        }
    }

    /// The versions that are stored, or nil in a database that holds nothing yet. Throws if it is
    /// not this party's, or newer than this program.
    private func identity(_ db: Database) throws -> (layout: Int, version: Int)? {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let layout = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        if application == 0, layout == 0, objects == 0 { return nil }
        guard application == Self.applicationID else {
            throw StoreFailure.damaged("it is the database of another program")
        }
        guard layout <= Self.migrations.count else {
            throw StoreFailure.newerVersion(found: layout, supported: Self.migrations.count)
        }
        guard let party = try Row.fetchOne(db, sql: "SELECT name, version FROM party"),
            let name = party["name"] as String?, let version = party["version"] as Int?
        else { throw StoreFailure.damaged("it does not say which party it belongs to") }
        guard name == schema.party else {
            throw StoreFailure.otherParty(found: name, expected: schema.party)
        }
        guard version <= schema.version else {
            throw StoreFailure.newerVersion(found: version, supported: schema.version)
        }
        return (layout, version)
    }

    /// Layout 1: the tables that every party has.
    private static func createFixedTables(_ db: Database, _ schema: RecordSchema) throws {
        try db.execute(
            sql: """
                CREATE TABLE party (
                    id INTEGER PRIMARY KEY CHECK (id = 1),
                    name TEXT NOT NULL,
                    version INTEGER NOT NULL CHECK (version > 0)
                ) STRICT;
                """
        )
        try db.execute(
            sql: "INSERT INTO party (id, name, version) VALUES (1, ?, ?)",
            arguments: [schema.party, schema.version]
        )
        try db.execute(sql: HistoryTable.creation)
    }
}
