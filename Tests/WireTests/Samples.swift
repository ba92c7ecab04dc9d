// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

/// Values of every kind, made from a seed.
struct Samples {
    var random: Seeded

    init(_ seed: UInt64) {
        random = Seeded(seed)
    }

    mutating func card() -> CardIdentifier {
        let issuer = IssuerIdentifier(
            bcd: UInt32(BCD.pack(UInt64.random(in: 0...999_999, using: &random)))
        )
        guard let issuer else { preconditionFailure("Packed digits are decimal.") }
        return CardIdentifier(
            issuer: issuer,
            number: UInt64.random(in: 0...CardIdentifier.numberMax, using: &random)
        )
    }

    mutating func instant() -> Instant {
        Instant(milliseconds: Int64.random(in: 0..<253_402_300_800_000, using: &random))
    }

    mutating func time() -> CardTime { CardTime(instant()) }

    mutating func expiry() -> CardDate {
        CardDate(CivilDate(day: Int64.random(in: 10_957..<47_482, using: &random)))
    }

    mutating func money() throws -> Money {
        let currencies: [Currency] = [
            .euro, .dollar, .nothing, try #require(Currency(bcd: 0x9001)),
        ]
        return Money(
            minorUnits: random.next(),
            currency: try #require(currencies.randomElement(using: &random)),
            exponent: try #require(Exponent(UInt8.random(in: 0...6, using: &random)))
        )
    }

    mutating func transaction() -> TransactionIdentifier {
        TransactionIdentifier(high: random.next(), low: random.next())
    }

    mutating func merchant() throws -> MerchantIdentifier {
        let count = Int.random(in: 1...15, using: &random)
        let characters = (0..<count).map { _ in UInt8.random(in: 0x21...0x7E, using: &random) }
        return try #require(MerchantIdentifier(String(decoding: characters, as: UTF8.self)))
    }

    mutating func securityCard() -> SecurityCardIdentifier {
        SecurityCardIdentifier(bits: random.next())
    }

    mutating func number() -> UInt32 { UInt32.random(in: .min ... .max, using: &random) }
    mutating func signature() -> Signature { Signature(bits: random.next()) }

    mutating func completion() throws -> CompletionCode {
        try #require(CompletionCode.allCases.randomElement(using: &random))
    }

    // MARK: Purse commands

    mutating func initializePurchase() throws -> InitializePurchase {
        InitializePurchase(
            type: Bool.random(using: &random) ? .purchase : .authentication,
            amount: try money()
        )
    }

    mutating func initializePurchaseAnswer() throws -> InitializePurchaseAnswer {
        InitializePurchaseAnswer(
            card: card(),
            expiry: expiry(),
            algorithm: .aes,
            purchaseKeyVersion: 3,
            authenticationMode: .symmetric,
            balance: try money(),
            number: number(),
            random: random.next()
        )
    }

    mutating func debit() throws -> DebitIEP {
        DebitIEP(
            securityCard: securityCard(),
            securityCardNumber: number(),
            transaction: transaction(),
            merchant: try merchant(),
            time: time(),
            amount: try money(),
            signature: signature()
        )
    }

    mutating func debitAnswer() throws -> DebitAnswer {
        DebitAnswer(
            completion: try completion(),
            number: number(),
            balance: random.next(),
            signature: signature(),
            issuerProof: signature()
        )
    }

    mutating func initializeLoad() throws -> InitializeLoad {
        InitializeLoad(
            bank: BankIdentifier(bits: random.next()),
            transaction: transaction(),
            time: time(),
            amount: try money()
        )
    }

    mutating func initializeLoadAnswer() throws -> InitializeLoadAnswer {
        InitializeLoadAnswer(
            card: card(),
            expiry: expiry(),
            algorithm: .aes,
            loadKeyVersion: 2,
            balance: try money(),
            balanceMax: random.next(),
            number: number(),
            random: random.next(),
            signature: signature()
        )
    }

    mutating func credit() throws -> CreditIEP {
        CreditIEP(
            completion: try completion(),
            transaction: transaction(),
            minorUnits: random.next(),
            signature: signature()
        )
    }

    mutating func creditAnswer() throws -> CreditAnswer {
        CreditAnswer(
            completion: try completion(),
            number: number(),
            balance: random.next(),
            signature: signature()
        )
    }

    mutating func recover() -> RecoverValue {
        RecoverValue(
            number: number(),
            securityCard: securityCard(),
            securityCardNumber: number(),
            transaction: transaction(),
            minorUnits: random.next(),
            voidProof: signature()
        )
    }

