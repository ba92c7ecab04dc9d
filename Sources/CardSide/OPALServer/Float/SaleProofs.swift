// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// What the issuer says of sales that come back for payment: the issuer's side of clearing
/// (`docs/messages/clearing.md`, `docs/decisions/0028`). What it says is durable before it leaves,
/// and the same again for the same sale.
package struct SaleProofs: LinkService {
    private let ledger: SealedRecords
    private let sales: any SaleChecking
    private let debits: OwnDebits
    private let clearingHouses: Set<String>
    private let now: @Sendable () -> Instant

    /// Sales that become durable in one commit.
    package static let chunkMax = 128
    /// Changes of the same numbers by others, before the clearing house has to ask again.
    private static let attemptsMax = 10

    /// - Parameters:
    ///   - ledger: the issuer's own database of ``FloatRecords``, and its seals.
    ///   - cards: the card database 270, and its seals.
    ///   - module: opens cards.
    ///   - sales: checks S6.
    ///   - clearingHouses: the names of who is answered.
    ///   - now: asked for the moment of each answer.
    package init(
        ledger: (store: any RecordStore, seals: any RecordSealing),
        cards: (store: any RecordStore, seals: any RecordSealing),
        module: any CardModule,
        sales: any SaleChecking,
        clearingHouses: Set<String>,
        now: @escaping @Sendable () -> Instant
    ) {
        self.ledger = SealedRecords(store: ledger.store, sealing: ledger.seals)
        debits = OwnDebits(store: cards.store, seals: cards.seals, module: module)
        self.sales = sales
        self.clearingHouses = clearingHouses
        self.now = now
    }

    /// Answers a clearing house that is known by its name; everybody else learns nothing.
    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard clearingHouses.contains(peer), case .prove(let sales)? = try? IssuerMessage(request)
        else { return IssuerMessage.unavailable.bytes }
        do throws(FloatFailure) {
            return IssuerMessage.proved(try await prove(sales)).bytes
        } catch {
            return IssuerMessage.unavailable.bytes
        }
    }

    /// Proves sales, chunk by chunk. What was proved before a failure stays so.
    ///
    /// - Parameter sales: as ``CollectedSale`` bytes; what is none is forged.
    /// - Returns: one proof for each, in their order.
    /// - Throws: `.store`, `.module`, `.busy`; ask again then.
    package func prove(_ sales: [[UInt8]]) async throws(FloatFailure) -> [SaleProof] {
        var proofs: [SaleProof] = []
        proofs.reserveCapacity(sales.count)
        for begin in stride(from: 0, to: sales.count, by: SaleProofs.chunkMax) {
            let end = min(begin + SaleProofs.chunkMax, sales.count)
            proofs += try await prove(chunk: sales[begin..<end].map { try? CollectedSale.read($0) })
        }
        return proofs
    }

    /// A sale, and where it was counted; nil for bytes that are none.
    private typealias Counted = (sale: CollectedSale, place: BatchPlace)

    private func prove(chunk: [Counted?]) async throws(FloatFailure) -> [SaleProof] {
        let checks = try await check(chunk.compactMap { $0?.sale })
        for _ in 0..<SaleProofs.attemptsMax {
            var step = Step()
            var next = checks[...]
            var proofs: [SaleProof] = []
            for counted in chunk {
                guard let counted, let check = next.popFirst() else {
                    proofs.append(.forged)
                    continue
                }
                proofs.append(try await decide(counted, check, &step))
            }
            if try await commit(step) { return proofs }
        }
        throw .busy
    }

    private func check(_ sales: [CollectedSale]) async throws(FloatFailure) -> [SaleCheck] {
        do throws(ModuleFailure) {
            return try await self.sales.check(sales)
        } catch {
            throw .module(error)
        }
    }

    // MARK: One sale

    /// What one commit changes: two sales of a chunk may have one number.
    private struct Step {
        struct Held {
            var record: NumberRecord
            let revision: UInt64
            var isChanged = false
        }

        var numbers: [RecordKey: Held] = [:]
        var refused: [RecordKey: RefusedSaleRecord] = [:]
    }

    /// In the order of precedence: key version, card, S6, number.
    private func decide(
        _ counted: Counted,
        _ check: SaleCheck,
        _ step: inout Step
    ) async throws(FloatFailure) -> SaleProof {
        switch check {
        case .keyUnknown:
            return try await refuse(counted, .unknownKeyVersion, &step)
        case .wrong:
            let isKnown = try await reading { () async throws(StoreFailure) in
                try await debits.hasCard(counted.sale.card)
            }
            return try await refuse(counted, isKnown ? .forged : .unknownCard, &step)
        case .right:
            return try await judge(counted, &step)
        }
    }

    /// A sale with a right S6: whether its number is its own.
    private func judge(
        _ counted: Counted,
        _ step: inout Step
    ) async throws(FloatFailure) -> SaleProof {
        let sale = counted.sale
        let key = NumberRecord.key(sale.card, sale.number)
        var held: Step.Held
        do throws(FloatFailure) {
            held = try await number(key, of: sale, step)
        } catch .module(.sealBroken), .damaged {
            // Somebody has changed what was answered before. The audit names the record; until
            // then nobody is paid for this number, and all others are.
            return .numberUsedTwice
        }
        if let earlier = held.record.answer(to: sale) {
            step.numbers[key] = held
            return earlier
        }
        let proof: SaleProof
        if held.record.holder != nil || held.record.isFull {
            proof = .numberUsedTwice
        } else {
            let own = try await reading { () async throws(StoreFailure) in
                try await debits.find(sale)
            }
            switch own {
            case .noSuchCard: return try await refuse(counted, .unknownCard, &step)
            // S6 is right: the card has paid, whatever its database has forgotten.
            case .nothing, .debited: proof = .proved
            case .recovered:
                #if PLANTED_BUGS
                    proof = PlantedBug.isPlanted(.voidCleared) ? .proved : .recovered
                #else
                    proof = .recovered
                #endif
            case .another: proof = .numberUsedTwice
            }
        }
        let entry = NumberRecord.Entry(
            sale: sale,
            place: counted.place,
            proof: proof,
            answeredAt: now()
        )
        if !held.record.isFull {
            held.record.add(entry)
            held.isChanged = true
        }
        step.numbers[key] = held
        return proof
    }

    /// The record of a number, as this step has it or as last committed.
    private func number(
        _ key: RecordKey,
        of sale: CollectedSale,
        _ step: Step
    ) async throws(FloatFailure) -> Step.Held {
        if let held = step.numbers[key] { return held }
        guard
            let opened = try await attempt({ () async throws(UserFailure) in
                try await ledger.read(key)
            })
        else {
            return Step.Held(
                record: NumberRecord(card: sale.card, number: sale.number),
                revision: 0
            )
        }
        do throws(WireFailure) {
            let record = try NumberRecord(opened.body, key: key.bytes)
            return Step.Held(record: record, revision: opened.revision)
        } catch {
            throw .damaged(error)
        }
    }

    /// Keeps the trace of a sale that is not this issuer's, once.
    private func refuse(
        _ counted: Counted,
        _ proof: SaleProof,
        _ step: inout Step
    ) async throws(FloatFailure) -> SaleProof {
        let key = RefusedSaleRecord.key(counted.sale)
        guard step.refused[key] == nil else { return proof }
        let isKnown = try await reading { () async throws(StoreFailure) in
            try await ledger.store.read(key) != nil
        }
        if !isKnown {
            step.refused[key] = RefusedSaleRecord(counted.sale, at: counted.place, proof, now())
        }
        return proof
    }

    // MARK: Storage

    /// - Returns: whether all is durable; else somebody else was first.
    private func commit(_ step: Step) async throws(FloatFailure) -> Bool {
        try await attempt { () async throws(UserFailure) in
            var writes: [RecordWrite] = []
            for (key, held) in step.numbers where held.isChanged {
                writes.append(
                    try await ledger.put(key, expectedRevision: held.revision, held.record.bytes)
                )
            }
            for (key, record) in step.refused {
                writes.append(try await ledger.put(key, expectedRevision: 0, record.bytes))
            }
            if writes.isEmpty { return true }
            return try await ledger.commit(Transition(writes: writes))
        }
    }
}
