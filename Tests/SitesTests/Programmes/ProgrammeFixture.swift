// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird
import HummingbirdTesting
import Kernel
import Keys
import LoyaltyServer
import Records
import Simulation
import Sites
import Synchronization
import Testing
import Wire

/// The operator console over a loyalty server with a programme on cards (9001, points without
/// decimals) and one in its database (9002, two decimals). The OPAL server is played.
struct ProgrammeFixture: Sendable {
    /// 2026-03-04, a Wednesday, 12:00 UTC.
    static let now = Instant(milliseconds: 1_772_625_600_000)

    let clock = SteppedClock(now)
    let store = GatedStore()
    let opalServer = HoldingsLink()
    let directory = PlayedDirectory()
    let module: LoyaltyModule
    let benefits: Benefits
    let works: EarnFileWorks
    let uploads: URL
    let operators: OperatorDesk
    let audit: OperatorAudit
    let site: ConsoleSite
    let onCards: Programme
    let inDatabase: Programme

    init(isFounded: Bool = true, entersProgrammes: Bool = true) async throws {
        let random = SeededRandom(seed: 5)
        let master = LocalMasterKey.make()
        let seals = RecordSealer(master, party: "loyalty_server")
        module = LoyaltyModule(
            recordSealing: seals,
            store: store,
            link: opalServer,
            random: random
        )
        benefits = Benefits(store: store, seals: seals, random: random)
        uploads = FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-uploads-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: uploads, withIntermediateDirectories: true)
        works = EarnFileWorks(folder: uploads)
        let (console, consoleSeals) = (MemoryStore(), RecordSealer(master, party: "console"))
        operators = OperatorDesk(
            store: console,
            seals: consoleSeals,
            passwords: PasswordKeeper(master, rounds: 16),
            random: random
        )
        audit = OperatorAudit(store: console, seals: consoleSeals)
        let name = try #require(OperatorName(ConsoleFixture.name))
        #expect(try await operators.makeFirst(name, password: ConsoleFixture.password))
        let (directory, clock) = (directory, clock)
        let enter: @Sendable (Programme) async throws -> Void = { try directory.enter($0) }
        site = ConsoleSite(
            parts: ConsoleParts(
                loyalty: ConsoleParts.Loyalty(
                    module: module,
                    benefits: benefits,
                    store: ConsoleParts.Store(
                        name: "Points",
                        engine: "memory",
                        records: store,
                        kinds: LoyaltyRecords.schema.kinds
                    ),
                    seals: consoleSeals,
                    works: works,
                    enter: entersProgrammes ? enter : nil
                )
            ),
            operators: operators,
            templates: try Templates(),
            wording: Wording(),
            isSecure: true,
            now: { clock.next() },
            random: random
        )
        onCards = try Self.programme(0x9001, .units, .card, "Skylark Miles")
        inDatabase = try Self.programme(0x9002, .cents, .database, "Harbour Stars")
        if isFounded {
            try await module.create(onCards, Self.rule(), now: Self.now)
            try await module.create(inDatabase, Self.rule(), now: Self.now)
        }
    }

    static func programme(
        _ code: UInt16,
        _ exponent: Exponent,
        _ home: Programme.Home,
        _ name: String
    ) throws -> Programme {
        let programme = Programme(
            code: try #require(Currency(bcd: code)),
            exponent: exponent,
            name: name,
            home: home,
            balanceMax: 1_000_000,
            sites: [try #require(MerchantIdentifier("AIRLINE"))],
            partners: [try #require(MerchantIdentifier("BOOKSHOP"))]
        )
        return try #require(programme)
    }

    /// 1 point for 0.10 EUR, until the end of the 12th month.
    static func rule() throws -> EarnRule {
        try EarnRule(
            points: 1,
            per: Money(minorUnits: 10, currency: .euro, exponent: .cents),
            rounding: .down,
            pendingDays: 14,
            expiry: .months(12)
        )
    }

    static func transaction(_ number: UInt64) -> TransactionIdentifier {
        TransactionIdentifier(at: now, random: (0, number << 2))
    }

    /// A member of the programme in the database, unless told otherwise.
    @discardableResult
    func enrol(
        _ name: String,
        _ number: UInt64 = 1,
        in programme: Programme? = nil
    ) async throws -> Membership {
        let chosen: MemberNumber = try #require(MemberNumber(name))
        return try await module.enrol(
            CardPseudonym(high: 1, low: number),
            proof: Self.transaction(1_000 + number),
            in: (programme ?? inDatabase).code,
            as: chosen,
            now: Self.now
        ).membership
    }

    /// Earn files of the programme in the database.
    func batchCount() async throws -> Int {
        try await module.batches(of: inDatabase.code, limit: 1).count
    }

    /// Somebody changes the first record of a kind in the database: it opens no more.
    func damage(_ kind: RecordKind) async throws {
        let record = try #require(
            try await store.list(kind, after: nil, limit: 1, order: .ascending).first
        )
        let write = RecordWrite.put(
            record.key,
            expectedRevision: record.revision,
            body: record.body,
            isOpen: record.isOpen
        )
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
    }

    /// What operators did with a programme.
    func acts(_ programme: Programme) async throws -> [OperatorJournal.Act] {
        try await operators.journal(ofProgramme: programme.code)
    }

    /// Runs a test with an operator who is signed in; nothing of an upload is left behind.
    func work(_ test: @escaping @Sendable (Browser) async throws -> Void) async throws {
        let application = Application(router: site.router())
        try await application.test(.router) { client in
            let browser = Browser(client)
            try await ConsoleFixture.signIn(browser)
            try await test(browser)
        }
        await works.settle()
        #expect(try FileManager.default.contentsOfDirectory(atPath: uploads.path) == [])
        #expect(try await audit.run().map(\.description) == [])
        try FileManager.default.removeItem(at: uploads)
    }
}