    mutating func recoverAnswer() throws -> RecoverAnswer {
        RecoverAnswer(completion: try completion(), number: number(), balance: random.next())
    }

    // MARK: Messages between parties

    mutating func terms() throws -> OrderTerms {
        let amount = try money()
        return OrderTerms(
            transaction: transaction(),
            merchant: try merchant(),
            amount: amount.currency == .nothing ? .proof : amount,
            policy: try #require(ComparisonPolicy.allCases.randomElement(using: &random)),
            madeAt: instant(),
            statusURL: "https://shop.example/status?größe=1"
        )
    }

    /// The first half of a mixed payment.
    mutating func mixedTerms() throws -> OrderTerms {
        OrderTerms(
            transaction: transaction(),
            merchant: try merchant(),
            amount: Money(minorUnits: random.next(), currency: .euro, exponent: .cents),
            policy: .paymentServer,
            madeAt: instant(),
            statusURL: "https://shop.example/status?größe=1",
            otherHalf: OtherHalf(
                transaction: transaction(),
                amount: Money(
                    minorUnits: random.next(),
                    currency: try #require(Currency(bcd: 0x9001)),
                    exponent: .units
                ),
                isFirst: false
            )
        )
    }

    /// Of two programmes.
    static func memberships() throws -> [Membership] {
        try [(0x9001, "SK-4711"), (0x9002, "CLUB-1")].map { code, text in
            Membership(
                programme: try #require(Currency(bcd: code)),
                number: try #require(MemberNumber(text))
            )
        }
    }

