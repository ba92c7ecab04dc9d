// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Data of INITIALIZE IEP for purchase: TI 1, CURR 2, CEXP 1, M 8 (12 bytes).
package struct InitializePurchase: Equatable, Sendable {
    package let type: TransactionType
    package let amount: Money

    package static let length = 12

    package init(type: TransactionType, amount: Money) {
        self.type = type
        self.amount = amount
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "INITIALIZE IEP for purchase")
        type = try reader.transactionType()
        amount = try reader.money()
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.byte(type.rawValue)
        writer.money(amount)
        return writer.bytes
    }
}

/// Answer to INITIALIZE IEP for purchase: BIN 3, IEP 5, DEXP 3, ALG 1, VKP 1, AM 1, CURR 2,
/// CEXP 1, BAL 8, NT 4, R 8 (37 bytes).
package struct InitializePurchaseAnswer: Equatable, Sendable {
    package let card: CardIdentifier
    package let expiry: CardDate
    package let algorithm: CardAlgorithm
    package let purchaseKeyVersion: UInt8
    package let authenticationMode: AuthenticationMode
    /// BAL with CURR and CEXP: the balance before.
    package let balance: Money
    /// NT that the transaction will have.
    package let number: UInt32
    /// R.
    package let random: UInt64

    package static let length = 37

    package init(
        card: CardIdentifier,
        expiry: CardDate,
        algorithm: CardAlgorithm,
        purchaseKeyVersion: UInt8,
        authenticationMode: AuthenticationMode,
        balance: Money,
        number: UInt32,
        random: UInt64
    ) {
        self.card = card
        self.expiry = expiry
        self.algorithm = algorithm
        self.purchaseKeyVersion = purchaseKeyVersion
        self.authenticationMode = authenticationMode
        self.balance = balance
        self.number = number
        self.random = random
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "INITIALIZE IEP for purchase, answer")
        card = try reader.card()
        expiry = try reader.expiry()
        algorithm = try reader.value("ALG", bytes: 1) { CardAlgorithm(rawValue: UInt8($0)) }
        purchaseKeyVersion = try reader.byte("VKP")
        authenticationMode = try reader.value("AM", bytes: 1) {
            AuthenticationMode(rawValue: UInt8($0))
        }
        balance = try reader.money()
        number = try reader.number("NT")
        random = try reader.integer("R", bytes: 8)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.card(card)
        writer.expiry(expiry)
        writer.byte(algorithm.rawValue)
        writer.byte(purchaseKeyVersion)
        writer.byte(authenticationMode.rawValue)
        writer.money(balance)
        writer.number(number)
        writer.integer(random, bytes: 8)
        return writer.bytes
    }
}

/// Data of DEBIT IEP: IDPSAM 8, NTPSAM 4, TRX 16, MERCH 15, DTHR 7, CURR 2, CEXP 1, M 8, S2 8
/// (69 bytes).
package struct DebitIEP: Equatable, Sendable {
    package let securityCard: SecurityCardIdentifier
    package let securityCardNumber: UInt32
    package let transaction: TransactionIdentifier
    package let merchant: MerchantIdentifier
    package let time: CardTime
    package let amount: Money
    package let signature: Signature

    package static let length = 69

    package init(
        securityCard: SecurityCardIdentifier,
        securityCardNumber: UInt32,
        transaction: TransactionIdentifier,
        merchant: MerchantIdentifier,
        time: CardTime,
        amount: Money,
        signature: Signature
    ) {
        self.securityCard = securityCard
        self.securityCardNumber = securityCardNumber
        self.transaction = transaction
        self.merchant = merchant
        self.time = time
        self.amount = amount
        self.signature = signature
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "DEBIT IEP")
        securityCard = try reader.securityCard()
        securityCardNumber = try reader.number("NTPSAM")
        transaction = try reader.transaction()
        merchant = try reader.merchant()
        time = try reader.time()
        amount = try reader.money()
        signature = try reader.signature("S2")
        try reader.end()
    }

    /// The same command with the merchant's original amount, transaction and merchant put back
    /// (FIG. 11B, step 616): what was changed on the way makes S2 wrong.
    package func restoring(_ terms: OrderTerms) -> DebitIEP {
        DebitIEP(
            securityCard: securityCard,
            securityCardNumber: securityCardNumber,
            transaction: terms.transaction,
            merchant: terms.merchant,
            time: time,
            amount: terms.amount,
            signature: signature
        )
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.securityCard(securityCard)
        writer.number(securityCardNumber)
        writer.transaction(transaction)
        writer.merchant(merchant)
        writer.time(time)
        writer.money(amount)
        writer.signature(signature)
        return writer.bytes
    }
}

