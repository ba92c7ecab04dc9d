// SPDX-License-Identifier: Apache-2.0

import Batches
package import Kernel
import Records
import SecurityModule
import Wire

// Crediting: the work on batches that are whole here.
extension ClearingHouse {
    /// What came of one round.
    package struct CreditReport: Equatable, Sendable {
        package fileprivate(set) var cleared = 0
        package fileprivate(set) var suspended = 0
        /// Batches of which nothing is left to do.
        package fileprivate(set) var batches = 0
        /// Issuers that did not answer; the batches with sales of their cards wait.
        package fileprivate(set) var silent: Set<IssuerIdentifier> = []
        /// Records that do not open, in the words of the audit; their batches wait.
        package fileprivate(set) var damaged: [String] = []
    }

    /// Credits what is whole, batch by batch. To be called every few seconds or minutes; where it
    /// is broken off, the next round goes on.
    ///
    /// `now`: asked for the moment of each step.
    /// Throws `.noTerms`, `.store`, `.module`, `.busy`, `.amountTooLarge`.
    @discardableResult
    package func credit(
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) -> CreditReport {
        var report = CreditReport()
        var cursor: [UInt8]?
        while true {
            let page = try await book.openRecords(BatchRecord.kind, after: cursor)
            for record in page {
                do throws(ClearingFailure) {
                    try await credit(record, &report, now)
                } catch .issuerSilent(let issuer) {
                    report.silent.insert(issuer)
                } catch .damaged(let place) {
                    report.damaged.append(place)
                } catch .busy {
                    report.damaged.append("what batch \(Hex.text(record.key.bytes)) changes")
                } catch { throw error }
            }
            guard page.count == ClearingLimits.roundMax, let last = page.last else {
                return report
            }
            cursor = last.key.bytes
        }
    }

    private func credit(
        _ record: Record,
        _ report: inout CreditReport,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) {
        let stored = try await batch { () async throws(StoreFailure) in
            try await BatchRecord.open(record, sealedBy: book.sealing)
        }
        guard stored.batch.state == .waiting else { return }
        var (looksUp, conflicts) = (false, 0)
        while true {
            let step = try await creditPart(of: stored, looksUp: looksUp, now())
            guard let step else {
                conflicts += 1
                guard conflicts < ClearingLimits.attemptsMax else { throw .busy }
                looksUp = true
                continue
            }
            report.cleared += step.cleared
            report.suspended += step.suspended
            if step.isDone {
                report.batches += 1
                return
            }
        }
    }

    private struct CreditedPart {
        let cleared: Int
        let suspended: Int
        let isDone: Bool
    }

    /// Credits the next sales of a batch.
    ///
    /// - Returns: nil where somebody else was first, or a transaction was known.
    private func creditPart(
        of stored: BatchRecord.Stored,
        looksUp: Bool,
        _ now: Instant
    ) async throws(ClearingFailure) -> CreditedPart? {
        let batch = stored.batch
        let files = PartyFiles(book, try await terms())
        let crediting =
            try await book.find(Crediting.self, batch.name.bytes)
            ?? ClearingBook.Entry(
                value: Crediting(batch.name, count: batch.header.count, begunAt: now),
                revision: 0
            )
        if crediting.value.isDone {
            // Done by another round.
            return CreditedPart(cleared: 0, suspended: 0, isDone: true)
        }
        let first = BatchPlace(batch.name, crediting.value.next)
        let claims = try await claims(of: batch, from: first.index, files)
        var step = CreditStep(book, files, batch.header, looksUp: looksUp, now: now)
        for claim in claims { try await step.take(claim) }
        var (next, transition) = try await step.transition(crediting, from: first)
        if next.isDone {
            // Its parts stay: they are what a payout leads to.
            var ended = stored
            ended.batch.state = .closed
            transition.writes.append(try await write(ended))
        }
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.batchAppliedTwice) {
                let early = transition.part { $0 == AccountRecord.kind }
                guard try await book.commit(early) else { return nil }
            }
        #endif
        guard try await book.commit(transition) else { return nil }
        return CreditedPart(
            cleared: Int(next.cleared - crediting.value.cleared),
            suspended: Int(next.suspended - crediting.value.suspended),
            isDone: next.isDone
        )
    }

    /// The next sales of a batch with what their issuers say.
    private func claims(
        of batch: BatchRecord,
        from index: UInt32,
        _ files: PartyFiles
    ) async throws(ClearingFailure) -> [CreditStep.Claim] {
        let bytes = try await self.batch { () async throws(StoreFailure) in
            try await intake.contents.sales(
                of: batch,
                from: index,
                limit: CollectionMessage.partMax
            )
        }
        var sales: [(sale: CollectedSale, place: BatchPlace)] = []
        for bytes in bytes {
            guard let sale = try? CollectedSale.read(bytes) else { break }
            sales.append(sale)
        }
        guard !sales.isEmpty, sales.count == bytes.count else {
            throw .damaged("sales of batch \(Hex.text(batch.name.bytes)) from \(index)")
        }
        let proofs = try await proofs(of: sales.map(\.sale), bytes, files)
        return zip(sales, proofs).map {
            CreditStep.Claim(sale: $0.sale, place: $0.place, proof: $1)
        }
    }

    /// What the issuers say of sales, in their order; nil where there is no such issuer.
    ///
    /// - Throws: `.issuerSilent`.
    func proofs(
        of sales: [CollectedSale],
        _ bytes: [[UInt8]],
        _ files: PartyFiles
    ) async throws(ClearingFailure) -> [SaleProof?] {
        var proofs = [SaleProof?](repeating: nil, count: sales.count)
        let byIssuer = Dictionary(grouping: sales.indices) { sales[$0].card.issuer }
        for (issuer, indices) in byIssuer.sorted(by: { $0.key.bcd < $1.key.bcd }) {
            guard try await files.issuer(issuer) != nil else { continue }
            // Without a way to it nothing can be said of its cards.
            guard let link = issuers(issuer),
                let answers = await ask(link, indices.map { bytes[$0] })
            else { throw .issuerSilent(issuer) }
            for (index, proof) in zip(indices, answers) { proofs[index] = proof }
        }
        return proofs
    }

    /// - Returns: nil where no answer came, or none to this question.
    private func ask(_ link: any Link, _ sales: [[UInt8]]) async -> [SaleProof]? {
        guard case .proved(let proofs)? = await reply(of: link, to: .prove(sales)),
            proofs.count == sales.count
        else { return nil }
        return proofs
    }

    /// - Returns: nil where no answer came that can be read.
    func reply(of link: any Link, to message: IssuerMessage) async -> IssuerMessage? {
        let question = message.bytes
        let bytes: [UInt8]
        do throws(LinkFailure) {
            do throws(LinkFailure) {
                bytes = try await link.request(question)
            } catch .broken {
                // Perhaps the other end was started again: the same bytes have the same effect.
                bytes = try await link.request(question)
            }
        } catch { return nil }
        return try? IssuerMessage(bytes)
    }

    private func write(
        _ stored: BatchRecord.Stored
    ) async throws(ClearingFailure) -> RecordWrite {
        do throws(ModuleFailure) {
            return try await stored.batch.write(over: stored.revision, sealedBy: book.sealing)
        } catch { throw .module(error) }
    }

    /// Reads of batches and their parts, whose failures name the record.
    func batch<Value>(
        _ read: () async throws(StoreFailure) -> Value
    ) async throws(ClearingFailure) -> Value {
        do throws(StoreFailure) {
            return try await read()
        } catch .damaged(let place) { throw .damaged(place) } catch { throw .store(error) }
    }
}
