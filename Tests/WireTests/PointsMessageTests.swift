// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct PointsMessageTests {
    @Test(arguments: 0..<50)
    func `each message is read as it was written`(seed: UInt64) throws {
        var samples = Samples(seed)
        for message in try samples.pointsMessages() {
            #expect(try PointsMessage(message.bytes) == message)
            #expect(message.bytes.count <= LinkLimits.messageBytesMax)
        }
    }

    @Test func `the longest answer about holdings fits into a message`() throws {
        var samples = Samples(9)
        let tranches = (0..<PointsMessage.holdingsMax).map { _ in
            PointsTranche(expiry: samples.expiry(), minorUnits: .max)
        }
        let message = PointsMessage.holdings(try samples.programme(), cards: .max, tranches)
        #expect(try PointsMessage(message.bytes) == message)
        #expect(message.bytes.count <= LinkLimits.messageBytesMax)
    }

    @Test func `each truncation and one byte more is a failure with a path`() throws {
        var samples = Samples(1)
        for message in try samples.pointsMessages() {
            let bytes = message.bytes
            for count in 0..<bytes.count {
                let failure = #expect(throws: WireFailure.self) {
                    try PointsMessage(Array(bytes[..<count]))
                }
                #expect(failure?.path.hasPrefix("points message: ") == true)
            }
            #expect(throws: WireFailure(path: "points message: end", problem: .tooLong)) {
                try PointsMessage(bytes + [0])
            }
        }
    }

    @Test(arguments: 0..<8)
    func `damaged bytes are another message or a failure, and never a trap`(seed: UInt64) throws {
        var samples = Samples(seed + 500)
        for message in try samples.pointsMessages() {
            for _ in 0..<1_000 {
                let damaged = samples.random.damaged(message.bytes)
                guard let again = try? PointsMessage(damaged) else { continue }
                #expect(again.bytes == damaged)
            }
        }
    }

    @Test func `random bytes are a message or a failure`() {
        var random = Seeded(2)
        for _ in 0..<20_000 {
            let head: [UInt8] = [1, UInt8.random(in: 0x70...0x7F, using: &random)]
            let bytes = head + random.bytes(Int.random(in: 0...200, using: &random))
            guard let message = try? PointsMessage(bytes) else { continue }
            #expect(message.bytes == bytes)
        }
    }

    @Test func `a field that cannot be is refused by name`() throws {
        var samples = Samples(3)
        let transaction = samples.transaction()
        let refusal = PointsMessage.refusal(transaction, .busy).bytes
        let money = try #require(Currency(bcd: 0x0978))
        var noted = PointsMessage.purchase(try samples.purchaseNotice()).bytes
        noted[noted.count - 1] = 4
        var enrol = PointsMessage.enrol(transaction, try samples.membership()).bytes
        enrol[enrol.count - 1] = UInt8(ascii: "a")
        let cases: [([UInt8], String)] = [
            ([2] + refusal.dropFirst(), "version"),
            ([1, 0x79] + refusal.dropFirst(2), "type"),
            (refusal.dropLast() + [0x03], "reason"),
            ([1, 0x75, UInt8(money.bcd >> 8), UInt8(money.bcd & 0xFF)], "CURR"),
            ([1, 0x76, 0x90, 0x01, 0, 0, 0, 0, 0x10, 0x01], "tranches"),
            (noted, "state"), (enrol, "member number"),
        ]
        for (bytes, field) in cases {
            #expect(throws: WireFailure(path: "points message: \(field)", problem: .invalid)) {
                try PointsMessage(bytes)
            }
        }
    }

    @Test func `a note that could not be read again is never written`() async {
        await #expect(processExitsWith: .failure) {
            var samples = Samples(5)
            let membership = try samples.membership()
            _ = PointsCredit(
                transaction: samples.transaction(),
                membership: membership,
                amount: Money(minorUnits: 1, currency: membership.programme, exponent: .units),
                expiry: samples.expiry(),
                note: String(repeating: "n", count: PointsCredit.noteBytesMax + 1)
            )
        }
    }
}

extension Samples {
    mutating func programme() throws -> Currency {
        let digits = UInt64.random(in: 9_001...9_999, using: &random)
        return try #require(Currency(bcd: UInt16(BCD.pack(digits))))
    }

    mutating func membership() throws -> Membership {
        let count = Int.random(in: 1...MemberNumber.bytesMax, using: &random)
        let letters = Array("ABCXYZ0189-")
        let text = (0..<count).map { _ in
            letters[Int.random(in: 0..<letters.count, using: &random)]
        }
        let number = try #require(MemberNumber(String(text)))
        return Membership(programme: try programme(), number: number)
    }

    mutating func purchaseNotice() throws -> PurchaseNotice {
        PurchaseNotice(
            transaction: transaction(),
            membership: try membership(),
            merchant: try merchant(),
            amount: try money(),
            debitedAt: instant(),
            state: try #require(PurchaseNotice.State.allCases.randomElement(using: &random))
        )
    }

    mutating func pointsMessages() throws -> [PointsMessage] {
        let (transaction, membership) = (transaction(), try membership())
        let exponent = try #require(Exponent(UInt8.random(in: 0...6, using: &random)))
        let credit = PointsCredit(
            transaction: transaction,
            membership: membership,
            amount: Money(
                minorUnits: random.next(),
                currency: membership.programme,
                exponent: exponent
            ),
            expiry: expiry(),
            note: Bool.random(using: &random) ? "Flüge im März" : ""
        )
        let tranches = (0..<Int.random(in: 0...5, using: &random)).map { _ in
            PointsTranche(expiry: expiry(), minorUnits: random.next())
        }
        return [
            .enrol(transaction, membership), .enrolled(transaction), .credit(credit),
            .credited(transaction, balance: random.next()),
            .holdingsQuestion(membership.programme),
            .holdings(membership.programme, cards: number(), tranches),
            .purchase(try purchaseNotice()), .noted(transaction),
        ] + PointsRefusal.allCases.map { .refusal(transaction, $0) }
    }
}
