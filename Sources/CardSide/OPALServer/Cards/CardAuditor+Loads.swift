// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// Loads from funding accounts, and the value of expired cards.
extension CardAuditor {
    /// What came onto a card.
    package struct Movement: Equatable, Sendable {
        package let card: CardIdentifier
        package let amount: Money

        package init(card: CardIdentifier, amount: Money) {
            self.card = card
            self.amount = amount
        }
    }

    /// What names a credit: each bank makes transactions of its own, which may be those of another.
    package struct CreditName: Hashable, Sendable {
        package let bank: BankIdentifier
        package let transaction: TransactionIdentifier

        package init(bank: BankIdentifier, transaction: TransactionIdentifier) {
            self.bank = bank
            self.transaction = transaction
        }
    }

    func check(accountLoad record: Record, _ report: inout Report) async {
        guard let body = await open(record),
            let load = try? AccountLoadRecord(body, key: record.key.bytes),
            record.isOpen == load.state.isOpen
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        report.accountLoads[load.transaction] = load
    }

    /// Sorts a load by who has begun it. What comes from an expired card, or was swept, was loaded
    /// before.
    func add(load request: InitializeLoad, onto card: CardIdentifier, _ report: inout Report) {
        let movement = Movement(card: card, amount: request.amount)
        let name = CreditName(bank: request.bank, transaction: request.transaction)
        if report.credits.updateValue(movement, forKey: name) != nil {
            report.findings.append(
                AuditFinding(
                    "OPAL server, transaction \(request.transaction.text)",
                    "was loaded twice"
                )
            )
            report.suspects.insert(card)
        }
        switch request.bank.source(at: card.issuer) {
        case .move: report.movesIn[request.transaction] = movement
        case .swept: Self.add(request.amount, to: &report.returnedSums)
        case .account:
            Self.add(request.amount, to: &report.loaded)
            report.accountCredits[request.transaction] = movement
        case .own, .refund, .bank: Self.add(request.amount, to: &report.loaded)
        }
    }

    /// Each load that is said to be credited is on its card, each credit belongs to such a load,
    /// from an account or a bank; what an expired card gave is what its successor got.
    func compareLoads(_ report: inout Report) async throws(StoreFailure) {
        for (transaction, load) in report.accountLoads where load.state.isLoaded {
            let expected = Movement(card: load.card, amount: load.amount)
            guard report.accountCredits[transaction] != expected else { continue }
            report.findings.append(
                AuditFinding(Self.place(transaction), "is credited, but not on its card")
            )
        }
        for (transaction, credit) in report.accountCredits {
            // It may have been credited after the loads were read.
            if report.accountLoads[transaction]?.state.isLoaded ?? false { continue }
            if try await isLoaded(transaction) { continue }
            report.findings.append(
                AuditFinding(
                    Self.place(transaction),
                    "is on card \(credit.card.masked), but no load says so"
                )
            )
        }
        // They were credited before the loads were read.
        for (name, credit) in report.bankCredits where report.bankLoads[name] != credit {
            report.findings.append(
                AuditFinding(
                    Self.place(name.transaction),
                    "is on card \(credit.card.masked) from bank \(name.bank.text), "
                        + "but no load says so"
                )
            )
        }
        for transaction in Set(report.movesOut.keys).union(report.movesIn.keys)
        where report.movesOut[transaction] != report.movesIn[transaction] {
            report.findings.append(
                AuditFinding(
                    Self.place(transaction),
                    "moves value from an expired card, but not the same to its successor"
                )
            )
        }
    }

    private func isLoaded(
        _ transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> Bool {
        guard let record = try await store.read(AccountLoadRecord.key(transaction)),
            let body = await open(record)
        else { return false }
        return (try? AccountLoadRecord(body, key: record.key.bytes))?.state.isLoaded ?? false
    }

    private static func place(_ transaction: TransactionIdentifier) -> String {
        "OPAL server, load \(transaction.text)"
    }
}

extension CardAuditor.Report {
    /// What came onto cards from banks: every credit that is none of the issuer's own, from no
    /// funding account, from no merchant and from no expired card.
    package var bankCredits: [CardAuditor.CreditName: CardAuditor.Movement] {
        credits.filter { name, credit in
            name.bank.source(at: credit.card.issuer) == .bank
                && !credit.isOfPoints(from: name.bank)
        }
    }
}
