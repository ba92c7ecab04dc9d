// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// The key of one purchase: KS = KDF(KCP, "OPAL purchase session key",
/// NT || R || IDPSAM || NTPSAM || TRX).
package struct PurchaseSessionKey: Sendable {
    private let key: CMACKey

    /// `cardKey`: KCP.
    package init(
        cardKey: CMACKey,
        number: UInt32,
        random: UInt64,
        securityCard: SecurityCardIdentifier,
        securityCardNumber: UInt32,
        transaction: TransactionIdentifier
    ) {
        var context = ByteWriter(capacity: 40)
        context.number(number)
        context.integer(random, bytes: 8)
        context.securityCard(securityCard)
        context.number(securityCardNumber)
        context.transaction(transaction)
        key = cardKey.deriveMAC("OPAL purchase session key", context.bytes)
    }

    /// S2: the security card proves itself (purse profile, "Signatures").
    package func securityCardSignature(_ scope: PurchaseScope) -> Signature {
        sign(0x02, scope)
    }

    /// SV: the security card will never count this transaction.
    package func voidProof(_ scope: PurchaseScope) -> Signature {
        sign(0x0F, scope)
    }

    /// S3: the card proves how the debit ended; `balance` is the one afterwards.
    package func cardSignature(
        _ scope: PurchaseScope,
        completion: CompletionCode,
        balance: UInt64
    ) -> Signature {
        var message = ByteWriter(capacity: 96)
        message.byte(0x03)
        message.byte(scope.type.rawValue)
        message.completion(completion)
        scope.write(to: &message)
        message.integer(balance, bytes: 8)
        return Signature(bits: key.code8(message.bytes))
    }

    private func sign(_ label: UInt8, _ scope: PurchaseScope) -> Signature {
        var message = ByteWriter(capacity: 80)
        message.byte(label)
        message.byte(scope.type.rawValue)
        scope.write(to: &message)
        return Signature(bits: key.code8(message.bytes))
    }
}

/// What all signatures of a purchase cover.
package struct PurchaseScope: Sendable {
    package let type: TransactionType
    package let card: CardIdentifier
    package let number: UInt32
    package let command: DebitIEP

    /// `number`: NT that the transaction has.
    package init(
        type: TransactionType,
        card: CardIdentifier,
        number: UInt32,
        command: DebitIEP
    ) {
        self.type = type
        self.card = card
        self.number = number
        self.command = command
    }

    /// BIN || IEP || NT || IDPSAM || NTPSAM || TRX || MERCH || DTHR || CURR || CEXP || M, with DEXP
    /// behind IEP in S6.
    fileprivate func write(to message: inout ByteWriter, expiry: CardDate? = nil) {
        message.card(card)
        if let expiry { message.expiry(expiry) }
        message.number(number)
        message.securityCard(command.securityCard)
        message.number(command.securityCardNumber)
        message.transaction(command.transaction)
        message.merchant(command.merchant)
        message.time(command.time)
        message.money(command.amount)
    }

    /// S6: a proof that only the issuer can check.
    ///
    /// `key`: KCI.
    package func issuerProof(expiry: CardDate, balance: UInt64, key: CMACKey) -> Signature {
        var message = ByteWriter(capacity: 96)
        message.byte(0x06)
        message.byte(type.rawValue)
        write(to: &message, expiry: expiry)
        message.integer(balance, bytes: 8)
        return Signature(bits: key.code8(message.bytes))
    }
}

/// The signatures of a load.
package enum LoadSignatures {
    /// S1: the card asks to be loaded. The answer's own signature field is not covered.
    ///
    /// `key`: KCL.
    package static func request(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        key: CMACKey
    ) -> Signature {
        var message = ByteWriter(capacity: 104)
        message.byte(0x01)
        message.byte(TransactionType.load.rawValue)
        message.card(answer.card)
        message.expiry(answer.expiry)
        message.number(answer.number)
        message.integer(request.bank.bits, bytes: 8)
        message.transaction(request.transaction)
        message.time(request.time)
        message.money(request.amount)
        message.integer(answer.balance.minorUnits, bytes: 8)
        message.integer(answer.balanceMax, bytes: 8)
        message.integer(answer.random, bytes: 8)
        return Signature(bits: key.code8(message.bytes))
    }

    /// S2: the load server allows (or refuses) the load that S1 asked for.
    ///
    /// `key`: KCL.
    package static func credit(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        completion: CompletionCode,
        key: CMACKey
    ) -> Signature {
        var message = ByteWriter(capacity: 64)
        message.byte(0x02)
        message.byte(TransactionType.load.rawValue)
        message.signature(answer.signature)
        message.completion(completion)
        message.card(answer.card)
        message.number(answer.number)
        message.transaction(request.transaction)
        message.money(request.amount)
        return Signature(bits: key.code8(message.bytes))
    }

    /// S3: the card proves how the load ended; `balance` is the one afterwards.
    ///
    /// `key`: KCC.
    package static func completion(
        _ request: InitializeLoad,
        card: CardIdentifier,
        number: UInt32,
        completion: CompletionCode,
        balance: UInt64,
        key: CMACKey
    ) -> Signature {
        var message = ByteWriter(capacity: 64)
        message.byte(0x03)
        message.byte(TransactionType.load.rawValue)
        message.completion(completion)
        message.card(card)
        message.number(number)
        message.transaction(request.transaction)
        message.money(request.amount)
        message.integer(balance, bytes: 8)
        return Signature(bits: key.code8(message.bytes))
    }

    /// SN: the card denies a load that it asked for: it did not take place.
    ///
    /// `key`: KCC.
    package static func denial(_ load: CardLoad, key: CMACKey) -> Signature {
        var message = ByteWriter(capacity: 64)
        message.byte(0x0E)
        message.byte(TransactionType.load.rawValue)
        message.signature(load.answer.signature)
        message.card(load.answer.card)
        message.number(load.answer.number)
        message.transaction(load.request.transaction)
        message.money(load.request.amount)
        return Signature(bits: key.code8(message.bytes))
    }
}