/// Answer to DEBIT IEP: CC 2, NT 4, BAL 8, S3 8, S6 8 (30 bytes; S6 zero where CC is not 0000).
package struct DebitAnswer: Equatable, Sendable {
    package let completion: CompletionCode
    package let number: UInt32
    /// The balance afterwards; unchanged where the completion code is not 0000.
    package let balance: UInt64
    package let signature: Signature
    /// S6, which only the issuer can check.
    package let issuerProof: Signature

    package static let length = 30

    package init(
        completion: CompletionCode,
        number: UInt32,
        balance: UInt64,
        signature: Signature,
        issuerProof: Signature
    ) {
        self.completion = completion
        self.number = number
        self.balance = balance
        self.signature = signature
        self.issuerProof = issuerProof
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "DEBIT IEP, answer")
        completion = try reader.completion()
        number = try reader.number("NT")
        balance = try reader.integer("BAL", bytes: 8)
        signature = try reader.signature("S3")
        issuerProof = try reader.signature("S6")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.completion(completion)
        writer.number(number)
        writer.integer(balance, bytes: 8)
        writer.signature(signature)
        writer.signature(issuerProof)
        return writer.bytes
    }
}

/// Data of RECOVER VALUE: NT 4, IDPSAM 8, NTPSAM 4, TRX 16, M 8, SV 8 (48 bytes).
package struct RecoverValue: Equatable, Sendable {
    /// NT of the debit that is put back.
    package let number: UInt32
    package let securityCard: SecurityCardIdentifier
    package let securityCardNumber: UInt32
    package let transaction: TransactionIdentifier
    /// M, in the minor units of the debit.
    package let minorUnits: UInt64
    package let voidProof: Signature

    package static let length = 48

    package init(
        number: UInt32,
        securityCard: SecurityCardIdentifier,
        securityCardNumber: UInt32,
        transaction: TransactionIdentifier,
        minorUnits: UInt64,
        voidProof: Signature
    ) {
        self.number = number
        self.securityCard = securityCard
        self.securityCardNumber = securityCardNumber
        self.transaction = transaction
        self.minorUnits = minorUnits
        self.voidProof = voidProof
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "RECOVER VALUE")
        number = try reader.number("NT")
        securityCard = try reader.securityCard()
        securityCardNumber = try reader.number("NTPSAM")
        transaction = try reader.transaction()
        minorUnits = try reader.integer("M", bytes: 8)
        voidProof = try reader.signature("SV")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.number(number)
        writer.securityCard(securityCard)
        writer.number(securityCardNumber)
        writer.transaction(transaction)
        writer.integer(minorUnits, bytes: 8)
        writer.signature(voidProof)
        return writer.bytes
    }
}

/// Answer to RECOVER VALUE: CC 2, NT 4, BAL 8 (14 bytes).
package struct RecoverAnswer: Equatable, Sendable {
    package let completion: CompletionCode
    package let number: UInt32
    package let balance: UInt64

    package init(completion: CompletionCode, number: UInt32, balance: UInt64) {
        self.completion = completion
        self.number = number
        self.balance = balance
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "RECOVER VALUE, answer")
        completion = try reader.completion()
        number = try reader.number("NT")
        balance = try reader.integer("BAL", bytes: 8)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 14)
        writer.completion(completion)
        writer.number(number)
        writer.integer(balance, bytes: 8)
        return writer.bytes
    }
}

/// Answer to GET BALANCE: CURR 2, CEXP 1, BAL 8, BALMAX 8 (19 bytes).
package struct BalanceAnswer: Equatable, Sendable {
    package let balance: Money
    package let balanceMax: UInt64

    package init(balance: Money, balanceMax: UInt64) {
        self.balance = balance
        self.balanceMax = balanceMax
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "GET BALANCE, answer")
        balance = try reader.money()
        balanceMax = try reader.integer("BALMAX", bytes: 8)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 19)
        writer.money(balance)
        writer.integer(balanceMax, bytes: 8)
        return writer.bytes
    }
}
