// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer

/// What programmes owe, for pages. All members of a programme are gone through for it, so that a
/// figure which took long is shown again for a while, and who asks meanwhile waits for the same.
actor LiabilityFigures {
    struct Figure: Sendable {
        let liability: Liability
        /// Whether what is on cards is in it: the OPAL server may be silent.
        let countsCards: Bool
        let asOf: Instant
        /// How long it took.
        let milliseconds: Int64
    }

    /// A figure serves so many times as long as it took, so that pages keep the server busy for a
    /// small part of its time.
    private static let serves: Int64 = 20
    private static let servesMillisecondsMax: Int64 = 10 * 60 * 1000
    /// Without what is on cards: an OPAL server that is back is soon heard.
    private static let withoutCardsMillisecondsMax: Int64 = 15 * 1000

    private let module: LoyaltyModule
    private let now: @Sendable () -> Instant
    private var figures: [Currency: Figure] = [:]
    private var underWay: [Currency: Task<Result<Figure, LoyaltyFailure>, Never>] = [:]

    init(_ module: LoyaltyModule, now: @escaping @Sendable () -> Instant) {
        self.module = module
        self.now = now
    }

    func figure(of programme: Currency) async throws(SiteFailure) -> Figure {
        if let known = figures[programme] {
            let age = now().milliseconds - known.asOf.milliseconds
            let serves = min(
                known.milliseconds * Self.serves,
                known.countsCards
                    ? Self.servesMillisecondsMax : Self.withoutCardsMillisecondsMax
            )
            // A clock that was set back makes no figure last longer.
            if age >= 0, age < serves { return known }
        }
        let task = underWay[programme] ?? begin(programme)
        switch await task.value {
        case .success(let figure): return figure
        case .failure(let failure): throw SiteFailure(failure)
        }
    }

    private func begin(_ code: Currency) -> Task<Result<Figure, LoyaltyFailure>, Never> {
        let task = Task {
            let result = await count(code)
            underWay[code] = nil
            figures[code] = try? result.get()
            return result
        }
        underWay[code] = task
        return task
    }

    private func count(_ code: Currency) async -> Result<Figure, LoyaltyFailure> {
        let begun = now()
        do throws(LoyaltyFailure) {
            let (liability, countsCards) = try await liability(of: code)
            return .success(
                Figure(
                    liability: liability,
                    countsCards: countsCards,
                    asOf: begun,
                    milliseconds: max(0, now().milliseconds - begun.milliseconds)
                )
            )
        } catch { return .failure(error) }
    }

    private func liability(
        of code: Currency
    ) async throws(LoyaltyFailure) -> (Liability, countsCards: Bool) {
        do throws(LoyaltyFailure) {
            return (try await module.liability(of: code, asksForCards: true), true)
        } catch {
            switch error {
            case .opalServerSilent, .opalServerRefused, .answerUnreadable:
                return (try await module.liability(of: code, asksForCards: false), false)
            default: throw error
            }
        }
    }
}
