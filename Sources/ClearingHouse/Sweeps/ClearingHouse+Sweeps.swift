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
        /// Issuers that did not answer.
        package fileprivate(set) var silent: Set<IssuerIdentifier> = []
        /// What cannot be posted, by its issuer: what comes behind it waits.
        package fileprivate(set) var waiting: [IssuerIdentifier: ClearingFailure] = [:]
    }

    /// Asks issuers what they have swept and given back, and posts each once, in the order of the
    /// numbers. To be called every few seconds or minutes; where it is broken off, the next round
    /// goes on.
    ///
    /// - Parameter now: asked for the moment of each step.
    /// - Returns: what came of it.
    /// - Throws: `.store`, `.module`, `.busy`, `.noTerms`.
    @discardableResult
    package func passSweeps(
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) -> SweepRound {
        var round = SweepRound()
        for issuer in try await issuers(limit: RecordLimits.pageMax) {
            do throws(ClearingFailure) {
                for _ in 0..<ClearingLimits.sweepPagesMax {
                    let (posted, hasMore) = try await passSweeps(of: issuer, now)
                    round.posted += posted
                    if !hasMore { break }
                }
            } catch {
                switch error {
                case .issuerSilent(let issuer): round.silent.insert(issuer)
                case .damaged, .unknownCurrency, .amountTooLarge:
                    round.waiting[issuer.identifier] = error
                default: throw error
                }
            }
        }
        return round
    }

    /// One page of an issuer.
    private func passSweeps(
        of issuer: ClearedIssuer,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) -> (posted: Int, hasMore: Bool) {
        let identifier = issuer.identifier
        guard let link = issuers(identifier) else { throw .issuerSilent(identifier) }
        return try await book.change { () async throws(ClearingFailure) in
            let last = try await lastSweep(of: identifier)?.notice.number ?? 0
            let question = IssuerMessage.sweepsQuestion(identifier, after: last)
            guard case .sweeps(let notices, let hasMore)? = await reply(of: link, to: question)
            else { throw .issuerSilent(identifier) }
            if notices.isEmpty { return ((0, false), Transition(writes: [])) }
            var step = SweepStep(book, issuer, try await terms(), after: last, now: now())
            for notice in notices { try await step.take(notice) }
            return ((notices.count, hasMore), try await step.transition())
        }
    }

    private func lastSweep(
        of issuer: IssuerIdentifier
    ) async throws(ClearingFailure) -> ClearedSweep? {
        let last = try await book.list(
            ClearedSweep.self,
            after: ClearedSweep.key(issuer, .max),
            limit: 1,
            order: .descending
        ).first
        return last?.issuer == issuer ? last : nil
    }
}
