// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
package import Wire

/// What a person can load: what the card can take, and what the account has (FIG. 18A, step 873).
package struct LoadOffer: Equatable, Sendable {
    package let inquiry: TransactionIdentifier
    package let account: Account
    /// What the card says of itself.
    package let information: CardInformation
    /// The least that the bank loads, in minor units.
    package let minimum: UInt64
    /// The most that the card can take: its maximum − its balance.
    package let maximum: UInt64

    /// The most that can be loaded now.
    package var loadable: UInt64 { min(maximum, account.available) }
}

// From the wish to load to the load page (FIG. 18A, steps 871–875).
extension BankModule {
    // MARK: A card's information (step 872)

    /// Begins a question about a card, for who wants to load it from an account. Durable before it
    /// is given.
    ///
    /// - Returns: the page that the browser posts to the OPAL server.
    /// - Throws: `.unknownAccount`.
    package func inquire(
        from number: AccountNumber,
        now: Instant
    ) async throws(BankFailure) -> CardInquiryPage {
        let account = try await book.account(number).value
        guard case .customer = account.kind else { throw .unknownAccount }
        return try await book.change { () async throws(BankFailure) in
            let inquiry = CardInquiry(
                transaction: TransactionIdentifier(at: now, random: random.pair()),
                bank: profile.bank,
                time: CardTime(now),
                loadServer: profile.loadServer,
                statusURL: profile.informationURL
            )
            let sealed: SealedLoadOrder
            do throws(ModuleFailure) {
                sealed = try await sealing.seal(inquiry, random: random.bytes(32))
            } catch { throw .module(error) }
            let record = InquiryRecord(account: number, inquiry: inquiry, sealed: sealed)
            var transition = Transition(writes: [])
            try await book.add(record, over: 0, to: &transition)
            return (record.page(of: profile), transition)
        }
    }

    /// Takes a card's information from the browser. The same again changes nothing; another one for
    /// the same question takes its place, until a load is begun with it.
    ///
    /// - Parameters:
    ///   - compact: the JWE in compact form, ASCII.
    ///   - transaction: the question that it is said to answer.
    ///   - now: the time.
    /// - Returns: the account that the question is about: where the person goes on.
    /// - Throws: `.unknownInquiry`, `.resultForged`, `.alreadyBegun`.
    @discardableResult
    package func receive(
        information compact: [UInt8],
        of transaction: TransactionIdentifier,
        now: Instant
    ) async throws(BankFailure) -> AccountNumber {
        try await book.change { () async throws(BankFailure) in
            let entry = try await book.inquiry(transaction)
            var next = entry.value
            let information: CardInformation
            do throws(ModuleFailure) {
                information = try await sealing.openInformation(
                    compact,
                    of: next.inquiry,
                    keyName: next.proof.keyName
                )
            } catch .sealBroken { throw .resultForged } catch { throw .module(error) }
            if next.information == information {
                return (next.account, Transition(writes: []))
            }
            if let load = next.load { throw .alreadyBegun(load) }
            next.information = information
            var transition = Transition(writes: [])
            try await book.add(next, over: entry.revision, to: &transition)
            return (next.account, transition)
        }
    }

    /// What can be loaded with a card's information (step 873).
    ///
    /// - Throws: `.unknownInquiry`, `.alreadyBegun`, `.notAnswered`, `.informationTooOld`,
    ///   `.currencyDiffers`, `.issuerUnknown`.
    package func offer(
        _ inquiry: TransactionIdentifier,
        to number: AccountNumber,
        now: Instant
    ) async throws(BankFailure) -> LoadOffer {
        let account = try await book.account(number).value
        let record = try await self.inquiry(inquiry, of: number).value
        if let load = record.load { throw .alreadyBegun(load) }
        let information = try usable(record, for: account, now)
        try await checkPool(information)
        return LoadOffer(
            inquiry: inquiry,
            account: account,
            information: information,
            minimum: profile.minimumLoad,
            maximum: information.loadMax
        )
    }

    private func inquiry(
        _ transaction: TransactionIdentifier,
        of number: AccountNumber
    ) async throws(BankFailure) -> BankBook.Entry<InquiryRecord> {
        let entry = try await book.inquiry(transaction)
        guard entry.value.account == number else { throw .unknownInquiry }
        return entry
    }

    private func usable(
        _ record: InquiryRecord,
        for account: Account,
        _ now: Instant
    ) throws(BankFailure) -> CardInformation {
        guard let information = record.information else { throw .notAnswered }
        if information.time.instant.adding(BankLimits.informationTime) < now {
            throw .informationTooOld
        }
        guard information.balance.isComparable(to: account.money(0)) else {
            throw .currencyDiffers
        }
        return information
    }

    /// Whether the money has a place to go to.
    private func checkPool(_ information: CardInformation) async throws(BankFailure) {
        let balance = information.balance
        _ = try await pool(of: information.issuer, balance.currency, balance.exponent)
    }

