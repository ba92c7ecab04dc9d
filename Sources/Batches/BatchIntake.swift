// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
package import Wire

/// How batches come in: each step reads what is stored, and gives what has to become durable with
/// the answer. A step that was taken before gives its answer and changes nothing.
package struct BatchIntake: Sendable {
    /// Who takes the batch in.
    package enum Place: Sendable {
        /// It passes the batch on: whole here is not acknowledged before it is durable at the
        /// clearing house.
        case onTheWay
        case clearingHouse
    }

    struct Step {
        var transition: Transition?
        let answer: CollectionMessage
        /// The batch has parts of a generation before, which may be removed.
        var outdated: BatchRecord?
    }

    let store: any RecordStore
    let seals: any RecordSealing
    let checking: any BatchChecking
    let place: Place
    package let contents: ReceivedSales

    private static let firstNumber: UInt32 = 1
    /// How often a step is decided again when another one came first.
    private static let conflictsMax = 8

    /// `store`: with records of ``BatchRecord/kind`` and ``PartRecord/kind``.
    /// `checking`: walks chains; at the clearing house it also checks SB.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        checking: any BatchChecking,
        at place: Place
    ) {
        self.store = store
        self.seals = seals
        self.checking = checking
        self.place = place
        contents = ReceivedSales(store: store, seals: seals)
    }

    /// Takes an offer or a part in.
    ///
    /// - Returns: what is answered, and durable before; `.unavailable` for other messages.
    /// - Throws: `StoreFailure`; the same again later.
    package func answer(
        _ message: CollectionMessage
    ) async throws(StoreFailure) -> CollectionMessage {
        for _ in 0..<BatchIntake.conflictsMax {
            let step: Step
            switch message {
            case .offer(let header): step = try await offer(header)
            case .part(let batch, let index, let sales):
                step = try await part(of: batch, from: index, sales)
            default: return .unavailable
            }
            guard let transition = step.transition else { return step.answer }
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.acknowledgedBeforeCommit), place == .clearingHouse {
                    _ = try? await store.commit(transition)
                    return step.answer
                }
            #endif
            if try await store.commit(transition) == .committed {
                if let outdated = step.outdated { try await contents.removeOutdated(outdated) }
                return step.answer
            }
        }
        return .unavailable
    }

    /// Says what is wanted of a batch.
    private func offer(_ header: BatchHeader) async throws(StoreFailure) -> Step {
        let known = try await read(header.name)
        // What is here was checked when it came, also where its key is retired since.
        if let known, known.batch.header == header { return Step(answer: answer(of: known.batch)) }
        if place == .clearingHouse, let refusal = try await refusal(of: header) {
            return Step(answer: .refused(header.name, refusal))
        }
        guard let stored = known else {
            guard try await isNext(header.name) else {
                return Step(answer: .refused(header.name, .gap))
            }
            return try await begin(header, over: nil)
        }
        // On the way nobody can tell which header is the security card's. One whose sales do not
        // come to it, or that the clearing house has refused, must not stand in the way of another
        // one.
        guard stored.batch.state == .receiving || stored.batch.refusal != nil else {
            return Step(answer: .refused(header.name, .nameTaken))
        }
        return try await begin(header, over: stored)
    }

    /// Takes sales of a batch.
    ///
    /// `index`: of the first one.
    private func part(
        of name: BatchName,
        from index: UInt32,
        _ sales: [[UInt8]]
    ) async throws(StoreFailure) -> Step {
        guard let stored = try await read(name) else {
            return Step(answer: .refused(name, .notOffered))
        }
        guard let progress = stored.batch.progress, progress.next == index else {
            return Step(answer: answer(of: stored.batch))
        }
        guard let next = next(stored.batch.header, progress, sales) else {
            return try await giveUp(stored)
        }
        var batch = stored.batch
        if next.next > batch.header.count {
            guard next.digest == batch.header.digest, next.totals.areThose(of: batch.header)
            else { return try await giveUp(stored) }
            (batch.state, batch.progress) = (.waiting, nil)
        } else {
            batch.progress = next
        }
        let key = PartRecord.key(name, generation: batch.generation, from: index)
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await seals.seal(
                Array(sales.joined()),
                name: key.sealName(),
                revision: 1
            )
        } catch {
            throw .unavailable("a part cannot be sealed: \(error)")
        }
        return Step(
            transition: Transition(writes: [
                .put(key, expectedRevision: 0, body: body),
                try await write(batch, over: stored.revision),
            ]),
            answer: answer(of: batch)
        )
    }

    /// Why the clearing house does not take a header, whatever comes with it.
    private func refusal(
        of header: BatchHeader
    ) async throws(StoreFailure) -> BatchRefusal? {
        do throws(ModuleFailure) {
            return try await checking.isGenuine(header) ? nil : .signatureWrong
        } catch .keyUnknown { return .unknownSecurityCard } catch {
            throw .unavailable("a batch cannot be checked: \(error)")
        }
    }

    /// What is to be said of a batch to who sends it.
    private func answer(of batch: BatchRecord) -> CollectionMessage {
        switch (batch.state, place) {
        case (.receiving, _): return .wanted(batch.name, from: batch.progress?.next ?? 1)
        case (.waiting, .onTheWay):
            let whole = CollectionMessage.wanted(batch.name, from: batch.header.count + 1)
            return batch.refusal.map { .refused(batch.name, $0) } ?? whole
        case (.waiting, .clearingHouse), (.acknowledged, _), (.closed, _):
            return .acknowledged(batch.name)
        }
    }

    /// How far a batch has come with these sales; nil where they are not its next ones.
    private func next(
        _ header: BatchHeader,
        _ progress: BatchRecord.Progress,
        _ sales: [[UInt8]]
    ) -> BatchRecord.Progress? {
        var next = progress
        for bytes in sales {
            guard next.next <= header.count, let (sale, place) = try? CollectedSale.read(bytes),
                place == BatchPlace(header.name, next.next), next.totals.add(sale.amount)
            else { return nil }
            next.next += 1
        }
        next.digest = checking.extend(progress.digest, with: sales)
        return next
    }

    /// What came is not what the header says: all of it is wanted once more.
    private func giveUp(_ stored: BatchRecord.Stored) async throws(StoreFailure) -> Step {
        var step = try await begin(stored.batch.header, over: stored)
        step = Step(
            transition: step.transition,
            answer: .refused(stored.batch.name, .contentsDiffer),
            outdated: step.outdated
        )
        return step
    }

    private func begin(
        _ header: BatchHeader,
        over stored: BatchRecord.Stored?
    ) async throws(StoreFailure) -> Step {
        let batch = BatchRecord(
            header,
            .receiving,
            generation: (stored?.batch.generation ?? 0) &+ 1,
            progress: BatchRecord.Progress(
                next: 1,
                digest: checking.start(of: header.name),
                totals: BatchTotals()
            )
        )
        return Step(
            transition: Transition(writes: [
                try await write(batch, over: stored?.revision ?? 0)
            ]),
            answer: answer(of: batch),
            outdated: stored == nil ? nil : batch
        )
    }

    /// Whether the batch before is whole here.
    private func isNext(_ name: BatchName) async throws(StoreFailure) -> Bool {
        if name.number == BatchIntake.firstNumber { return true }
        guard name.number > BatchIntake.firstNumber else { return false }
        let before = BatchName(name.securityCard, name.number - 1)
        guard let stored = try await read(before) else { return false }
        return stored.batch.state != .receiving
    }

    private func read(_ name: BatchName) async throws(StoreFailure) -> BatchRecord.Stored? {
        try await BatchRecord.read(name, in: store, sealedBy: seals)
    }

    private func write(
        _ batch: BatchRecord,
        over revision: UInt64
    ) async throws(StoreFailure) -> RecordWrite {
        do throws(ModuleFailure) {
            return try await batch.write(over: revision, sealedBy: seals)
        } catch {
            throw .unavailable("a batch cannot be sealed: \(error)")
        }
    }
}
