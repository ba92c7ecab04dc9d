// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// The benefits of a loyalty server's programmes and their redemption (FIG. 16).
///
/// ``reserve(_:for:transaction:now:)`` keeps a piece while its order can be paid,
/// ``fulfil(_:unlessReleased:now:)`` makes it the member's, ``release(_:now:)`` puts it back. Each
/// of them is named by the TRX of the order and may be asked again: so that who stopped between
/// the order and the redemption finds what is done, and does the rest.
package struct Benefits: Sendable {
    let book: BenefitBook
    let random: any RandomSource

    /// - Parameters:
    ///   - store: opened with a schema that has ``BenefitRecords/kinds``.
    ///   - seals: of the loyalty server.
    ///   - random: for voucher codes.
    package init(store: any RecordStore, seals: any RecordSealing, random: any RandomSource) {
        book = BenefitBook(store: store, seals: seals)
        self.random = random
    }

    // MARK: The catalogue

    /// Puts a benefit into the catalogue, or changes what is said of it there. What was ordered
    /// before keeps its price; the stock of a benefit that is known does not change, nor does its
    /// programme.
    ///
    /// - Parameters:
    ///   - benefit: with its code.
    ///   - stock: pieces of a new one; nil where there is no end of them.
    ///   - now: the time for the journal.
    /// - Returns: the benefit as it is afterwards.
    /// - Throws: `.otherProgramme`, `.stockTooLarge`.
    @discardableResult
    package func put(
        _ benefit: Benefit,
        stock: UInt64?,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitView {
        try await book.change { () async throws(BenefitFailure) in
            var transition = Transition(writes: [])
            let known: BenefitBook.Entry<BenefitStock>?
            do throws(BenefitFailure) {
                known = try await book.stock(benefit.code)
            } catch .unknownBenefit { known = nil }
            guard let known else {
                if let stock, stock > BenefitLimits.stockMax { throw .stockTooLarge }
                let new = BenefitStock(benefit, putIn: stock)
                try await book.add(new, over: 0, .put, at: now, to: &transition)
                return (BenefitView(new), transition)
            }
            var next = known.value
            if next.benefit == benefit { return (BenefitView(next), transition) }
            guard next.benefit.programme == benefit.programme else { throw .otherProgramme }
            next.benefit = benefit
            try await book.add(next, over: known.revision, .changed, at: now, to: &transition)
            return (BenefitView(next), transition)
        }
    }

    /// Sets how many pieces were ever put into the stock of a benefit; asking twice puts them in
    /// once.
    ///
    /// - Throws: `.unknownBenefit`, `.stockTooLarge`; `.stockTooSmall` for less than is reserved
    ///   and handed out.
    @discardableResult
    package func restock(
        _ code: BenefitCode,
        to total: UInt64?,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitView {
        try await change(code, .restocked, now: now) { stock throws(BenefitFailure) in
            if let total, total > BenefitLimits.stockMax { throw .stockTooLarge }
            let given = stock.reserved + stock.fulfilled
            if let total, total < given { throw .stockTooSmall }
            stock.putIn = total
            stock.left = Int64(total ?? 0) - Int64(given)
        }
    }

    /// Takes a benefit out of the catalogue. What is reserved of it can still be paid.
    @discardableResult
    package func withdraw(
        _ code: BenefitCode,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitView {
        try await change(code, .withdrawn, now: now) { $0.isWithdrawn = true }
    }

    /// Offers a benefit again that was withdrawn.
    @discardableResult
    package func offer(
        _ code: BenefitCode,
        now: Instant
    ) async throws(BenefitFailure) -> BenefitView {
        try await change(code, .offered, now: now) { $0.isWithdrawn = false }
    }

    /// - Throws: `.unknownBenefit`, `.damaged`.
    package func find(_ code: BenefitCode) async throws(BenefitFailure) -> BenefitView {
        BenefitView(try await book.stock(code).value)
    }

    private func change(
        _ code: BenefitCode,
        _ event: BenefitEntry.Event,
        now: Instant,
        _ step: (inout BenefitStock) throws(BenefitFailure) -> Void
    ) async throws(BenefitFailure) -> BenefitView {
        try await book.change { () async throws(BenefitFailure) in
            let known = try await book.stock(code)
            var next = known.value
            try step(&next)
            var transition = Transition(writes: [])
            if next != known.value {
                try await book.add(next, over: known.revision, event, at: now, to: &transition)
            }
            return (BenefitView(next), transition)
        }
    }
}