    // MARK: Hold and page (steps 873–875)

    /// Checks maximum, minimum and funds, and holds the amount (steps 873 and 874). One answer of a
    /// card serves one load: the same again gives the same transaction.
    ///
    /// - Parameters:
    ///   - minorUnits: what is to be loaded.
    ///   - number: the account that it comes from.
    ///   - inquiry: the question that the card answered.
    ///   - now: the time.
    /// - Returns: the load's transaction; the hold is durable.
    /// - Throws: what ``offer(_:to:now:)`` throws; `.belowMinimum`, `.aboveMaximum`,
    ///   `.insufficientFunds`.
    package func begin(
        _ minorUnits: UInt64,
        from number: AccountNumber,
        with inquiry: TransactionIdentifier,
        now: Instant
    ) async throws(BankFailure) -> TransactionIdentifier {
        try await book.change { () async throws(BankFailure) in
            let account = try await book.account(number)
            let asked = try await self.inquiry(inquiry, of: number)
            if let load = asked.value.load {
                let hold = try await book.hold(load).value
                guard hold.terms.amount.minorUnits == minorUnits, hold.state.isOpen else {
                    throw .alreadyBegun(load)
                }
                return (load, Transition(writes: []))
            }
            let information = try usable(asked.value, for: account.value, now)
            if minorUnits < profile.minimumLoad { throw .belowMinimum(profile.minimumLoad) }
            if minorUnits > information.loadMax { throw .aboveMaximum(information.loadMax) }
            try await checkPool(information)
            guard let holding = account.value.holding(minorUnits) else {
                throw .insufficientFunds(account.value.available)
            }
            let hold = try await makeHold(holding.money(minorUnits), number, information, now)
            var next = asked.value
            next.load = hold.transaction
            var transition = Transition(writes: [])
            let entry = AccountEntry(
                .held,
                at: now,
                amount: minorUnits,
                transaction: hold.transaction,
                after: holding
            )
            try await book.add(holding, over: account.revision, entry, to: &transition)
            try await book.add(hold, over: 0, HoldEntry(.held, at: now), to: &transition)
            try await book.add(next, over: asked.revision, to: &transition)
            return (hold.transaction, transition)
        }
    }

    private func makeHold(
        _ amount: Money,
        _ number: AccountNumber,
        _ information: CardInformation,
        _ now: Instant
    ) async throws(BankFailure) -> LoadHold {
        let terms = LoadTerms(
            transaction: TransactionIdentifier(at: now, random: random.pair()),
            bank: profile.bank,
            card: information.card,
            amount: amount,
            time: CardTime(now),
            loadServer: profile.loadServer,
            statusURL: profile.resultURL
        )
        do throws(ModuleFailure) {
            return LoadHold(
                account: number,
                terms: terms,
                sealed: try await sealing.seal(terms, random: random.bytes(32)),
                issuer: information.issuer,
                lastDigits: information.lastDigits,
                begunAt: now
            )
        } catch { throw .module(error) }
    }

    /// The load page (step 875); the same again until the load ends.
    ///
    /// - Throws: `.unknownLoad`, also for another account's; `.notOpen`, `.tooOld`.
    package func page(
        of transaction: TransactionIdentifier,
        from number: AccountNumber,
        now: Instant
    ) async throws(BankFailure) -> LoadPage {
        let hold = try await book.hold(transaction).value
        guard hold.account == number else { throw .unknownLoad }
        guard hold.state.isOpen, let sessionKey = hold.sessionKey else {
            throw .notOpen(hold.state)
        }
        if hold.terms.isStale(at: now) { throw .tooOld }
        return LoadPage(
            terms: hold.terms,
            proof: hold.proof,
            bankName: profile.name,
            sessionKey: sessionKey
        )
    }

    /// Forgets questions about cards that can serve no load any more, at most a page at a time.
    ///
    /// - Returns: how many were forgotten.
    @discardableResult
    package func forgetOldInquiries(now: Instant) async throws(BankFailure) -> Int {
        let deadline = now.subtracting(LoadLimits.loadTime + BankLimits.informationTime)
        var count = 0
        do throws(StoreFailure) {
            // Transactions begin with the time in milliseconds (6 bytes): the oldest come first.
            for record in try await book.store.list(
                BankRecords.inquiry,
                after: nil,
                limit: RecordLimits.pageMax,
                order: .ascending
            ) {
                let madeAt = record.key.bytes.prefix(6).reduce(0) { $0 << 8 | Int64($1) }
                guard madeAt < deadline.milliseconds else { break }
                let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
                if try await book.store.commit(Transition(writes: [write])) == .committed {
                    count += 1
                }
            }
        } catch { throw .store(error) }
        return count
    }
}

extension InquiryRecord {
    fileprivate func page(of profile: BankModule.Profile) -> CardInquiryPage {
        CardInquiryPage(
            inquiry: inquiry,
            proof: proof,
            bankName: profile.name,
            sessionKey: sessionKey
        )
    }
}
