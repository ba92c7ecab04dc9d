// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import SecurityModule
import Synchronization
package import Wire

/// A security card 218 in a terminal on another host, as the payment server sees it. Its memory is
/// there and never here. A terminal that has dropped out gets no new sale; what it began waits for
/// it.
package final class RemoteSecurityCard: PurchaseModule {
    /// How the security card has ended a number that it drew.
    package enum End: Sendable {
        /// Given up; SV.
        case void(Signature)
        /// Completed before, with this answer of the card.
        case completed(DebitAnswer, isCounted: Bool, place: BatchPlace?)
    }

    private struct State {
        var isPresent = false
        var status: TerminalStatus?
    }

    package let identifier: SecurityCardIdentifier
    /// The name of its host, as in the host's certificate.
    package let host: String
    private let header: TerminalHeader
    private let link: any Link
    private let sealing: any TerminalSealing
    private let random: any RandomSource
    private let state = Mutex(State())

    /// `host`: at most ``TerminalHeader/nameBytesMax`` bytes.
    /// `link`: to the host, or to a concentrator that knows it.
    /// `random`: names draw requests.
    package init(
        _ identifier: SecurityCardIdentifier,
        at host: String,
        link: any Link,
        sealing: any TerminalSealing,
        random: any RandomSource
    ) {
        self.identifier = identifier
        self.host = host
        header = TerminalHeader(terminal: host, securityCard: identifier)
        self.link = link
        self.sealing = sealing
        self.random = random
    }

    /// Whether it answered when it was last asked; false before the first answer.
    package var isPresent: Bool { state.withLock(\.isPresent) }

    /// What it said of itself last.
    package var lastDescription: SecurityCardDescription? {
        state.withLock(\.status).map(describe)
    }

    /// Asks how the security card is; from the answer on it may get sales.
    package func refresh() async throws(ModuleFailure) -> TerminalStatus {
        guard case .status(let status) = try await ask(.status) else { throw .sealBroken }
        state.withLock { $0.status = status }
        return status
    }

    // MARK: As a security card

    /// Its host did that.
    package func personalize() async throws(ModuleFailure) -> SealedSecurityCard {
        throw .unavailable("the memory of security card \(identifier.text) is elsewhere")
    }

    package func draw(
        _ draw: CardDraw,
        at time: CardTime,
        with memory: SealedSecurityCard
    ) async throws(ModuleFailure) -> Result<SecurityCardDraw, Refusal> {
        let request = RequestIdentifier(random: random.pair())
        switch try await ask(.draw(draw, at: time, as: request)) {
        case .drawn(let command, let expected):
            guard command.securityCard == identifier, command.transaction == draw.transaction,
                command.merchant == draw.merchant, command.amount == draw.amount
            else { throw .sealBroken }
            return .success(
                SecurityCardDraw(
                    memory: .elsewhere(identifier),
                    command: command,
                    expectedSignature: expected
                )
            )
        case .refusal(let refusal): return .failure(refusal)
        default: throw .sealBroken
        }
    }

    package func complete(
        _ draw: CardDraw,
        _ command: DebitIEP,
        _ answer: DebitAnswer,
        with memory: SealedSecurityCard
    ) async throws(ModuleFailure) -> Result<SecurityCardCompletion, Refusal> {
        let closing = TerminalRequest.Closing(
            transaction: command.transaction,
            securityCardNumber: command.securityCardNumber,
            answer: answer
        )
        switch try await ask(.complete(closing)) {
        case .completed(let isCounted, let place):
            return .success(
                SecurityCardCompletion(
                    memory: .elsewhere(identifier),
                    isCounted: isCounted,
                    place: try own(place)
                )
            )
        case .refusal(let refusal): return .failure(refusal)
        default: throw .sealBroken
        }
    }

    package func giveUp(
        _ draw: CardDraw,
        _ command: DebitIEP,
        with memory: SealedSecurityCard
    ) async throws(ModuleFailure) -> Result<SecurityCardVoid, Refusal> {
        switch try await end(command.transaction, command.securityCardNumber) {
        case .success(.void(let proof)):
            return .success(
                SecurityCardVoid(memory: .elsewhere(identifier), voidProof: proof)
            )
        case .success(.completed): return .failure(.orderAlreadyPaid)
        case .failure(let refusal): return .failure(refusal)
        }
    }

    /// Has a number given up, unless it was completed before.
    package func end(
        _ transaction: TransactionIdentifier,
        _ number: UInt32
    ) async throws(ModuleFailure) -> Result<End, Refusal> {
        switch try await ask(.giveUp(transaction, securityCardNumber: number)) {
        case .void(let proof): return .success(.void(proof))
        case .ended(let answer, let isCounted, let place):
            return .success(.completed(answer, isCounted: isCounted, place: try own(place)))
        case .refusal(let refusal): return .failure(refusal)
        default: throw .sealBroken
        }
    }

    package func count(
        _ sales: [ComparedSale],
        with memory: SealedSecurityCard
    ) async throws(ModuleFailure) -> SecurityCardCount {
        let closings = sales.map { sale in
            TerminalRequest.Closing(
                transaction: sale.command.transaction,
                securityCardNumber: sale.command.securityCardNumber,
                answer: sale.answer
            )
        }
        guard case .counted(let isCounted, let places) = try await ask(.count(closings)),
            isCounted.count == sales.count
        else { throw .sealBroken }
        for place in places { _ = try own(place) }
        return SecurityCardCount(
            memory: .elsewhere(identifier),
            isCounted: isCounted,
            places: places
        )
    }

    /// A place that the security card gave.
    ///
    /// - Throws: `.sealBroken` where it is one of another security card.
    private func own(_ place: BatchPlace?) throws(ModuleFailure) -> BatchPlace? {
        guard place == nil || place?.batch.securityCard == identifier else { throw .sealBroken }
        return place
    }

    package func close(
        at moment: Instant,
        with memory: SealedSecurityCard
    ) async throws(ModuleFailure) -> SecurityCardClosing? {
        let open = try await refresh().batchNumber
        return try await close(BatchName(identifier, open), at: moment)
    }

    /// Closes a batch, or gives its header again.
    ///
    /// - Returns: nil where no sale is in it, or where another batch is open.
    func close(
        _ batch: BatchName,
        at moment: Instant
    ) async throws(ModuleFailure) -> SecurityCardClosing? {
        switch try await ask(.close(batch: batch.number, at: moment)) {
        case .closed(nil): return nil
        case .closed(let header?):
            guard header.name == batch else { throw .sealBroken }
            return SecurityCardClosing(memory: .elsewhere(identifier), header: header)
        // The security card has no KB.
        case .refusal: throw .keyUnknown
        default: throw .sealBroken
        }
    }

    package func describe(
        _ memory: SealedSecurityCard
    ) async throws(ModuleFailure) -> SecurityCardDescription {
        describe(try await refresh())
    }

    /// Only who has the issuers' keys can.
    package func verify(
        _ draw: CardDraw,
        _ command: DebitIEP,
        _ answer: DebitAnswer
    ) async throws(ModuleFailure) -> Bool {
        throw .keyUnknown
    }

    private func describe(_ status: TerminalStatus) -> SecurityCardDescription {
        SecurityCardDescription(
            identifier: identifier,
            lastNumber: status.lastNumber,
            openNumbers: status.open.map(\.securityCardNumber),
            totals: status.totals.map { total in
                SecurityCardDescription.Total(
                    currency: total.sum.currency,
                    exponent: total.sum.exponent,
                    count: total.count,
                    minorUnits: total.sum.minorUnits
                )
            },
            openBatch: SecurityCardDescription.OpenBatch(
                number: status.batchNumber,
                count: status.batchCount,
                totals: status.batchTotals
            )
        )
    }

    // MARK: Over the link

    /// Asks the terminal. Whoever throws has dropped out, until an answer comes again.
    private func ask(_ request: TerminalRequest) async throws(ModuleFailure) -> TerminalAnswer {
        do throws(ModuleFailure) {
            let sealed = try await sealing.sealRequest(request.bytes, header: header.bytes)
            let reply = try await send(TerminalMessage.request(header, sealed: sealed).bytes)
            guard case .answer(header, let sealedAnswer) = reply else { throw .sealBroken }
            let bytes = try await sealing.openAnswer(
                sealedAnswer,
                header: header.bytes,
                to: sealed
            )
            guard let answer = try? TerminalAnswer(bytes) else { throw .sealBroken }
            state.withLock { $0.isPresent = true }
            return answer
        } catch {
            state.withLock { $0.isPresent = false }
            throw error
        }
    }

    private func send(_ message: [UInt8]) async throws(ModuleFailure) -> TerminalMessage {
        let bytes: [UInt8]
        do throws(LinkFailure) {
            do throws(LinkFailure) {
                bytes = try await link.request(message)
            } catch .broken {
                // Perhaps the terminal was started again and the connection was of before: the
                // same bytes have the same answer.
                bytes = try await link.request(message)
            }
        } catch {
            throw .unavailable("\(host): \(error)")
        }
        guard let reply = try? TerminalMessage(bytes) else { throw .sealBroken }
        if case .undelivered(let reason) = reply { throw .unavailable("\(host): \(reason)") }
        return reply
    }
}

extension SealedSecurityCard {
    /// For the memory of a security card in another host, of which nothing is stored here.
    static func elsewhere(_ identifier: SecurityCardIdentifier) -> SealedSecurityCard {
        SealedSecurityCard(identifier: identifier, revision: 0, body: [])
    }
}