    mutating func proof() throws -> OrderProof {
        try #require(
            OrderProof(
                keyName: "k-2026",
                wrappedSessionKey: random.bytes(40),
                token: random.bytes(32)
            )
        )
    }

    mutating func draw(_ memberships: [Membership] = []) throws -> CardDraw {
        CardDraw(
            answerToReset: AnswerToReset.opal,
            initializeAnswer: try initializePurchaseAnswer(),
            type: .purchase,
            amount: try money(),
            transaction: transaction(),
            merchant: try merchant(),
            cardCertificate: random.bytes(5),
            issuerCertificate: random.bytes(7),
            memberships: memberships
        )
    }

    mutating func result() throws -> CardDebitResult {
        CardDebitResult(
            outcome: try #require(SaleOutcome.allCases.randomElement(using: &random)),
            reason: Bool.random(using: &random)
                ? nil : Refusal.allCases.randomElement(using: &random),
            time: time(),
            securityCard: securityCard(),
            securityCardNumber: number(),
            voidProof: signature()
        )
    }

    /// One of each kind.
    mutating func partyMessages() throws -> [PartyMessage] {
        [
            .drawRequest(
                DrawRequest(terms: try terms(), proof: try proof(), sealedDraw: random.bytes(200))
            ),
            .debitCommand(transaction(), sealed: random.bytes(97)),
            .debitResponse(transaction(), sealed: random.bytes(60)),
            .debitResult(
                transaction(),
                forCard: random.bytes(57),
                forMerchant: random.bytes(300)
            ),
            .saleQuestion(
                SaleQuestion(terms: try terms(), keyName: "k-2026", proof: random.bytes(32))
            ),
            .saleAnswer(transaction(), .drawn, forMerchant: []),
            .saleAnswer(transaction(), .sold, forMerchant: random.bytes(300)),
            .debitOffer(
                transaction(),
                sealed: random.bytes(97),
                expectation: random.bytes(300)
            ),
            .openSalesQuestion,
            .openSales([]),
            .openSales([transaction(), transaction()]),
            .notDebited(transaction()), .otherHalfRefused(transaction()),
            .refusal(transaction(), .orderTooOld),
        ]
    }

    // MARK: History

    /// One of each kind.
    mutating func historyEntries() throws -> [CardHistoryEntry] {
        [
            CardHistoryEntry(
                moment: instant(),
                event: .debit(try evidence()),
                note: "Käse, 1 kg"
            ),
            CardHistoryEntry(
                moment: instant(),
                event: .load(
                    try initializeLoad(),
                    try initializeLoadAnswer(),
                    try credit(),
                    try creditAnswer()
                ),
                note: ""
            ),
            CardHistoryEntry(
                moment: instant(),
                event: .recovery(.euro, .cents, recover(), try recoverAnswer()),
                note: String(repeating: "n", count: CardHistoryEntry.noteBytesMax)
            ),
            CardHistoryEntry(
                moment: instant(),
                event: .setting(.blocked(Bool.random(using: &random)), by: "operator"),
                note: ""
            ),
            CardHistoryEntry(
                moment: instant(),
                event: .setting(.policy(try policy()), by: "Ärztin"),
                note: ""
            ),
            CardHistoryEntry(
                moment: instant(),
                event: .debit(try evidence(exception: number())),
                note: ""
            ),
            CardHistoryEntry(
                moment: instant(),
                event: .moved(
                    CardMove(
                        amount: try money(),
                        transaction: transaction(),
                        successor: card(),
                        lastNumber: number(),
                        balance: random.next()
                    )
                ),
                note: "To card •••• 1234"
            ),
        ] + (try pointsEntries()) + [try sweptEntry()]
    }

    private mutating func sweptEntry() throws -> CardHistoryEntry {
        let swept = SweptValue(
            amount: try money(),
            transaction: transaction(),
            reason: try #require(SweepReason.allCases.randomElement(using: &random)),
            number: random.next(),
            lastNumber: number(),
            balance: random.next()
        )
        return CardHistoryEntry(moment: instant(), event: .swept(swept), note: "Not used")
    }

    private mutating func pointsEntries() throws -> [CardHistoryEntry] {
        let programme = try #require(Currency(bcd: 0x9012))
        let number = try #require(MemberNumber("SKY-0012"))
        let day = try #require(CardDate(bcd: 0x26_1231))
        let points = try #require(
            PointsTranches([
                PointsTranche(expiry: day, minorUnits: 7),
                PointsTranche(expiry: PointsTranche.never, minorUnits: random.next() >> 1),
            ])
        )
        return [
            CardHistoryEntry(
                moment: instant(),
                event: .debit(
                    try evidence(
                        points: TakenPoints(points, code: Signature(bits: random.next()))
                    )
                ),
                note: "A seat"
            ),
            CardHistoryEntry(
                moment: instant(),
                event: .expired(
                    ExpiredPoints(
                        amount: Money(
                            minorUnits: random.next(),
                            currency: programme,
                            exponent: .units
                        ),
                        balance: random.next(),
                        lastNumber: self.number()
                    )
                ),
                note: ""
            ),
            CardHistoryEntry(
                moment: instant(),
                event: .setting(
                    .membership(
                        Membership(programme: programme, number: number),
                        .units,
                        balanceMax: Bool.random(using: &random) ? random.next() : nil
                    ),
                    by: "Sky miles"
                ),
                note: ""
            ),
        ]
    }

    private mutating func evidence(
        exception: UInt32? = nil,
        points: TakenPoints? = nil
    ) throws -> DebitEvidence {
        DebitEvidence(
            type: .purchase,
            random: random.next(),
            expiry: expiry(),
            purchaseKeyVersion: 1,
            command: try debit(),
            answer: try debitAnswer(),
            exception: exception,
            points: points
        )
    }

    mutating func policy() throws -> SpendingPolicy {
        SpendingPolicy(
            limits: Bool.random(using: &random) ? try limits() : nil,
            isFrozen: Bool.random(using: &random)
        )
    }

    /// Limits of which each is there or not.
    mutating func limits() throws -> SpendingLimits {
        let minutes = Int.random(in: LocalOffset.range, using: &random)
        var limits = SpendingLimits(
            currency: .euro,
            exponent: .cents,
            offset: try #require(LocalOffset(minutes: minutes))
        )
        if Bool.random(using: &random) { limits.purchaseMax = random.next() }
        for period in SpendingPeriod.allCases {
            if Bool.random(using: &random) { limits[period].minorUnitsMax = random.next() }
            if Bool.random(using: &random) { limits[period].purchasesMax = number() }
        }
        let days = (0..<7).map { _ in UInt32.random(in: 0...0xFF_FFFF, using: &random) }
        limits.hours = try #require(SpendingHours(bits: days))
        var merchants: Set<MerchantIdentifier> = []
        for _ in 0..<Int.random(in: 0...5, using: &random) { merchants.insert(try merchant()) }
        limits.merchants = try #require(SpendingRule(.except, merchants))
        var categories: Set<MerchantCategory> = []
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let digits = BCD.pack(UInt64.random(in: 0...9_999, using: &random))
            categories.insert(try #require(MerchantCategory(bcd: UInt16(digits))))
        }
        limits.categories = try #require(SpendingRule(.only, categories))
        return limits
    }
}
