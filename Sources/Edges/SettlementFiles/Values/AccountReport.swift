// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Whether money comes to an account or leaves it.
package enum Direction: String, Hashable, Sendable {
    case credit = "CRDT"
    case debit = "DBIT"
}

/// What an account had at the beginning or the end of a day.
package struct AccountBalance: Hashable, Sendable {
    /// Below zero where the account is in debit.
    package let minorUnits: Int64
    package let date: CivilDate

    package init(minorUnits: Int64, date: CivilDate) {
        self.minorUnits = minorUnits
        self.date = date
    }
}

/// The account that a statement or a notification is of.
package struct ReportedAccount: Hashable, Sendable {
    package let number: AccountNumber
    package let currency: ISOCurrency
    package let owner: PartyName
    /// The institution that keeps it.
    package let servicer: BIC?

    package init(
        number: AccountNumber,
        currency: ISOCurrency,
        owner: PartyName,
        servicer: BIC? = nil
    ) {
        self.number = number
        self.currency = currency
        self.owner = owner
        self.servicer = servicer
    }
}

/// What a statement or a notification is called.
package struct AccountReportHead: Hashable, Sendable {
    package let identifier: FileIdentifier
    /// Counts the reports of an account, so that a missing one is noticed.
    package let sequenceNumber: UInt64
    package let created: Instant
    package let account: ReportedAccount

    package init(
        identifier: FileIdentifier,
        sequenceNumber: UInt64,
        created: Instant,
        account: ReportedAccount
    ) {
        self.identifier = identifier
        self.sequenceNumber = sequenceNumber
        self.created = created
        self.account = account
    }
}

/// One movement of an account.
package struct AccountEntry: Hashable, Sendable {
    package let reference: FileIdentifier
    package let amount: FileAmount
    package let direction: Direction
    package let bookingDate: CivilDate
    package let valueDate: CivilDate
    /// What sort of entry it is, in our words: `SALES`, `FEE`, `PAYOUT`.
    package let kind: FileIdentifier
    /// Of the payment that the entry is of.
    package let endToEnd: FileIdentifier?
    package let counterparty: PaymentParty?
    package let remittance: RemittanceText?

    /// - Throws: `.amountIsZero`.
    package init(
        reference: FileIdentifier,
        amount: FileAmount,
        direction: Direction,
        bookingDate: CivilDate,
        valueDate: CivilDate,
        kind: FileIdentifier,
        endToEnd: FileIdentifier? = nil,
        counterparty: PaymentParty? = nil,
        remittance: RemittanceText? = nil
    ) throws(SettlementFileFailure) {
        guard amount.minorUnits > 0 else { throw .amountIsZero }
        self.reference = reference
        self.amount = amount
        self.direction = direction
        self.bookingDate = bookingDate
        self.valueDate = valueDate
        self.kind = kind
        self.endToEnd = endToEnd
        self.counterparty = counterparty
        self.remittance = remittance
    }
}
