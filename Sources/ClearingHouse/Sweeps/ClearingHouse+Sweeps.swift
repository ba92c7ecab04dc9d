// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// Value that nobody uses: what issuers sweep from their cards moves here from the issuer's pool to
// its account of expired value, and back where it is given back (`docs/decisions/0036`).
extension ClearingHouse {
    /// What came of one round.
    package struct SweepRound: Equatable, Sendable {
        /// Sweeps and returns that were posted.
        package fileprivate(set) var posted = 0
        /// Returns of what was not swept so, or was given back before.
        package fileprivate(set) var refused = 0
        /// Issuers that did not answer.
        package fileprivate(set) var silent: Set<IssuerIdentifier> = []
        /// What cannot be posted now, by its issuer: what comes behind it waits.
        package fileprivate(set) var waiting: [IssuerIdentifier: ClearingFailure] = [:]
    }

    /// Asks issuers what they have swept and given back, and posts each once, in the order of the
    /// numbers. To be called every few seconds or minutes; where it is broken off, the next round
    /// goes on.
    ///
    /// - Parameter now: asked for the moment of each step.
    /// - Returns: what came of it.
    /// - Throws: `.store`, `.module`, `.noTerms`.
    @discardableResult
    package func passSweeps(
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) -> SweepRound {
        var round = SweepRound()
        let issuers = try await book.allIssuers()
        for (issuer, place) in issuers.closed { round.waiting[issuer] = .damaged(place) }
        for issuer in issuers.open {
            do throws(ClearingFailure) {
                for _ in 0..<ClearingLimits.sweepPagesMax {
                    if try await !passPage(of: issuer, &round, now) { break }
                }
            } catch {
                switch error {
                case .issuerSilent(let issuer): round.silent.insert(issuer)
                case .damaged, .unknownCurrency, .amountTooLarge, .busy:
                    round.waiting[issuer.identifier] = error
                default: throw error
                }
            }
        }
        return round
    }

    /// Posts one page of an issuer.
    ///
    /// - Returns: whether it has more.
    private func passPage(
        of issuer: ClearedIssuer,
        _ round: inout SweepRound,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) -> Bool {
        let identifier = issuer.identifier
        guard let link = issuers(identifier) else { throw .issuerSilent(identifier) }
        let (posted, refused, hasMore) = try await book.change {
            () async throws(ClearingFailure) in
            let last = try await lastNumber(of: identifier)
            let question = IssuerMessage.sweepsQuestion(identifier, after: last)
            guard case .sweeps(let notices, let hasMore)? = await reply(of: link, to: question)
            else { throw .issuerSilent(identifier) }
            if notices.isEmpty { return ((0, 0, false), Transition(writes: [])) }
            var step = SweepStep(book, issuer, try await terms(), after: last, now: now())
            for notice in notices { try await step.take(notice) }
            return ((step.posted, step.refused, hasMore), try await step.transition())
        }
        round.posted += posted
        round.refused += refused
        return hasMore
    }

    /// The last number that came; 0 before the first one. It is in the key: the record need not
    /// open.
    private func lastNumber(
        of issuer: IssuerIdentifier
    ) async throws(ClearingFailure) -> UInt64 {
        let last = try await book.records(
            ClearedSweep.kind,
            after: ClearedSweep.key(issuer, .max),
            limit: 1,
            order: .descending
        ).first?.key.bytes
        guard let last, last.starts(with: ClearedIssuer.key(issuer)) else { return 0 }
        return last.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
