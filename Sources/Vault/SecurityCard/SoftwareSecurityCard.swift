// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import Keys
package import SecurityModule
import Synchronization
package import Wire

/// Security card 218 (PSAM) in software. It holds KMP of the issuers that its acquirer accepts, and
/// KBC, with which it signs its batches; its memory (number, open numbers, totals, open batch)
/// leaves it sealed.
package final class SoftwareSecurityCard: PurchaseModule {
    /// KMP of one issuer and version.
    package struct KeyName: Hashable, Sendable {
        package let issuer: IssuerIdentifier
        package let version: UInt8

        package init(issuer: IssuerIdentifier, version: UInt8) {
            self.issuer = issuer
            self.version = version
        }
    }

    package let identifier: SecurityCardIdentifier
    private let master: LocalMasterKey
    private let memoryKey: SymmetricKey
    private let issuers = Mutex<[KeyName: CMACKey]>([:])
    private let batchKey = Mutex<BatchKey?>(nil)
    private let batchMax: UInt32

    /// `master`: the local master key of the acquirer's module.
    /// `batchMax`: sales in one batch, at most ``BatchHeader/countMax``; no more is counted before
    ///     the batch is closed.
    package init(
        _ identifier: SecurityCardIdentifier,
        master: LocalMasterKey,
        batchMax: UInt32 = BatchHeader.countMax
    ) {
        precondition((1...BatchHeader.countMax).contains(batchMax))
        self.identifier = identifier
        self.master = master
        self.batchMax = batchMax
        memoryKey = master.derive("OPAL security card memory")
    }

    /// Takes a wrapped KMP in.
    package func install(purchaseKey wrapped: [UInt8], as name: KeyName) throws(KeyFailure) {
        let key = CMACKey(try master.unwrap(wrapped))
        issuers.withLock { $0[name] = key }
    }

    /// Takes a wrapped KB in, from which it derives its KBC.
    package func install(batchKey wrapped: [UInt8]) throws(KeyFailure) {
        let key = BatchKey(identifier, master: CMACKey(try master.unwrap(wrapped)))
        batchKey.withLock { $0 = key }
    }

    /// Takes the KMP of given master keys in: for tests with published vectors.
    package func install(_ keys: IssuerMasterKeys, as name: KeyName) {
        let key = CMACKey(keys.purchase)
        issuers.withLock { $0[name] = key }
    }

    package func personalize() async throws(ModuleFailure) -> SealedSecurityCard {
        try seal(SecurityCardMemory(of: identifier), revision: 1)
    }

    /// Makes a memory whose next number is given: for tests with published vectors.
    package func personalize(lastNumber: UInt32) throws(ModuleFailure) -> SealedSecurityCard {
        try seal(SecurityCardMemory(of: identifier, lastNumber: lastNumber), revision: 1)
    }

    package func describe(
        _ sealed: SealedSecurityCard
    ) async throws(ModuleFailure) -> SecurityCardDescription {
        let memory = try open(sealed)
        return SecurityCardDescription(
            identifier: identifier,
            lastNumber: memory.lastNumber,
            openNumbers: memory.open,
            totals: memory.totals,
            openBatch: SecurityCardDescription.OpenBatch(
                number: memory.batch.name.number,
                count: memory.batch.count,
                totals: memory.batch.totals.list
            )
        )
    }

    // MARK: One sale

    package func draw(
        _ draw: CardDraw,
        at time: CardTime,
        with sealed: SealedSecurityCard
    ) async throws(ModuleFailure) -> Result<SecurityCardDraw, Refusal> {
        var memory = try open(sealed)
        let answer = draw.initializeAnswer
        if let refusal = refusal(draw, at: time) { return .failure(refusal) }
        guard let cardKey = purchaseKey(answer) else { return .failure(.issuerNotAccepted) }
        guard let number = memory.begin() else { return .failure(.busy) }
        let unsigned = DebitIEP(
            securityCard: identifier,
            securityCardNumber: number,
            transaction: draw.transaction,
            merchant: draw.merchant,
            time: time,
            amount: draw.amount,
            signature: .none
        )
        let session = Self.session(answer, unsigned, cardKey)
        let scope = Self.scope(draw, unsigned)
        let command = DebitIEP(
            securityCard: identifier,
            securityCardNumber: number,
            transaction: draw.transaction,
            merchant: draw.merchant,
            time: time,
            amount: draw.amount,
            signature: session.securityCardSignature(scope)
        )
        let (rest, _) = answer.balance.minorUnits.subtractingReportingOverflow(
            draw.amount.minorUnits
        )
        return .success(
            SecurityCardDraw(
                memory: try seal(memory, revision: sealed.revision + 1),
                command: command,
                expectedSignature: session.cardSignature(scope, completion: .done, balance: rest)
            )
        )
    }

    package func complete(
        _ draw: CardDraw,
        _ command: DebitIEP,
        _ answer: DebitAnswer,
        with sealed: SealedSecurityCard
    ) async throws(ModuleFailure) -> Result<SecurityCardCompletion, Refusal> {
        var memory = try open(sealed)
        guard command.securityCard == identifier, memory.isOpen(command.securityCardNumber) else {
            return .failure(.orderGivenUp)
        }
        guard try await verify(draw, command, answer) else { return .failure(.cardSignatureWrong) }
        var place: BatchPlace?
        if answer.completion == .done {
            let sale = CollectedSale(draw, command, answer)
            guard let closed = memory.close(sale, draw.type, max: batchMax) else {
                throw .unavailable(
                    "totals or open batch of security card \(identifier.text) are full"
                )
            }
            place = closed.place
        } else {
            memory.giveUp(command.securityCardNumber)
        }
        return .success(
            SecurityCardCompletion(
                memory: try seal(memory, revision: sealed.revision + 1),
                isCounted: answer.completion == .done,
                place: place
            )
        )
    }

    package func count(
        _ sales: [ComparedSale],
        with sealed: SealedSecurityCard
    ) async throws(ModuleFailure) -> SecurityCardCount {
        var memory = try open(sealed)
        var isCounted: [Bool] = []
        var places: [BatchPlace?] = []
        for sale in sales {
            let number = sale.command.securityCardNumber
            let isRight =
                sale.command.securityCard == identifier && memory.isOpen(number)
                && sale.answer.completion == .done
            // One whose key is gone must not keep the others waiting.
            let isProven = try? await verify(sale.draw, sale.command, sale.answer)
            let closed =
                isRight && isProven == true
                ? memory.close(
                    CollectedSale(sale.draw, sale.command, sale.answer),
                    sale.draw.type,
                    max: batchMax
                ) : nil
            isCounted.append(closed != nil)
            places.append(closed?.place)
        }
        return SecurityCardCount(
            memory: try seal(memory, revision: sealed.revision + 1),
            isCounted: isCounted,
            places: places
        )
    }

    package func close(
        at moment: Instant,
        with sealed: SealedSecurityCard
    ) async throws(ModuleFailure) -> SecurityCardClosing? {
        var memory = try open(sealed)
        guard let batch = memory.closeBatch() else { return nil }
        guard let key = batchKey.withLock({ $0 }) else { throw .keyUnknown }
        func header(signature: [UInt8]) -> BatchHeader {
            BatchHeader(
                name: batch.name,
                count: batch.count,
                totals: batch.totals.list,
                digest: batch.digest,
                closedAt: moment,
                signature: signature
            )
        }
        let unsigned = header(
            signature: Array(repeating: 0, count: BatchHeader.signatureBytes)
        )
        return SecurityCardClosing(
            memory: try seal(memory, revision: sealed.revision + 1),
            header: header(signature: key.sign(unsigned.signedBytes))
        )
    }

    package func giveUp(
        _ draw: CardDraw,
        _ command: DebitIEP,
        with sealed: SealedSecurityCard
    ) async throws(ModuleFailure) -> Result<SecurityCardVoid, Refusal> {
        var memory = try open(sealed)
        guard command.securityCard == identifier, memory.isOpen(command.securityCardNumber) else {
            return .failure(.orderAlreadyPaid)
        }
        guard let cardKey = purchaseKey(draw.initializeAnswer) else { throw .keyUnknown }
        memory.giveUp(command.securityCardNumber)
        let session = Self.session(draw.initializeAnswer, command, cardKey)
        return .success(
            SecurityCardVoid(
                memory: try seal(memory, revision: sealed.revision + 1),
                voidProof: session.voidProof(Self.scope(draw, command))
            )
        )
    }

    package func verify(
        _ draw: CardDraw,
        _ command: DebitIEP,
        _ answer: DebitAnswer
    ) async throws(ModuleFailure) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.notComparedBySecurityCard) { return true }
        #endif
        let initialized = draw.initializeAnswer
        guard let cardKey = purchaseKey(initialized) else { throw .keyUnknown }
        // The balance afterwards follows from what the card said before: the answer has no say.
        let before = initialized.balance.minorUnits
        let isDone = answer.completion == .done
        let (rest, isOverdrawn) = before.subtractingReportingOverflow(command.amount.minorUnits)
        guard !(isDone && isOverdrawn), answer.number == initialized.number else { return false }
        let expected = Self.session(initialized, command, cardKey).cardSignature(
            Self.scope(draw, command),
            completion: answer.completion,
            balance: isDone ? rest : before
        )
        return expected == answer.signature && answer.balance == (isDone ? rest : before)
    }

    // MARK: Inside

    /// Why this security card does not serve the card, in the order of precedence.
    private func refusal(_ draw: CardDraw, at time: CardTime) -> Refusal? {
        let answer = draw.initializeAnswer
        if draw.type == .load { return .malformed }
        if draw.type == .authentication && draw.amount.minorUnits != 0 { return .malformed }
        if answer.algorithm != .aes { return .issuerNotAccepted }
        if answer.expiry.isPast(at: time) { return .cardExpired }
        if !answer.balance.isComparable(to: draw.amount) { return .currencyNotHeld }
        if draw.amount.minorUnits > answer.balance.minorUnits { return .insufficientValue }
        return nil
    }

    private func purchaseKey(_ answer: InitializePurchaseAnswer) -> CMACKey? {
        let name = KeyName(issuer: answer.card.issuer, version: answer.purchaseKeyVersion)
        return issuers.withLock { $0[name] }.map { CardKeys.purchase(answer.card, master: $0) }
    }

    private static func session(
        _ answer: InitializePurchaseAnswer,
        _ command: DebitIEP,
        _ cardKey: CMACKey
    ) -> PurchaseSessionKey {
        PurchaseSessionKey(
            cardKey: cardKey,
            number: answer.number,
            random: answer.random,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction
        )
    }

    private static func scope(_ draw: CardDraw, _ command: DebitIEP) -> PurchaseScope {
        PurchaseScope(
            type: draw.type,
            card: draw.initializeAnswer.card,
            number: draw.initializeAnswer.number,
            command: command
        )
    }

    private func seal(
        _ memory: SecurityCardMemory,
        revision: UInt64
    ) throws(ModuleFailure) -> SealedSecurityCard {
        SealedSecurityCard(
            identifier: identifier,
            revision: revision,
            body: try RecordSealer.seal(
                memory.bytes,
                key: memoryKey,
                name: identifier.bytes,
                revision: revision
            )
        )
    }

    private func open(_ sealed: SealedSecurityCard) throws(ModuleFailure) -> SecurityCardMemory {
        let bytes = try RecordSealer.open(
            sealed.body,
            key: memoryKey,
            name: identifier.bytes,
            revision: sealed.revision
        )
        guard sealed.identifier == identifier,
            let memory = try? SecurityCardMemory(bytes, of: identifier)
        else {
            throw .sealBroken
        }
        return memory
    }
}
