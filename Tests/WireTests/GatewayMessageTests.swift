// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct GatewayMessageTests {
    @Test(arguments: 0..<50)
    func `each message is read as it was written`(seed: UInt64) throws {
        var samples = Samples(seed)
        for message in try samples.gatewayMessages() {
            #expect(try GatewayMessage(message.bytes) == message)
            #expect(message.bytes.count <= LinkLimits.messageBytesMax)
        }
    }

    @Test func `each truncation and one byte more is a failure with a path`() throws {
        var samples = Samples(1)
        for message in try samples.gatewayMessages() {
            let bytes = message.bytes
            for count in 0..<bytes.count {
                let failure = #expect(throws: WireFailure.self) {
                    try GatewayMessage(Array(bytes[..<count]))
                }
                #expect(failure?.path.hasPrefix("gateway message: ") == true)
            }
            #expect(throws: WireFailure(path: "gateway message: end", problem: .tooLong)) {
                try GatewayMessage(bytes + [0])
            }
        }
    }

    @Test(arguments: 0..<8)
    func `damaged bytes are another message or a failure, and never a trap`(seed: UInt64) throws {
        var samples = Samples(seed + 500)
        for message in try samples.gatewayMessages() {
            for _ in 0..<1_000 {
                let damaged = samples.random.damaged(message.bytes)
                guard let again = try? GatewayMessage(damaged) else { continue }
                #expect(again.bytes == damaged)
            }
        }
    }

    @Test func `random bytes are a message or a failure`() {
        var random = Seeded(2)
        for _ in 0..<20_000 {
            let head: [UInt8] = [1, UInt8.random(in: 0x50...0x70, using: &random)]
            let bytes = head + random.bytes(Int.random(in: 0...200, using: &random))
            guard let message = try? GatewayMessage(bytes) else { continue }
            #expect(message.bytes == bytes)
        }
    }

    @Test func `a field that cannot be is refused by name`() throws {
        var samples = Samples(3)
        let transaction = samples.transaction()
        let declined = GatewayMessage.declined(transaction, .declined).bytes
        let cases: [([UInt8], String)] = [
            ([2] + declined.dropFirst(), "version"),
            ([1, 0x57] + declined.dropFirst(2), "type"),
            (declined.dropLast() + [0], "reason"),
            (
                GatewayMessage.approved(transaction, code: "A12345").bytes.dropLast() + [0x2D],
                "approval code"
            ),
            (GatewayMessage.refusal(transaction, .malformed).bytes.dropLast() + [0x7F], "reason"),
        ]
        for (bytes, field) in cases {
            #expect(throws: WireFailure(path: "gateway message: \(field)", problem: .invalid)) {
                try GatewayMessage(bytes)
            }
        }
    }

    @Test func `no print of a message shows an account, a verification value or an address`()
        throws
    {
        var samples = Samples(4)
        let message = GatewayMessage.authorize(try samples.authorization())
        guard case .authorize(let authorization) = message else { return }
        var dumped = ""
        dump(message, to: &dumped)
        let texts = [
            "\(message)", String(reflecting: message), dumped, "\(authorization)",
            String(reflecting: [authorization]), "\(authorization.account)",
        ]
        for text in texts {
            #expect(!text.contains(authorization.account.number.dropLast(4)))
            #expect(!text.contains(authorization.address.street))
            #expect(!text.contains("\"739\""))
        }
        #expect("\(authorization)".contains("•••• \(authorization.account.lastFour)"))
    }

    @Test func `a repeat asks for the same, whatever the verification value`() throws {
        var samples = Samples(5)
        let first = try samples.authorization()
        let without = GatewayAuthorization(
            transaction: first.transaction,
            amount: first.amount,
            account: first.account,
            address: first.address,
            verificationValue: nil,
            acceptor: first.acceptor,
            initiation: first.initiation
        )
        #expect(first.hasSameTerms(as: without))
        let more = GatewayAuthorization(
            transaction: first.transaction,
            amount: Money(
                minorUnits: first.amount.minorUnits ^ 1,
                currency: first.amount.currency,
                exponent: first.amount.exponent
            ),
            account: first.account,
            address: first.address,
            verificationValue: nil,
            acceptor: first.acceptor,
            initiation: first.initiation
        )
        #expect(!first.hasSameTerms(as: more))
    }

    @Test func `an acceptor has what the elements of the funding network can hold`() throws {
        let merchant = try #require(MerchantIdentifier("HARBOUR"))
        func acceptor(
            _ terminal: String = "OPAL0001",
            category: UInt16 = 6540,
            name: String = "Harbour Bank",
            city: String = "Springfield",
            country: String = "US"
        ) -> CardAcceptor? {
            CardAcceptor(
                terminal: terminal,
                merchant: merchant,
                category: category,
                name: name,
                city: city,
                country: country
            )
        }
        #expect(acceptor() != nil)
        for none in [
            acceptor(""), acceptor("OPAL 001"), acceptor("OPAL00001"), acceptor(category: 10_000),
            acceptor(name: ""), acceptor(name: String(repeating: "n", count: 26)),
            acceptor(name: "Käse"), acceptor(city: String(repeating: "c", count: 14)),
            acceptor(country: "us"), acceptor(country: "USA"),
        ] {
            #expect(none == nil)
        }
    }

    @Test func `an approval code that could not be read again is never written`() async {
        await #expect(processExitsWith: .failure) {
            _ =
                GatewayMessage.approved(TransactionIdentifier(high: 0, low: 0), code: "12345")
                .bytes
        }
    }
}

extension Samples {
    mutating func authorization() throws -> GatewayAuthorization {
        let expiry = try #require(AccountExpiry(year: 2030, month: 11))
        let digits = Int.random(in: FundingAccount.digits, using: &random)
        let number = (0..<digits).map { _ in "\(Int.random(in: 0...9, using: &random))" }.joined()
        return GatewayAuthorization(
            transaction: transaction(),
            amount: try money(),
            account: try #require(FundingAccount(number: number, expiry: expiry)),
            address: BillingAddress(
                street: "1 Långa gatan",
                city: "Göteborg",
                postalCode: "411 01",
                country: "SE"
            ),
            verificationValue: Bool.random(using: &random)
                ? CardVerificationValue(digits: "739") : nil,
            acceptor: try #require(
                CardAcceptor(
                    terminal: "OPAL0001",
                    merchant: try merchant(),
                    name: "Harbour Bank",
                    city: "Springfield",
                    country: "US"
                )
            ),
            initiation: Bool.random(using: &random) ? .person : .standingOrder
        )
    }

    mutating func gatewayMessages() throws -> [GatewayMessage] {
        let transaction = transaction()
        return [
            .authorize(try authorization()), .complete(transaction), .cancel(transaction),
            .question(transaction), .approved(transaction, code: "aZ 019"),
            .addressMismatch(transaction), .verificationValueMismatch(transaction),
            .unknown(transaction), .reversed(transaction), .completed(transaction),
            .cancelled(transaction), .notKnown(transaction), .busy(transaction),
        ] + FundingDecline.allCases.map { .declined(transaction, $0) }
            + GatewayMessage.Reason.allCases.map { .refusal(transaction, $0) }
    }
}
