// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Simulation
import Testing
import Wire

/// A client alters the order page before it goes to the OPAL server: who is at the browser may
/// write what he likes into each field.
@Suite struct AlteredPageTests {
    private static let policies = ComparisonPolicy.allCases

    private func text(_ page: OrderPage, _ field: OrderPage.Field) -> String {
        page.fields.first { $0.0 == field }?.1 ?? ""
    }

    /// The page as the OPAL server reads it; nil where it does not.
    private func page(
        _ page: OrderPage,
        _ changed: OrderPage.Field,
        _ value: String?
    ) -> OrderPage? {
        let fields = Dictionary(uniqueKeysWithValues: page.fields)
        return try? OrderPage { field in field == changed ? value : fields[field] }
    }

    @Test(arguments: policies)
    func `a page with any byte of any field changed or missing is refused and takes nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        // The description is what the person reads, and no part of the order.
        for (field, _) in order.page.fields where field != .description {
            let value = Array(text(order.page, field).utf8)
            var played = 0
            for forged in Tampering.everyByte(value, [0x01, 0x02, 0x20]) + Tampering.everyCut(value)
            {
                let forged = String(decoding: forged, as: UTF8.self)
                guard let page = page(order.page, field, forged), page != order.page else {
                    continue
                }
                let outcome = await world.pay(page)
                #expect(outcome.isRefused, "\(field): \(outcome)")
                played += 1
            }
            #expect(played > 0, "\(field): no changed page is one")
            #expect(page(order.page, field, nil) == nil)
        }
        #expect(await Ledger(world).sales.isEmpty)
        #expect(world.leasedTerminals.isEmpty)
        #expect(try await world.balance() == World.value)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// What somebody who knows what he does would write.
    @Test(arguments: policies)
    func `a page with a chosen value in any field is refused for its reason`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let order = try await world.offer()
        let other = try await world.offer(1, at: 1)
        let policyBesides = ComparisonPolicy.allCases.first { $0 != policy }
        let chosen: [(OrderPage.Field, String, Refusal)] = [
            (.amount, "1", .orderForged), (.amount, "0", .orderForged),
            (.amount, String(UInt64.max), .insufficientValue),
            (.currency, "0840", .currencyNotHeld), (.exponent, "0", .currencyNotHeld),
            (.transaction, other.transaction.text, .orderForged),
            (.merchant, "PRESS-2", .orderForged), (.merchant, "NOBODY", .unknownMerchant),
            (.paymentServer, "evil.example", .unknownPaymentServer),
            (.paymentServer, "127.0.0.1:8404", .unknownPaymentServer),
            (.statusURL, "https://evil.example/result", .orderForged),
            (.policy, String(policyBesides?.rawValue ?? 0), .orderForged),
            (.madeAt, String(order.page.terms.madeAt.milliseconds + 60_000), .orderForged),
            (.madeAt, "0", .orderTooOld), (.keyName, "k2", .unknownMerchant),
            (.sessionKey, text(other.page, .sessionKey), .orderForged),
            (.wrappedSessionKey, text(other.page, .wrappedSessionKey), .orderForged),
            (.orderToken, text(other.page, .orderToken), .orderForged),
        ]
        for (field, value, reason) in chosen {
            let forged = try #require(page(order.page, field, value), "\(field)")
            #expect(await world.pay(forged) == .refused(reason), "\(field) \(value)")
        }
        #expect(try await world.balance() == World.value)
        try await world.buy(order)
        try await world.buy(other)
        try await world.expectSound(balance: World.value - World.price - 20, sold: 2)
    }

    @Test(arguments: policies)
    func `a page that tells another description takes what the order says, once`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let forged = try #require(page(order.page, .description, "Something for nothing"))
        let receipt = try #require(await world.pay(forged).receipt)
        #expect(receipt.terms.amount == euros(World.price))
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }
}
