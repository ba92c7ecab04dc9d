// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Synchronization
package import Wire

/// Terminal 214 with its security card 218: replays a card's answers to the security card as if
/// both were in it. An actor, because it is a device; who has leased it is its only user.
package actor Terminal {
    package static let memoryKind = RecordKind("security_card", keyBytes: 8...8)
    package static let nameBytesMax = 32

    package nonisolated let name: String
    package nonisolated let identifier: SecurityCardIdentifier
    /// Nil for a terminal of this host.
    package nonisolated let remote: RemoteSecurityCard?
    private let securityCard: any PurchaseModule
    private var memory: SealedSecurityCard
    private nonisolated let exchanges = Mutex<UInt64>(0)

    /// `memory`: the security card's memory as stored.
    package init(
        name: String,
        securityCard: any PurchaseModule,
        memory: SealedSecurityCard
    ) {
        precondition((1...Terminal.nameBytesMax).contains(name.utf8.count))
        precondition(memory.identifier == securityCard.identifier)
        self.name = name
        identifier = securityCard.identifier
        self.securityCard = securityCard
        self.memory = memory
        remote = nil
    }

    /// A terminal on another host, where its security card keeps its memory.
    package init(name: String, remote: RemoteSecurityCard) {
        precondition((1...Terminal.nameBytesMax).contains(name.utf8.count))
        self.name = name
        identifier = remote.identifier
        securityCard = remote
        memory = .elsewhere(remote.identifier)
        self.remote = remote
    }

    /// Exchanges with the security card about sales, since the terminal was started: draw,
    /// complete, give up, count.
    package nonisolated var exchangeCount: UInt64 { exchanges.withLock { $0 } }

    /// Whether it can be leased: a terminal of this host always, another one while it answers.
    package nonisolated var isPresent: Bool { remote?.isPresent ?? true }

    /// Starts a terminal: with the security card's memory as stored, or a new one.
    package static func start(
        name: String,
        securityCard: any PurchaseModule,
        store: any RecordStore
    ) async throws(PaymentServerFailure) -> Terminal {
        let key = RecordKey(memoryKind, securityCard.identifier.bytes)
        do {
            if let record = try await store.read(key) {
                let memory = SealedSecurityCard(
                    identifier: securityCard.identifier,
                    revision: record.revision,
                    body: record.body
                )
                _ = try await securityCard.describe(memory)
                return Terminal(name: name, securityCard: securityCard, memory: memory)
            }
            let memory = try await securityCard.personalize()
            let write = RecordWrite.put(key, expectedRevision: 0, body: memory.body)
            guard try await store.commit(Transition(writes: [write])) == .committed else {
                throw PaymentServerFailure.securityCardInUse(securityCard.identifier)
            }
            return Terminal(name: name, securityCard: securityCard, memory: memory)
        } catch let failure as StoreFailure {
            throw .store(failure)
        } catch let failure as ModuleFailure {
            throw .module(failure)
        } catch let failure as PaymentServerFailure {
            throw failure
        } catch {
            preconditionFailure("Only the failures above are thrown.")
        }
    }

    /// Emulates the dialogue of card and security card up to DEBIT IEP (FIG. 11D, steps 688–694).
    package func draw(
        _ draw: CardDraw,
        at time: CardTime
    ) async throws(ModuleFailure) -> Result<SecurityCardDraw, Refusal> {
        noteExchange()
        return try await securityCard.draw(draw, at: time, with: memory)
    }

    /// Gives the card's answer to the security card (FIG. 11C, steps 624–628).
    package func complete(
        _ draw: CardDraw,
        _ command: DebitIEP,
        _ answer: DebitAnswer
    ) async throws(ModuleFailure) -> Result<SecurityCardCompletion, Refusal> {
        noteExchange()
        return try await securityCard.complete(draw, command, answer, with: memory)
    }

    /// Checks S3 again; no exchange about a sale.
    ///
    /// - Returns: nil where the security card cannot say: it is on another host, or has no key.
    func verify(
        _ draw: CardDraw,
        _ command: DebitIEP,
        _ answer: DebitAnswer
    ) async -> Bool? {
        try? await securityCard.verify(draw, command, answer)
    }

    package func giveUp(
        _ draw: CardDraw,
        _ command: DebitIEP
    ) async throws(ModuleFailure) -> Result<SecurityCardVoid, Refusal> {
        noteExchange()
        return try await securityCard.giveUp(draw, command, with: memory)
    }

    /// Has a terminal on another host give a number up, unless it was completed before.
    package func end(
        _ command: DebitIEP,
        at remote: RemoteSecurityCard
    ) async throws(ModuleFailure) -> Result<RemoteSecurityCard.End, Refusal> {
        precondition(remote.identifier == identifier)
        noteExchange()
        return try await remote.end(command.transaction, command.securityCardNumber)
    }

    /// Brings the security card what was compared elsewhere.
    package func count(
        _ sales: [ComparedSale]
    ) async throws(ModuleFailure) -> SecurityCardCount {
        noteExchange()
        return try await securityCard.count(sales, with: memory)
    }

    /// Has the security card close a batch.
    ///
    /// - Returns: nil where no sale is in it.
    /// - Throws: `.sealBroken` where the memory has another batch open.
    package func close(
        _ batch: BatchName,
        at moment: Instant
    ) async throws(ModuleFailure) -> SecurityCardClosing? {
        if let remote { return try await remote.close(batch, at: moment) }
        guard try await describe().openBatch.number == batch.number else { throw .sealBroken }
        return try await securityCard.close(at: moment, with: memory)
    }

    private func noteExchange() { exchanges.withLock { $0 += 1 } }

    package func describe() async throws(ModuleFailure) -> SecurityCardDescription {
        try await securityCard.describe(memory)
    }

    /// The write that makes the next memory durable, together with the sale; nil where the memory
    /// is elsewhere.
    package func write(_ next: SealedSecurityCard) -> RecordWrite? {
        guard remote == nil else { return nil }
        return .put(
            RecordKey(Terminal.memoryKind, identifier.bytes),
            expectedRevision: memory.revision,
            body: next.body
        )
    }

    /// Takes over the memory that is now durable.
    package func adopt(_ next: SealedSecurityCard) {
        memory = next
    }

    /// Reads the memory again: after a commit whose outcome is not known, and before a sale is
    /// taken up that was not drawn just now.
    ///
    /// - Returns: whether the memory is now the stored one.
    @discardableResult
    package func reload(from store: any RecordStore) async -> Bool {
        if remote != nil { return true }
        let key = RecordKey(Terminal.memoryKind, identifier.bytes)
        guard let record = try? await store.read(key) else { return false }
        memory = SealedSecurityCard(
            identifier: identifier,
            revision: record.revision,
            body: record.body
        )
        return true
    }
}

/// Why the payment server cannot start or go on.
package enum PaymentServerFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    case module(ModuleFailure)
    /// Another payment server uses this security card.
    case securityCardInUse(SecurityCardIdentifier)
}
