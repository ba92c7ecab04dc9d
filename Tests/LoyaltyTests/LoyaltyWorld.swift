// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import LoyaltyServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// A loyalty server with a programme on cards (9001, points without decimals) and one in its
/// database (9002, two decimals), a store that can fail, and an OPAL server that is played.
struct LoyaltyWorld: Sendable {
    let store: CrashingStore
    let opalServer = PlayedOPALServer()
    let seals: RecordSealer
    let random: CountedRandom
    let module: LoyaltyModule
    let desk: LoyaltyDesk
    let onCards: Programme
    let inDatabase: Programme

    /// 2026-03-04, a Wednesday, 12:00 UTC.
    static let now = Instant(milliseconds: 1_772_625_600_000)
    static let opalServerName = "opal-server"

    init(
        _ inner: any RecordStore = MemoryStore(),
        seals: RecordSealer = RecordSealer(.make(), party: "loyalty_server"),
        random: CountedRandom = CountedRandom()
    ) throws {
        store = CrashingStore(inner)
        self.seals = seals
        self.random = random
        module = LoyaltyModule(
            recordSealing: seals,
            store: store,
            link: DirectPlayedLink(opalServer),
            random: random
        )
        desk = LoyaltyDesk(module: module, opalServers: [Self.opalServerName]) { Self.now }
        onCards = try Self.programme(0x9001, .units, .card)
        inDatabase = try Self.programme(0x9002, .cents, .database)
    }

    /// The same store, opened by another process.
    func restarted() throws -> LoyaltyWorld {
        try LoyaltyWorld(store.inner, seals: seals, random: random)
    }

    static func programme(
        _ code: UInt16,
        _ exponent: Exponent,
        _ home: Programme.Home,
        balanceMax: UInt64 = 1_000_000
    ) throws -> Programme {
        let code = try #require(Currency(bcd: code))
        let site = try #require(MerchantIdentifier("AIRLINE"))
        let programme = Programme(
            code: code,
            exponent: exponent,
            name: "Harbour Air",
            home: home,
            balanceMax: balanceMax,
            sites: [site],
            partners: [try partner()]
        )
        return try #require(programme)
    }

    static func partner() throws -> MerchantIdentifier {
        try #require(MerchantIdentifier("BOOKSHOP"))
    }

    /// 1 point for 0.10 EUR, pending for 14 days, until the end of the 12th month.
    static func rule(
        pendingDays: UInt16 = 14,
        expiry: EarnExpiry = .months(12)
    ) throws -> EarnRule {
        try EarnRule(
            points: 1,
            per: Money(minorUnits: 10, currency: .euro, exponent: .cents),
            rounding: .down,
            pendingDays: pendingDays,
            expiry: expiry
        )
    }

    func found(_ rule: EarnRule? = nil) async throws {
        let rule = try rule ?? Self.rule()
        try await module.create(onCards, rule, now: Self.now)
        try await module.create(inDatabase, rule, now: Self.now)
    }

    static func card(_ number: UInt64) -> CardPseudonym { CardPseudonym(high: 1, low: number) }

    static func transaction(_ number: UInt64, at now: Instant = now) -> TransactionIdentifier {
        TransactionIdentifier(at: now, random: (0, number << 2))
    }

    @discardableResult
    func enrol(
        _ number: UInt64 = 1,
        in programme: Programme? = nil,
        as name: String? = nil
    ) async throws -> Membership {
        let code = (programme ?? onCards).code
        return try await module.enrol(
            Self.card(number),
            proof: Self.transaction(1_000 + number),
            in: code,
            as: name.flatMap { MemberNumber($0) },
            now: Self.now
        ).membership
    }

    /// Has the OPAL server enter all numbers on their cards, as if nobody had asked it.
    func enterNumbers() async throws {
        var cursor: [UInt8]?
        repeat {
            cursor = try await module.sendEnrolments(now: Self.now, after: cursor).next
        } while cursor != nil
        opalServer.change { $0.requests = [] }
    }

    /// An earn file of one line for each amount.
    @discardableResult
    func earn(
        _ points: UInt64...,
        for member: Membership,
        date: String = "2026-03-01",
        file: UInt8 = 1,
        now: Instant = now
    ) async throws -> EarnBatch {
        let lines = points.enumerated().map { index, amount in
            "F\(file)-\(index),\(member.number.text),\(amount),\(date)"
        }
        return try await apply(lines, to: member.programme, file: file, now: now)
    }