extension Browser {
    static let boundary = "----opal-boundary"

    /// The body of a form with a file; without a token it has none.
    static func upload(_ text: String, token: String?, name: String = "points.csv") -> String {
        var body = ""
        if let token {
            body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n"
            body += "\(token)\r\n"
        }
        body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; "
        body += "filename=\"\(name)\"\r\nContent-Type: text/csv\r\n\r\n\(text)\r\n"
        return body + "--\(boundary)--\r\n"
    }

    static let uploadType = "multipart/form-data; boundary=\(boundary)"

    /// Sends a file with the form of the page that is shown.
    @discardableResult
    func upload(_ path: String, _ text: String, name: String = "points.csv") async throws -> Page {
        try await post(
            path,
            Self.upload(text, token: page.token, name: name),
            type: Self.uploadType
        )
    }
}

/// A clock that goes on by a step whenever it is read; it stands until one is set.
final class SteppedClock: Sendable {
    private let state: Mutex<(now: Instant, step: Int64)>

    init(_ now: Instant) { state = Mutex((now, 0)) }

    func set(stepSeconds: Int64) { state.withLock { $0.step = stepSeconds * 1_000 } }

    func next() -> Instant {
        state.withLock { state in
            defer { state.now = Instant(milliseconds: state.now.milliseconds + state.step) }
            return state.now
        }
    }
}

/// A store whose commits wait while its gate is shut.
final class GatedStore: RecordStoreLayer {
    let inner: any RecordStore = MemoryStore()
    private let isShut = Mutex(false)

    func set(shut: Bool) { isShut.withLock { $0 = shut } }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        while isShut.withLock({ $0 }) {
            do {
                try await Task.sleep(for: .milliseconds(2))
            } catch { throw .unavailable("the gate is shut") }
        }
        return try await inner.commit(transition)
    }
}

/// An OPAL server that says what is on cards, while it is not silent.
final class HoldingsLink: Link {
    private let state = Mutex<(isSilent: Bool, tranches: [PointsTranche])>((false, []))
    private let refusal = Mutex<PointsRefusal?>(nil)

    func set(isSilent: Bool) { state.withLock { $0.isSilent = isSilent } }
    /// How enrolments are answered.
    func set(refusal: PointsRefusal?) { self.refusal.withLock { $0 = refusal } }
    func set(_ tranches: [PointsTranche]) { state.withLock { $0.tranches = tranches } }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let (isSilent, tranches) = state.withLock { $0 }
        guard !isSilent, let message = try? PointsMessage(request) else { throw .timedOut }
        switch message {
        case .holdingsQuestion(let programme):
            let held = programme.bcd == 0x9001 ? tranches : []
            return PointsMessage.holdings(programme, cards: 1, held).bytes
        case .enrol(let transaction, _):
            if let reason = refusal.withLock({ $0 }) {
                return PointsMessage.refusal(transaction, reason).bytes
            }
            return PointsMessage.enrolled(transaction).bytes
        default: throw .timedOut
        }
    }
}

/// Where the console enters programmes at the OPAL server.
final class PlayedDirectory: Sendable {
    struct Closed: Error {}

    private let state = Mutex<(isClosed: Bool, programmes: [Programme])>((false, []))

    var programmes: [Programme] { state.withLock { $0.programmes } }
    func set(isClosed: Bool) { state.withLock { $0.isClosed = isClosed } }

    func enter(_ programme: Programme) throws {
        try state.withLock { state in
            if state.isClosed { throw Closed() }
            state.programmes.append(programme)
        }
    }
}
