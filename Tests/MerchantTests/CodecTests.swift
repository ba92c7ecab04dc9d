// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@testable import Merchant

/// Bodies and rows: each value comes back, and any byte string gives a value or a failure.
@Suite struct CodecTests {
    private static let transaction = TransactionIdentifier(high: 7, low: 8)

    private func settlement(
        _ outcome: SaleOutcome,
        _ memberships: [Membership] = []
    ) -> Settlement {
        Settlement(
            outcome: outcome,
            reason: outcome == .refused ? .insufficientValue : nil,
            cardPseudonym: "00112233445566778899aabbccddeeff",
            securityCard: SecurityCardIdentifier(acquirer: 4, serial: 2),
            securityCardNumber: 9,
            time: CardTime(Shop.noon),
            memberships: memberships
        )
    }

    private func memberships() throws -> [Membership] {
        let programme = try #require(Currency(bcd: 0x9001))
        return [Membership(programme: programme, number: try #require(MemberNumber("SK-4711")))]
    }

    private func orders() throws -> [Order] {
        let key = try #require(SessionKeyText(Base64URL.encode(Array(0..<32))))
        let states: [Order.Progress] = [
            .open(key, secondHalf: nil), .paid(settlement(.sold)),
            .paid(settlement(.sold, try memberships())),
            .delivered(settlement(.sold), at: Shop.noon),
            .unpaid(nil, successor: nil), .unpaid(settlement(.refused), successor: nil),
            .unpaid(settlement(.void), successor: CodecTests.transaction),
        ]
        let proof = try #require(
            OrderProof(
                keyName: "k1",
                wrappedSessionKey: Array(repeating: 1, count: 40),
                token: Array(repeating: 2, count: 32)
            )
        )
        let merchant = try #require(MerchantIdentifier("PRESS-1"))
        let article = try Shop.article()
        return states.enumerated().map { position, progress in
            Order(
                receiptKey: ReceiptKey(Array(0..<16)),
                article: article,
                terms: OrderTerms(
                    transaction: TransactionIdentifier(high: 1, low: 2),
                    merchant: merchant,
                    amount: article.price,
                    policy: .securityCard,
                    madeAt: Shop.noon,
                    statusURL: "https://press.example/result"
                ),
                proof: proof,
                predecessor: position % 2 == 0 ? nil : CodecTests.transaction,
                progress: progress,
                lastRow: UInt64(position),
                lastHash: Array(repeating: UInt8(position), count: 32)
            )
        }
    }

    /// An order of money and points that waits for its end.
    private func mixed() throws -> Order {
        var order = try orders()[0]
        let points = Money(
            minorUnits: 500,
            currency: try #require(Currency(bcd: 0x9001)),
            exponent: .units
        )
        let half = OtherHalf(
            transaction: CodecTests.transaction,
            amount: points,
            isFirst: false
        )
        guard case .open(let key, _) = order.progress else { return order }
        let terms = OrderTerms(
            transaction: order.transaction,
            merchant: order.terms.merchant,
            amount: order.terms.amount,
            policy: .paymentServer,
            madeAt: order.terms.madeAt,
            statusURL: order.terms.statusURL,
            otherHalf: half
        )
        order = Order(
            receiptKey: order.receiptKey,
            article: try Shop.article(secondPrice: points),
            terms: terms,
            proof: order.proof,
            predecessor: nil,
            progress: .open(
                key,
                secondHalf: OrderPage.SecondHalf(proof: order.proof, sessionKey: key)
            )
        )
        return order
    }

    private func entries() throws -> [JournalEntry] {
        let terms = try orders()[0].terms
        let events: [JournalEntry.Event] = [
            .ordered(terms, article: "fens", predecessor: nil),
            .ordered(terms, article: "fens", predecessor: CodecTests.transaction),
            .settled(.void, sealed: Array("a.b.c".utf8)), .givenUp, .delivered,
            .renewed(successor: CodecTests.transaction),
        ]
        return events.map { JournalEntry($0, at: Shop.noon) }
    }

    @Test func `an order in every state comes back from its bytes`() throws {
        let orders = try orders()
        #expect(Set(orders.map(\.state)) == Set(OrderState.allCases))
        for order in try orders + [mixed()] { #expect(try Order(order.bytes) == order) }
    }

    @Test func `an order that was stored before there were mixed payments is still one`() throws {
        for order in try orders() where order.settlement?.memberships.isEmpty != false {
            var bytes = order.bytes
            // Version 1 had no presence byte behind the price, and none behind a settlement.
            bytes[0] = 1
            if let settlement = order.settlement {
                let times = bytes.indices.filter {
                    bytes[$0...].starts(with: settlement.time.bcd.bigEndianBytes.dropFirst())
                }
                bytes.remove(at: try #require(times.first) + 7)
            }
            let price = try #require(
                bytes.indices.first {
                    bytes[$0...].starts(with: order.article.price.minorUnits.bigEndianBytes)
                }
            )
            bytes.remove(at: price + 8)
            #expect(try Order(bytes) == order)
        }
    }

    @Test func `a row of every type comes back from its bytes`() throws {
        for entry in try entries() { #expect(try JournalEntry(entry.bytes) == entry) }
    }

    @Test func `a paid order with a result that is not sold is no order`() throws {
        var order = try orders()[1]
        order.progress = .paid(settlement(.void))
        #expect(throws: WireFailure.self) { try Order(order.bytes) }
        order.progress = .unpaid(settlement(.sold), successor: nil)
        #expect(throws: WireFailure.self) { try Order(order.bytes) }
    }

    @Test func `every beginning of an order or a row is truncated`() throws {
        for bytes in try orders().map(\.bytes) {
            for count in 0..<bytes.count {
                #expect(throws: WireFailure.self) { try Order(Array(bytes.prefix(count))) }
            }
        }
        for bytes in try entries().map(\.bytes) {
            for count in 0..<bytes.count {
                #expect(throws: WireFailure.self) { try JournalEntry(Array(bytes.prefix(count))) }
            }
        }
    }

    @Test(arguments: [1, 2, 3])
    func `changed bytes give a failure, or a value that has exactly these bytes`(
        _ seed: UInt64
    ) throws {
        let random = SeededRandom(seed: seed)
        let orders = try (orders() + [mixed()]).map(\.bytes)
        let entries = try entries().map(\.bytes)
        for _ in 0..<2_000 {
            let order = mutated(orders[Int(random.next() % UInt64(orders.count))], random)
            // An older version has other bytes now.
            if let value = try? Order(order), order[0] != 1 { #expect(value.bytes == order) }
            let entry = mutated(entries[Int(random.next() % UInt64(entries.count))], random)
            if let value = try? JournalEntry(entry) { #expect(value.bytes == entry) }
        }
    }

    private func mutated(_ bytes: [UInt8], _ random: SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.next() % 3 {
            let position = Int(random.next() % UInt64(bytes.count))
            switch random.next() % 4 {
            case 0: bytes[position] ^= 1 << UInt8(random.next() % 8)
            case 1: bytes[position] = UInt8(truncatingIfNeeded: random.next())
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
            default: if bytes.count > 1 { bytes.remove(at: position) }
            }
        }
        return bytes
    }
}
