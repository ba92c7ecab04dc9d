// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

// Swept value that somebody claims.
extension SweepDesk {
    /// Credits the card from which a sweep was made, or the last one that follows it, with what was
    /// swept: once.
    ///
    /// - Parameters:
    ///   - number: of the sweep.
    ///   - issuer: whose sweep it is.
    /// - Returns: what was given back, or why nothing is.
    /// - Throws: `.store`, `.module`, `.damaged` where a record is not readable as one, `.busy`.
    package func giveBack(
        _ number: UInt64,
        of issuer: IssuerIdentifier
    ) async throws(FloatFailure) -> Result<SweepRecord, SweepRefusal> {
        for _ in 0..<SweepDesk.attemptsMax {
            guard let found = try await book.find(issuer, number),
                case .swept(let reason, let known) = found.sweep.event
            else { return .failure(.unknownSweep) }
            if known != nil { return .failure(.givenBack) }
            let (sweep, moment) = (found.sweep, now())
            let target = CreditTarget(records: book.records, emulator: emulator, module: module)
            let card: SealedCard
            switch try await target.find(sweep.card, sweep.amount, at: moment) {
            case .failure(let refusal): return .failure(.card(refusal))
            case .success(let found): card = found
            }
            let next = try await book.next(of: issuer, at: moment)
            let back = SweepRecord(
                next.number,
                card.card,
                sweep.transaction,
                sweep.amount,
                at: moment,
                .givenBack(sweep: number)
            )
            var undone = sweep
            undone.event = .swept(reason, return: back.number)
            let change = try await credit(card, back)
            let writes =
                [
                    next.write, try await book.write(undone, expectedRevision: found.revision),
                    try await book.write(back),
                ] + (try await mail(back))
            switch try await emulator.attempt(change, expected: card.revision, with: writes) {
            case .committed: return .success(back)
            case .conflict: continue
            case .setBack: return .failure(.card(.cardBlocked))
            }
        }
        throw .busy
    }

    private func credit(
        _ card: SealedCard,
        _ back: SweepRecord
    ) async throws(FloatFailure) -> CardChange {
        try await asking { () async throws(ModuleFailure) in
            try await loading.load(
                back.amount,
                onto: card,
                from: .swept(of: back.issuer),
                back.transaction,
                context: CardContext(random: random.integer(), now: back.moment, note: "")
            )
        }
    }
}

/// Why swept value is not given back, in the order in which the reasons are looked for.
package enum SweepRefusal: Error, Equatable, Sendable {
    case unknownSweep
    /// It was given back before.
    case givenBack
    /// Its card cannot be credited.
    case card(RefundRefusal)
}
