// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// The steps of one security card: each reads what is stored, asks the card, and gives what has to
/// become durable with the answer. A step that was taken before gives its answer and changes
/// nothing.
struct SecurityCardDesk {
    let card: any PurchaseModule
    let store: any RecordStore
    let seals: any RecordSealing

    /// An exchange as stored.
    private struct Stored {
        var exchange: ExchangeRecord
        let revision: UInt64
    }

    // MARK: Steps

    /// Emulates the dialogue of card and security card (FIG. 11D, steps 688–692).
    ///
    /// An open number is given again to the same request alone. Another attempt, be its draw the
    /// same, gets another: the payment server may have given the first one up, and that word may
    /// still be on its way.
    func draw(
        _ draw: CardDraw,
        at time: CardTime,
        as request: RequestIdentifier
    ) async throws(ModuleFailure) -> TerminalStep {
        let latestKey = ExchangeRecord.latestKey(card.identifier, draw.transaction)
        let latest = try await read(latestKey)
        if let latest, let number = Self.number(latest.body) {
            guard let earlier = try await exchange(number)?.exchange else {
                throw .sealBroken
            }
            if let answer = answer(after: earlier, draw, request) {
                return TerminalStep(answer: answer)
            }
        }
        let drawn: SecurityCardDraw
        let memory = try await memory()
        switch try await card.draw(draw, at: time, with: memory) {
        case .success(let success): drawn = success
        case .failure(let refusal): return TerminalStep(answer: .refusal(refusal))
        }
        let exchange = ExchangeRecord(
            request: request,
            draw: draw,
            command: drawn.command,
            expectedSignature: drawn.expectedSignature
        )
        let number = drawn.command.securityCardNumber
        return TerminalStep(
            transition: Transition(writes: [
                write(drawn.memory, over: memory),
                try await write(exchange, over: 0),
                try await write(
                    latestKey,
                    ExchangeRecord.bytes(number),
                    over: latest?.revision ?? 0
                ),
            ]),
            answer: .drawn(drawn.command, expectedSignature: drawn.expectedSignature)
        )
    }

