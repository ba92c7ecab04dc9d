// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
import Records
package import SecurityModule
import Wire

/// Moves value that nobody uses, by the rule of its issuer (``DormancyRule``), from cards to the
/// issuer's account of expired value, and back when somebody claims it (`docs/decisions/0036`). The
/// card, its row of history, the numbered record that the clearing house asks for and the mail to
/// the holder become durable together.
package struct SweepDesk: Sendable {
    package let book: SweepBook
    let module: any CardModule
    let emulator: Emulator
    let mails: SettlementMails
    let loading: DirectLoad
    let random: any RandomSource
    let now: @Sendable () -> Instant
    private let reporter: FloatReporter

    /// Changes of the same card or number by others, before the operator has to try again.
    static let attemptsMax = 10

    /// - Parameters:
    ///   - book: the sweeps of the issuers of this OPAL server.
    ///   - reporter: knows the rules, and finds what is due.
    ///   - module: opens cards.
    ///   - loads: signs what is given back.
    ///   - emulator: makes changes of cards durable.
    ///   - mails: tells the holders.
    ///   - random: for transactions, and R of each load.
    ///   - now: asked for the moment of each step.
    package init(
        book: SweepBook,
        reporter: FloatReporter,
        module: any CardModule,
        loads: any LoadModule,
        emulator: Emulator,
        mails: SettlementMails,
        random: any RandomSource,
        now: @escaping @Sendable () -> Instant
    ) {
        self.book = book
        self.reporter = reporter
        self.module = module
        self.emulator = emulator
        self.mails = mails
        self.random = random
        self.now = now
        loading = DirectLoad(module: module, loads: loads)
    }

    // MARK: Sweeping

    /// Goes through all cards and sweeps what is due. Where it is broken off, it is called again.
    ///
    /// - Parameters:
    ///   - issuer: whose cards alone are swept; nil for all.
    ///   - isTrial: whether nothing is moved, and the report says what would be.
    ///   - progress: told after each card.
    /// - Returns: what was moved, and what was left.
    /// - Throws: as ``FloatReporter/report(at:_:due:)`` does, and `.busy`.
    package func sweep(
        of issuer: IssuerIdentifier?,
        isTrial: Bool,
        _ progress: @Sendable () -> Void = {}
    ) async throws(FloatFailure) -> SweepReport {
        var swept = SweepReport()
        let report = try await reporter.report(at: now(), progress) {
            due async throws(FloatFailure) in
            if let issuer, due.card.issuer != issuer { return }
            if due.isBlocked {
                swept.leave(.blocked)
            } else if isTrial {
                swept.add(due)
            } else if try await take(due) {
                swept.add(due)
            } else {
                swept.leave(.changed)
            }
        }
        swept.damaged = report.damaged
        return swept
    }

    /// Sweeps one card as it was when it was found to be due.
    ///
    /// - Returns: false where it has changed since, or takes no change.
    private func take(_ due: DueValue) async throws(FloatFailure) -> Bool {
        for _ in 0..<SweepDesk.attemptsMax {
            let found = try await reading { () async throws(StoreFailure) in
                try await emulator.fetch(due.card)
            }
            guard let card = found, card.revision == due.revision else { return false }
            let moment = now()
            let next = try await book.next(of: due.card.issuer, at: moment)
            let transaction = TransactionIdentifier(at: moment, random: random.pair())
            let step = try await asking { () async throws(ModuleFailure) in
                try await module.sweep(
                    CardSweep(due.amount, due.reason, number: next.number, transaction),
                    of: card,
                    context: CardContext(random: 0, now: moment, note: due.reason.note)
                )
            }
            guard case .moved(let change) = step else { return false }
            let sweep = SweepRecord(
                next.number,
                due.card,
                transaction,
                due.amount,
                at: moment,
                .swept(due.reason, return: nil)
            )
            let writes = [next.write, try await book.write(sweep)] + (try await mail(sweep))
            switch try await emulator.attempt(change, expected: card.revision, with: writes) {
            case .committed: return true
            case .conflict: continue
            case .setBack: return false
            }
        }
        throw .busy
    }

    func mail(_ sweep: SweepRecord) async throws(FloatFailure) -> [RecordWrite] {
        try await asking { () async throws(ModuleFailure) in try await mails.writes(for: sweep) }
    }
}

extension SweepReason {
    /// What the row of the card's history says to its holder.
    fileprivate var note: String {
        switch self {
        case .dormant: "The card was not used; ask its issuer to have it back"
        case .expired: "The card had expired; ask its issuer to have it back"
        }
    }
}
