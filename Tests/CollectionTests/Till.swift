// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import Keys
import SecurityCard
import SecurityModule
import Wire

/// A security card with cards that pay, and with its memory as it would be stored.
struct Till {
    struct Drawn {
        let draw: CardDraw
        let command: DebitIEP
    }

    struct Sold {
        let place: BatchPlace
        /// As they are collected.
        let bytes: [UInt8]
    }

    let identifier = SecurityCardIdentifier(acquirer: acquirer, serial: 9)
    private let card: SoftwareSecurityCard
    private let master = LocalMasterKey(SymmetricKey(data: [UInt8](repeating: 3, count: 32)))
    private let keys = IssuerMasterKeys.make()
    private let issuer: IssuerIdentifier
    private var memory: SealedSecurityCard
    private var drawCount: UInt64 = 0

    init(batchMax: UInt32 = BatchHeader.countMax, hasBatchKey: Bool = true) async throws {
        guard let issuer = IssuerIdentifier("636812") else { throw Unexpected.name }
        self.issuer = issuer
        card = SoftwareSecurityCard(identifier, master: master, batchMax: batchMax)
        card.install(keys, as: .init(issuer: issuer, version: 1))
        if hasBatchKey { try card.install(batchKey: master.wrap(batchMaster)) }
        memory = try await card.personalize()
    }

    var description: SecurityCardDescription {
        get async throws { try await card.describe(memory) }
    }

    mutating func draw(
        _ units: UInt64 = 100,
        type: TransactionType = .purchase
    ) async throws -> Drawn {
        guard let number = CardIdentifier("6368121221882974"),
            let expiry = CardDate(bcd: 0x27_1231), let merchant = MerchantIdentifier("SHOP"),
            let time = CardTime(bcd: 0x2026_1128_120000)
        else { throw Unexpected.name }
        drawCount += 1
        let draw = CardDraw(
            answerToReset: AnswerToReset.opal,
            initializeAnswer: InitializePurchaseAnswer(
                card: number,
                expiry: expiry,
                algorithm: .aes,
                purchaseKeyVersion: 1,
                authenticationMode: .symmetric,
                balance: Money(minorUnits: 10_000, currency: .euro, exponent: .cents),
                number: UInt32(drawCount),
                random: 77
            ),
            type: type,
            amount: Money(minorUnits: units, currency: .euro, exponent: .cents),
            transaction: TransactionIdentifier(high: 1, low: drawCount),
            merchant: merchant
        )
        let drawn = try await card.draw(draw, at: time, with: memory).get()
        memory = drawn.memory
        return Drawn(draw: draw, command: drawn.command)
    }

    /// The card answers the debit so.
    mutating func answer(
        _ drawn: Drawn,
        _ code: CompletionCode
    ) async throws -> SecurityCardCompletion {
        let completion = try await card.complete(
            drawn.draw,
            drawn.command,
            answer(to: drawn, code),
            with: memory
        ).get()
        memory = completion.memory
        return completion
    }

    mutating func complete(_ drawn: Drawn) async throws -> Sold {
        guard let place = try await answer(drawn, .done).place else { throw Unexpected.name }
        return sold(drawn, place)
    }

    /// - Returns: those that were counted into a batch.
    mutating func count(_ all: [Drawn]) async throws -> [Sold] {
        let result = try await card.count(
            all.map {
                ComparedSale(draw: $0.draw, command: $0.command, answer: answer(to: $0, .done))
            },
            with: memory
        )
        memory = result.memory
        return zip(all, result.places).compactMap { drawn, place in
            place.map { sold(drawn, $0) }
        }
    }

    mutating func close() async throws -> BatchHeader? {
        let moment = Instant(milliseconds: 1_790_000_000_000)
        guard let closed = try await card.close(at: moment, with: memory) else { return nil }
        memory = closed.memory
        return closed.header
    }

    /// The memory as it was written before there were batches.
    mutating func putBackToFormat1(lastNumber: UInt32, count: UInt64, units: UInt64) throws {
        var writer = ByteWriter(capacity: 64)
        writer.byte(1)
        writer.number(lastNumber)
        writer.integer(0, bytes: 2)
        writer.byte(1)
        writer.currency(.euro)
        writer.exponent(.cents)
        writer.integer(count, bytes: 8)
        writer.integer(units, bytes: 8)
        memory = SealedSecurityCard(
            identifier: identifier,
            revision: 7,
            body: try RecordSealer.seal(
                writer.bytes,
                key: master.derive("OPAL security card memory"),
                name: identifier.bytes,
                revision: 7
            )
        )
    }

    private func sold(_ drawn: Drawn, _ place: BatchPlace) -> Sold {
        let sale = CollectedSale(drawn.draw, drawn.command, answer(to: drawn, .done))
        return Sold(place: place, bytes: sale.bytes(at: place))
    }

    private func answer(to drawn: Drawn, _ code: CompletionCode) -> DebitAnswer {
        let (initialized, command) = (drawn.draw.initializeAnswer, drawn.command)
        let before = initialized.balance.minorUnits
        let after = code == .done ? before - command.amount.minorUnits : before
        let session = PurchaseSessionKey(
            cardKey: keys.ready.purchaseKey(initialized.card),
            number: initialized.number,
            random: initialized.random,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction
        )
        let scope = PurchaseScope(
            type: drawn.draw.type,
            card: initialized.card,
            number: initialized.number,
            command: command
        )
        return DebitAnswer(
            completion: code,
            number: initialized.number,
            balance: after,
            signature: session.cardSignature(scope, completion: code, balance: after),
            issuerProof: Signature(bits: UInt64(initialized.number))
        )
    }
}