    /// What a draw is answered where the security card has drawn for its transaction before; nil
    /// where it gets a new number.
    private func answer(
        after earlier: ExchangeRecord,
        _ draw: CardDraw,
        _ request: RequestIdentifier
    ) -> TerminalAnswer? {
        if earlier.state == .counted { return .refusal(.orderAlreadyPaid) }
        let same = TerminalAnswer.drawn(
            earlier.command,
            expectedSignature: earlier.expectedSignature
        )
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.numberTakenOver) { return same }
        #endif
        guard earlier.request == request, earlier.draw == draw else { return nil }
        return earlier.state == .drawn ? same : .refusal(.orderGivenUp)
    }

    /// Checks S3 and counts, or closes the number of a card that refused (FIG. 11C, steps
    /// 624–628).
    func complete(
        _ closing: TerminalRequest.Closing
    ) async throws(ModuleFailure) -> TerminalStep {
        guard
            var stored = try await exchange(closing.securityCardNumber, of: closing.transaction)
        else { return TerminalStep(answer: .refusal(.orderUnknown)) }
        switch stored.exchange.state.toCount {
        case .drawn: break
        case .counted, .refused:
            let isCounted = stored.exchange.state == .counted
            return TerminalStep(
                answer: stored.exchange.answer == closing.answer
                    ? .completed(isCounted: isCounted, place: stored.exchange.place)
                    : .refusal(isCounted ? .orderAlreadyPaid : .orderGivenUp)
            )
        case .void: return TerminalStep(answer: .refusal(.orderGivenUp))
        }
        let memory = try await memory()
        let completed: SecurityCardCompletion
        switch try await card.complete(
            stored.exchange.draw,
            stored.exchange.command,
            closing.answer,
            with: memory
        ) {
        case .success(let success): completed = success
        case .failure(let refusal): return TerminalStep(answer: .refusal(refusal))
        }
        stored.exchange.state = completed.isCounted ? .counted : .refused
        stored.exchange.answer = closing.answer
        stored.exchange.place = completed.place
        return TerminalStep(
            transition: Transition(writes: [
                write(completed.memory, over: memory),
                try await write(stored.exchange, over: stored.revision),
            ]),
            answer: .completed(isCounted: completed.isCounted, place: completed.place)
        )
    }

    /// Gives a number up with SV; one that was completed says so.
    func giveUp(
        _ transaction: TransactionIdentifier,
        _ number: UInt32
    ) async throws(ModuleFailure) -> TerminalStep {
        guard var stored = try await exchange(number, of: transaction) else {
            return TerminalStep(answer: .refusal(.orderUnknown))
        }
        switch stored.exchange.state.toGiveUp {
        case .drawn: break
        case .void: return TerminalStep(answer: .void(stored.exchange.voidProof))
        case .counted, .refused:
            guard let answer = stored.exchange.answer else { throw .sealBroken }
            let isCounted = stored.exchange.state == .counted
            return TerminalStep(
                answer: .ended(answer, isCounted: isCounted, place: stored.exchange.place)
            )
        }
        let memory = try await memory()
        let given: SecurityCardVoid
        switch try await card.giveUp(
            stored.exchange.draw,
            stored.exchange.command,
            with: memory
        ) {
        case .success(let success): given = success
        case .failure(let refusal): return TerminalStep(answer: .refusal(refusal))
        }
        stored.exchange.state = .void
        stored.exchange.voidProof = given.voidProof
        return TerminalStep(
            transition: Transition(writes: [
                write(given.memory, over: memory),
                try await write(stored.exchange, over: stored.revision),
            ]),
            answer: .void(given.voidProof)
        )
    }

    /// Counts sales that were compared elsewhere (FIGS. 6–8), in one commit.
    func count(
        _ closings: [TerminalRequest.Closing]
    ) async throws(ModuleFailure) -> TerminalStep {
        var isCounted = Array(repeating: false, count: closings.count)
        var places = [BatchPlace?](repeating: nil, count: closings.count)
        var waiting: [(index: Int, stored: Stored)] = []
        for (index, closing) in closings.enumerated() {
            // One that does not open is not counted, and keeps no other from it.
            guard
                let stored = try? await exchange(
                    closing.securityCardNumber,
                    of: closing.transaction
                )
            else { continue }
            switch stored.exchange.state.toCount {
            case .drawn: waiting.append((index, stored))
            case .counted:
                isCounted[index] = stored.exchange.answer == closing.answer
                if isCounted[index] { places[index] = stored.exchange.place }
            case .refused, .void: break
            }
        }
        if waiting.isEmpty {
            return TerminalStep(answer: .counted(isCounted, places: places))
        }
        let memory = try await memory()
        let sales = waiting.map { index, stored in
            ComparedSale(
                draw: stored.exchange.draw,
                command: stored.exchange.command,
                answer: closings[index].answer
            )
        }
        let result = try await card.count(sales, with: memory)
        var writes = [write(result.memory, over: memory)]
        for (position, entry) in waiting.enumerated() where result.isCounted[position] {
            var exchange = entry.stored.exchange
            exchange.state = .counted
            exchange.answer = closings[entry.index].answer
            exchange.place = result.places[position]
            writes.append(try await write(exchange, over: entry.stored.revision))
            isCounted[entry.index] = true
            places[entry.index] = exchange.place
        }
        return TerminalStep(
            transition: writes.count > 1 ? Transition(writes: writes) : nil,
            answer: .counted(isCounted, places: places)
        )
    }

    /// Closes the batch with this number, and keeps its header: the payment server asks for the
    /// next one only when it has this one.
    func close(
        _ number: UInt32,
        at moment: Instant
    ) async throws(ModuleFailure) -> TerminalStep {
        let key = TerminalModule.lastBatchKey(card.identifier)
        let last = try await read(key)
        if let last {
            guard let header = try? BatchHeader(last.body) else { throw .sealBroken }
            if header.name.number == number { return TerminalStep(answer: .closed(header)) }
        }
        let memory = try await memory()
        // Another number is of who has lost count: it gets nothing, and nothing is closed.
        guard try await card.describe(memory).openBatch.number == number,
            let closed = try await card.close(at: moment, with: memory)
        else { return TerminalStep(answer: .closed(nil)) }
        return TerminalStep(
            transition: Transition(writes: [
                write(closed.memory, over: memory),
                try await write(key, closed.header.bytes, over: last?.revision ?? 0),
            ]),
            answer: .closed(closed.header)
        )
    }

    func status() async throws(ModuleFailure) -> TerminalStep {
        let description = try await card.describe(try await memory())
        var open: [TerminalStatus.Open] = []
        for number in description.openNumbers.prefix(TerminalStatus.openMax) {
            // One whose record does not open is for the audit; the others go on.
            guard let stored = try? await exchange(number) else { continue }
            open.append(
                TerminalStatus.Open(
                    securityCardNumber: number,
                    transaction: stored.exchange.command.transaction
                )
            )
        }
        return TerminalStep(
            answer: .status(
                TerminalStatus(
                    lastNumber: description.lastNumber,
                    open: open,
                    totals: description.totals.map { total in
                        TerminalStatus.Total(
                            count: total.count,
                            sum: Money(
                                minorUnits: total.minorUnits,
                                currency: total.currency,
                                exponent: total.exponent
                            )
                        )
                    },
                    batchNumber: description.openBatch.number,
                    batchTotals: description.openBatch.totals
                )
            )
        )
    }

    // MARK: Records

    private func memory() async throws(ModuleFailure) -> SealedSecurityCard {
        let key = RecordKey(TerminalModule.memoryKind, card.identifier.bytes)
        guard let record = try await stored(key) else {
            throw .unavailable("security card \(card.identifier.text) has no memory")
        }
        return SealedSecurityCard(
            identifier: card.identifier,
            revision: record.revision,
            body: record.body
        )
    }

    private func exchange(
        _ number: UInt32,
        of transaction: TransactionIdentifier? = nil
    ) async throws(ModuleFailure) -> Stored? {
        guard let (body, revision) = try await read(ExchangeRecord.key(card.identifier, number))
        else { return nil }
        guard let exchange = try? ExchangeRecord(body) else { throw .sealBroken }
        if let transaction, exchange.command.transaction != transaction { return nil }
        return Stored(exchange: exchange, revision: revision)
    }

    private func stored(_ key: RecordKey) async throws(ModuleFailure) -> Record? {
        do throws(StoreFailure) {
            return try await store.read(key)
        } catch {
            throw .unavailable("\(error)")
        }
    }

    private func read(
        _ key: RecordKey
    ) async throws(ModuleFailure) -> (body: [UInt8], revision: UInt64)? {
        guard let record = try await stored(key) else { return nil }
        let body = try await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        return (body, record.revision)
    }

    private func write(
        _ next: SealedSecurityCard,
        over memory: SealedSecurityCard
    ) -> RecordWrite {
        .put(
            RecordKey(TerminalModule.memoryKind, card.identifier.bytes),
            expectedRevision: memory.revision,
            body: next.body
        )
    }

    private func write(
        _ exchange: ExchangeRecord,
        over revision: UInt64
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = ExchangeRecord.key(card.identifier, exchange.command.securityCardNumber)
        let isOpen = exchange.state == .drawn
        let body = try await seals.seal(
            exchange.bytes,
            name: key.sealName(isOpen: isOpen),
            revision: revision + 1
        )
        return .put(key, expectedRevision: revision, body: body, isOpen: isOpen)
    }

    private func write(
        _ key: RecordKey,
        _ body: [UInt8],
        over revision: UInt64
    ) async throws(ModuleFailure) -> RecordWrite {
        let sealed = try await seals.seal(body, name: key.sealName(), revision: revision + 1)
        return .put(key, expectedRevision: revision, body: sealed)
    }

    private static func number(_ bytes: [UInt8]) -> UInt32? {
        var reader = ByteReader(bytes, of: "latest draw")
        return try? reader.number("NTPSAM")
    }
}

extension ExchangeRecord.State {
    /// For who wants it counted.
    fileprivate var toCount: Self {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.voidCounted), self == .void { return .drawn }
            if PlantedBug.isPlanted(.countedAgain), self == .counted { return .drawn }
        #endif
        return self
    }

    /// For who wants it given up.
    fileprivate var toGiveUp: Self {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.countedVoid), self == .counted { return .drawn }
        #endif
        return self
    }
}
