// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Data of INITIALIZE IEP for load: TI 1, IDBANK 8, TRX 16, DTHR 7, CURR 2, CEXP 1, M 8
/// (43 bytes).
package struct InitializeLoad: Equatable, Sendable {
    package let bank: BankIdentifier
    package let transaction: TransactionIdentifier
    package let time: CardTime
    /// Zero is allowed and proves the counter (FIG. 18, negative result).
    package let amount: Money

    package static let length = 43

    package init(
        bank: BankIdentifier,
        transaction: TransactionIdentifier,
        time: CardTime,
        amount: Money
    ) {
        self.bank = bank
        self.transaction = transaction
        self.time = time
        self.amount = amount
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "INITIALIZE IEP for load")
        guard try reader.transactionType() == .load else { throw reader.failure("TI", .invalid) }
        bank = BankIdentifier(bits: try reader.integer("IDBANK", bytes: 8))
        transaction = try reader.transaction()
        time = try reader.time()
        amount = try reader.money()
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.byte(TransactionType.load.rawValue)
        writer.integer(bank.bits, bytes: 8)
        writer.transaction(transaction)
        writer.time(time)
        writer.money(amount)
        return writer.bytes
    }
}

/// Answer to INITIALIZE IEP for load: BIN 3, IEP 5, DEXP 3, ALG 1, VKL 1, CURR 2, CEXP 1, BAL 8,
/// BALMAX 8, NT 4, R 8, S1 8 (52 bytes).
package struct InitializeLoadAnswer: Equatable, Sendable {
    package let card: CardIdentifier
    package let expiry: CardDate
    package let algorithm: CardAlgorithm
    package let loadKeyVersion: UInt8
    package let balance: Money
    package let balanceMax: UInt64
    package let number: UInt32
    package let random: UInt64
    package let signature: Signature

    package static let length = 52

    package init(
        card: CardIdentifier,
        expiry: CardDate,
        algorithm: CardAlgorithm,
        loadKeyVersion: UInt8,
        balance: Money,
        balanceMax: UInt64,
        number: UInt32,
        random: UInt64,
        signature: Signature
    ) {
        self.card = card
        self.expiry = expiry
        self.algorithm = algorithm
        self.loadKeyVersion = loadKeyVersion
        self.balance = balance
        self.balanceMax = balanceMax
        self.number = number
        self.random = random
        self.signature = signature
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "INITIALIZE IEP for load, answer")
        card = try reader.card()
        expiry = try reader.expiry()
        algorithm = try reader.value("ALG", bytes: 1) { CardAlgorithm(rawValue: UInt8($0)) }
        loadKeyVersion = try reader.byte("VKL")
        balance = try reader.money()
        balanceMax = try reader.integer("BALMAX", bytes: 8)
        number = try reader.number("NT")
        random = try reader.integer("R", bytes: 8)
        signature = try reader.signature("S1")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.card(card)
        writer.expiry(expiry)
        writer.byte(algorithm.rawValue)
        writer.byte(loadKeyVersion)
        writer.money(balance)
        writer.integer(balanceMax, bytes: 8)
        writer.number(number)
        writer.integer(random, bytes: 8)
        writer.signature(signature)
        return writer.bytes
    }
}

/// Data of CREDIT IEP: CC 2, TRX 16, M 8, S2 8 (34 bytes).
package struct CreditIEP: Equatable, Sendable {
    /// What the load server decided; the card credits only where it is 0000.
    package let completion: CompletionCode
    package let transaction: TransactionIdentifier
    package let minorUnits: UInt64
    package let signature: Signature

    package static let length = 34

    package init(
        completion: CompletionCode,
        transaction: TransactionIdentifier,
        minorUnits: UInt64,
        signature: Signature
    ) {
        self.completion = completion
        self.transaction = transaction
        self.minorUnits = minorUnits
        self.signature = signature
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "CREDIT IEP")
        completion = try reader.completion()
        transaction = try reader.transaction()
        minorUnits = try reader.integer("M", bytes: 8)
        signature = try reader.signature("S2")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.completion(completion)
        writer.transaction(transaction)
        writer.integer(minorUnits, bytes: 8)
        writer.signature(signature)
        return writer.bytes
    }
}

/// Answer to CREDIT IEP: CC 2, NT 4, BAL 8, S3 8 (22 bytes).
package struct CreditAnswer: Equatable, Sendable {
    package let completion: CompletionCode
    package let number: UInt32
    package let balance: UInt64
    package let signature: Signature

    package static let length = 22

    package init(
        completion: CompletionCode,
        number: UInt32,
        balance: UInt64,
        signature: Signature
    ) {
        self.completion = completion
        self.number = number
        self.balance = balance
        self.signature = signature
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "CREDIT IEP, answer")
        completion = try reader.completion()
        number = try reader.number("NT")
        balance = try reader.integer("BAL", bytes: 8)
        signature = try reader.signature("S3")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.completion(completion)
        writer.number(number)
        writer.integer(balance, bytes: 8)
        writer.signature(signature)
        return writer.bytes
    }
}
