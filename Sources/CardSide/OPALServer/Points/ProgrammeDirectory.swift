// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// The loyalty programmes whose points the cards of this OPAL server hold. Sealed, by CURR.
/// Format 1: CURR 2, CEXP 1, name (counted), home 1, BALMAX 8, number of sites 2 and each MERCH 15,
/// number of partners 2 and each MERCH 15, name of its loyalty server (counted).
package struct ProgrammeDirectory: Sendable {
    /// By CURR.
    package static let kind = RecordKind("programme", keyBytes: 2...2)
    fileprivate static let format: UInt8 = 1
    /// The name of a loyalty server, in bytes of UTF-8.
    package static let peerBytesMax = 64

    /// A programme, and who may speak for it.
    package struct Entry: Equatable, Sendable {
        package let programme: Programme
        /// The name in the certificate of its loyalty server.
        package let peer: String

        package init(_ programme: Programme, peer: String) {
            precondition((1...ProgrammeDirectory.peerBytesMax).contains(peer.utf8.count))
            precondition(ByteReader.isText(peer))
            self.programme = programme
            self.peer = peer
        }
    }

    private let store: any RecordStore
    private let seals: any RecordSealing

    package init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    // MARK: Reading

    /// - Returns: nil where there is no such programme.
    /// - Throws: `.damaged` where somebody changed it.
    package func find(_ code: Currency) async throws(StoreFailure) -> Entry? {
        guard code.isProgramme,
            let record = try await store.read(ProgrammeDirectory.key(code))
        else { return nil }
        return try await open(record)
    }

    /// All programmes in the order of their codes.
    package func list() async throws(StoreFailure) -> [Entry] {
        var entries: [Entry] = []
        try await store.forEach(ProgrammeDirectory.kind) { record async throws(StoreFailure) in
            entries.append(try await open(record))
        }
        return entries
    }

    /// The programmes of which a merchant is a site: they take points there, and prove members.
    package func programmes(
        ofSite merchant: MerchantIdentifier
    ) async throws(StoreFailure) -> [Entry] {
        try await list().filter { $0.programme.sites.contains(merchant) }
    }

    /// The programmes of which a merchant is a partner: purchases there earn points.
    package func programmes(
        ofPartner merchant: MerchantIdentifier
    ) async throws(StoreFailure) -> [Entry] {
        try await list().filter { $0.programme.partners.contains(merchant) }
    }

    // MARK: Changing

    /// Enters a programme, or its next state. Points that are on cards stay as they are.
    ///
    /// - Throws: `.store`, `.module`, `.conflict` where somebody else changes it all the time.
    package func put(_ entry: Entry) async throws(ProgrammeFailure) {
        for _ in 0..<ProgrammeDirectory.triesMax {
            do {
                let key = ProgrammeDirectory.key(entry.programme.code)
                let revision = try await store.read(key)?.revision ?? 0
                let body = try await seals.seal(
                    entry.bytes,
                    name: key.sealName(),
                    revision: revision + 1
                )
                let write = RecordWrite.put(key, expectedRevision: revision, body: body)
                if try await store.commit(Transition(writes: [write])) == .committed { return }
            } catch let failure as StoreFailure {
                throw .store(failure)
            } catch let failure as ModuleFailure {
                throw .module(failure)
            } catch {
                preconditionFailure("Only the failures above are thrown.")
            }
        }
        throw .conflict
    }

    private static let triesMax = 10

    // MARK: Records

    private static func key(_ code: Currency) -> RecordKey {
        RecordKey(kind, UInt64(code.bcd).bigEndianBytes.suffix(2))
    }

    private func open(_ record: Record) async throws(StoreFailure) -> Entry {
        guard
            let body = try? await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            ), let entry = try? Entry(body),
            ProgrammeDirectory.key(entry.programme.code) == record.key
        else { throw .damaged("the programme \(Hex.text(record.key.bytes)) does not open") }
        return entry
    }
}

/// Why a programme was not entered.
package enum ProgrammeFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    case module(ModuleFailure)
    case conflict
}

extension ProgrammeDirectory.Entry {
    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "programme")
        guard try reader.byte("format") == ProgrammeDirectory.format else {
            throw reader.failure("format", .invalid)
        }
        let code = try reader.currency()
        let exponent = try reader.exponent()
        let name = try reader.text("name", bytesMax: Programme.nameBytesMax)
        let home = try reader.value("home", bytes: 1) { Programme.Home(rawValue: UInt8($0)) }
        let balanceMax = try reader.integer("BALMAX", bytes: 8)
        let sites = try reader.merchants("sites")
        let partners = try reader.merchants("partners")
        let peer = try reader.text("peer", bytesMax: ProgrammeDirectory.peerBytesMax)
        try reader.end()
        guard !peer.isEmpty,
            let programme = Programme(
                code: code,
                exponent: exponent,
                name: name,
                home: home,
                balanceMax: balanceMax,
                sites: sites,
                partners: partners
            )
        else { throw reader.failure("programme", .invalid) }
        self.init(programme, peer: peer)
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(ProgrammeDirectory.format)
        writer.currency(programme.code)
        writer.exponent(programme.exponent)
        writer.text(programme.name)
        writer.byte(programme.home.rawValue)
        writer.integer(programme.balanceMax, bytes: 8)
        writer.merchants(programme.sites)
        writer.merchants(programme.partners)
        writer.text(peer)
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func merchants(
        _ field: StaticString
    ) throws(WireFailure) -> [MerchantIdentifier] {
        let count = try value(field, bytes: 2) { $0 <= Programme.merchantsMax ? Int($0) : nil }
        var merchants: [MerchantIdentifier] = []
        for _ in 0..<count { merchants.append(try merchant()) }
        return merchants
    }
}

extension ByteWriter {
    fileprivate mutating func merchants(_ merchants: [MerchantIdentifier]) {
        integer(UInt64(merchants.count), bytes: 2)
        for merchant in merchants { self.merchant(merchant) }
    }
}
