// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import LoyaltyServer
import Records
import Synchronization
import Testing

/// A loyalty server's benefits for one test.
struct BenefitDesk {
    let store = MemoryStore()
    let seals = RecordSealer(LocalMasterKey.make(), party: "loyalty_server")
    let random = BenefitRandom()

    static let noon = Instant(milliseconds: 1_780_000_000_000)

    /// The benefits on the desk's store, as after a restart.
    var benefits: Benefits { benefits(on: store) }

    func benefits(on store: any RecordStore) -> Benefits {
        Benefits(store: store, seals: seals, random: random)
    }

    func audit() async throws -> BenefitAudit.Report {
        try await BenefitAudit(store: store, seals: seals).run {}
    }

    /// Puts *Lounge pass* into the catalogue.
    func put(stock: UInt64?) async throws {
        try await benefits.put(try Self.lounge(), stock: stock, now: Self.noon)
    }

    func order() -> TransactionIdentifier {
        TransactionIdentifier(at: Self.noon, random: random.pair())
    }

    static func code(_ text: String = "lounge") throws -> BenefitCode {
        try #require(BenefitCode(text))
    }

    static func programme(_ bcd: UInt16 = 0x9001) throws -> Currency {
        try #require(Currency(bcd: bcd))
    }

    static func points(_ amount: UInt64, of bcd: UInt16 = 0x9001) throws -> Money {
        Money(minorUnits: amount, currency: try programme(bcd), exponent: .units)
    }

    static func lounge(
        _ points: UInt64 = 500,
        title: String = "Lounge pass",
        programme: UInt16 = 0x9001,
        handout: Benefit.Handout = .voucher
    ) throws -> Benefit {
        let price = Benefit.Price(points: try Self.points(points, of: programme))
        return try make("lounge", title, try #require(price), handout)
    }

    static func make(
        _ code: String,
        _ title: String,
        _ price: Benefit.Price,
        _ handout: Benefit.Handout = .voucher
    ) throws -> Benefit {
        let (code, programme) = (try Self.code(code), try #require(price.points).currency)
        let benefit = Benefit(
            code: code,
            programme: programme,
            title: title,
            description: "One visit to the Skylark lounge",
            price: price,
            handout: handout
        )
        return try #require(benefit)
    }

    static func member(_ number: String = "SK-1", of bcd: UInt16 = 0x9001) throws -> Membership {
        let number = try #require(MemberNumber(number))
        return Membership(programme: try programme(bcd), number: number)
    }
}

/// Bytes that differ from call to call and are the same in each run.
final class BenefitRandom: RandomSource {
    private let state = Mutex<UInt64>(1)

    func bytes(_ count: Int) -> [UInt8] {
        state.withLock { state in
            (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 40)
            }
        }
    }
}

/// A store that is down for its next commits, or loses the answer after they were made, or lets
/// somebody else go first.
final class ShakyStore: RecordStoreLayer {
    enum Trouble: Sendable {
        case down, answerLost
        case overtaken(@Sendable () async -> Void)
    }

    let inner: any RecordStore
    private let troubles: Mutex<[Trouble]>

    init(_ inner: any RecordStore, _ troubles: Trouble...) {
        self.inner = inner
        self.troubles = Mutex(troubles)
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        let trouble = troubles.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        switch trouble {
        case .down: throw .unavailable("down")
        case .overtaken(let other): await other()
        case nil, .answerLost: break
        }
        let outcome = try await inner.commit(transition)
        if case .answerLost = trouble { throw .unavailable("the answer was lost") }
        return outcome
    }
}
