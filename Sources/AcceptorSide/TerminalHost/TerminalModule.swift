// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
package import Records
package import SecurityModule
import Wire

/// A host of terminals 214 with their security cards 218: answers the payment server, directly or
/// through a concentrator 212. Each security card's memory and what it did are durable here before
/// an answer leaves, so that a request that comes again, also after a crash, has the same answer.
package final class TerminalModule: LinkService {
    package static let memoryKind = RecordKind("security_card", keyBytes: 8...8)

    /// The header of the batch that a security card closed last, sealed.
    package static let lastBatch = RecordKind("last_batch", keyBytes: 8...8)

    package static let schema = RecordSchema(
        party: "terminal",
        version: 3,
        kinds: [
            memoryKind, ExchangeRecord.kind, ExchangeRecord.latest, TerminalRecords.issuerKey,
            TerminalRecords.host, BatchKeyRecord.kind, lastBatch,
        ]
    )

    static func lastBatchKey(_ securityCard: SecurityCardIdentifier) -> RecordKey {
        RecordKey(lastBatch, securityCard.bytes)
    }

    /// How often a step is decided again when another one came first. A terminal serves one sale
    /// at a time, so that more than one at once is a request that came twice.
    private static let conflictsMax = 8

    package let name: String
    let store: any RecordStore
    let seals: any RecordSealing
    private let sealing: any TerminalSealing
    private let securityCards: [SecurityCardIdentifier: any PurchaseModule]

    /// `name`: of the host, as in its certificate.
    /// `securityCards`: those whose memories are in the store.
    package init(
        name: String,
        store: any RecordStore,
        seals: any RecordSealing,
        sealing: any TerminalSealing,
        securityCards: [any PurchaseModule]
    ) {
        self.name = name
        self.store = store
        self.seals = seals
        self.sealing = sealing
        self.securityCards = Dictionary(
            securityCards.map { ($0.identifier, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard case .request(let header, let sealed) = try? TerminalMessage(request) else {
            return TerminalMessage.undelivered(.malformed).bytes
        }
        guard header.terminal == name, let card = securityCards[header.securityCard] else {
            return TerminalMessage.undelivered(.unknownTerminal).bytes
        }
        do throws(ModuleFailure) {
            let bytes = try await sealing.openRequest(sealed, header: header.bytes)
            guard let request = try? TerminalRequest(bytes) else {
                return TerminalMessage.undelivered(.malformed).bytes
            }
            let answer = try await perform(request, card)
            let sealedAnswer = try await sealing.sealAnswer(
                answer.bytes,
                header: header.bytes,
                to: sealed
            )
            return TerminalMessage.answer(header, sealed: sealedAnswer).bytes
        } catch .sealBroken {
            return TerminalMessage.undelivered(.sealBroken).bytes
        } catch {
            return TerminalMessage.undelivered(.notReady).bytes
        }
    }

    /// Decides on a request, makes the step durable, and gives the answer.
    private func perform(
        _ request: TerminalRequest,
        _ card: any PurchaseModule
    ) async throws(ModuleFailure) -> TerminalAnswer {
        for _ in 0..<TerminalModule.conflictsMax {
            do throws(StoreFailure) {
                let step = try await step(request, at: card)
                guard let transition = step.transition else { return step.answer }
                if try await store.commit(transition) == .committed { return step.answer }
            } catch {
                throw .unavailable("\(error)")
            }
        }
        throw .unavailable("the record changes all the time")
    }

    private func step(
        _ request: TerminalRequest,
        at card: any PurchaseModule
    ) async throws(StoreFailure) -> TerminalStep {
        let desk = SecurityCardDesk(card: card, store: store, seals: seals)
        do throws(ModuleFailure) {
            return switch request {
            case .draw(let draw, let time, let request):
                try await desk.draw(draw, at: time, as: request)
            case .complete(let closing): try await desk.complete(closing)
            case .giveUp(let transaction, let number):
                try await desk.giveUp(transaction, number)
            case .count(let closings): try await desk.count(closings)
            case .status: try await desk.status()
            case .close(let batch, let moment): try await desk.close(batch, at: moment)
            }
        } catch {
            switch error {
            case .sealBroken:
                // Of the store, not of the message: that is open by now.
                throw .damaged("a record of security card \(card.identifier.text)")
            case .keyUnknown: return TerminalStep(answer: .refusal(.issuerNotAccepted))
            case .keyEnded: return TerminalStep(answer: .refusal(.keyVersionEnded))
            case .unavailable(let text): throw .unavailable(text)
            }
        }
    }
}

/// What a terminal answers, and what has to be durable before.
struct TerminalStep {
    var transition: Transition?
    let answer: TerminalAnswer
}