    @discardableResult
    func apply(
        _ lines: [String],
        to programme: Currency,
        file: UInt8 = 1,
        now: Instant = now
    ) async throws -> EarnBatch {
        let name = try Self.file(file, of: programme)
        let bytes = lines.map { Array($0.utf8)[...] }
        let batch = try await module.begin(
            name,
            fileName: "points.csv",
            header: Array("reference,member,points,date,note".utf8)[...],
            lines: UInt64(lines.count),
            now: now
        )
        let position = Int(batch.position)
        return try await module.apply(
            Array(bytes[position...]),
            of: name,
            from: batch.position,
            now: now
        )
    }

    static func file(_ number: UInt8, of programme: Currency) throws -> EarnBatch.Name {
        let digest = [UInt8](repeating: number, count: 32)
        return try #require(EarnBatch.Name(programme: programme, digest: digest))
    }

    func notice(
        _ number: UInt64,
        _ member: Membership,
        _ state: PurchaseNotice.State,
        cents: UInt64 = 1_999,
        debitedAt: Instant = now
    ) throws -> PurchaseNotice {
        PurchaseNotice(
            transaction: Self.transaction(number),
            membership: member,
            merchant: try Self.partner(),
            amount: Money(minorUnits: cents, currency: .euro, exponent: .cents),
            debitedAt: debitedAt,
            state: state
        )
    }

    /// What the audit finds.
    func audit() async throws -> LoyaltyAudit.Report {
        try await LoyaltyAudit(store: store.inner, sealing: seals).run {}
    }

    func findings() async throws -> [String] {
        try await audit().findings.map(\.description)
    }
}

extension Instant {
    func after(days: Int64) -> Instant { adding(.seconds(days * 86_400)) }
}

/// Random bytes that are none.
final class CountedRandom: RandomSource {
    private let counter = Mutex<UInt64>(0)

    func bytes(_ count: Int) -> [UInt8] {
        let value = counter.withLock { counter in
            counter += 1
            return counter &* 0x9E37_79B9_7F4A_7C15
        }
        return (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64($0 % 8 * 8)) }
    }
}

/// The OPAL server as these tests want it: it credits and enrols by transaction, once.
final class PlayedOPALServer: Sendable {
    struct State: Sendable {
        var requests: [PointsMessage] = []
        var refusal: PointsRefusal?
        /// It does what it is asked, and the answer is lost.
        var losesAnswers = false
        var isSilent = false
        var credits: [TransactionIdentifier: PointsCredit] = [:]
        var holdings: [PointsTranche] = []
    }

    let state = Mutex(State())

    func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    var requests: [PointsMessage] { state.withLock { $0.requests } }
    var credits: [PointsCredit] { Array(creditsByTransaction.values) }
    var creditsByTransaction: [TransactionIdentifier: PointsCredit] {
        state.withLock { $0.credits }
    }

    func answer(_ bytes: [UInt8]) throws(LinkFailure) -> [UInt8] {
        let answer = state.withLock { state -> PointsMessage? in
            guard !state.isSilent, let message = try? PointsMessage(bytes) else { return nil }
            state.requests.append(message)
            let answer = Self.answer(message, &state)
            return state.losesAnswers ? nil : answer
        }
        guard let answer else { throw .timedOut }
        return answer.bytes
    }

    private static func answer(_ message: PointsMessage, _ state: inout State) -> PointsMessage {
        switch message {
        case .enrol(let transaction, _):
            state.refusal.map { .refusal(transaction, $0) } ?? .enrolled(transaction)
        case .credit(let credit):
            credited(credit, &state)
        case .holdingsQuestion(let programme):
            .holdings(programme, cards: 1, state.holdings)
        default: .refusal(.unknown, .unknownMessage)
        }
    }

    private static func credited(_ credit: PointsCredit, _ state: inout State) -> PointsMessage {
        if state.credits[credit.transaction] == nil {
            if let refusal = state.refusal { return .refusal(credit.transaction, refusal) }
            state.credits[credit.transaction] = credit
        }
        let balance = state.credits.values.reduce(0) { $0 + $1.amount.minorUnits }
        return .credited(credit.transaction, balance: balance)
    }
}

struct DirectPlayedLink: Link {
    private let server: PlayedOPALServer

    init(_ server: PlayedOPALServer) {
        self.server = server
    }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        try server.answer(request)
    }
}
