// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// One side of a payment.
package struct PaymentParty: Hashable, Sendable {
    package let name: PartyName
    package let account: AccountNumber
    /// The bank that has the account.
    package let bank: BIC?

    package init(name: PartyName, account: AccountNumber, bank: BIC? = nil) {
        self.name = name
        self.account = account
        self.bank = bank
    }
}

/// Pay this to that account.
package struct PaymentInstruction: Hashable, Sendable {
    /// Goes with the payment to its end, and comes back in the bank's statement.
    package let endToEnd: FileIdentifier
    /// More than zero.
    package let amount: FileAmount
    package let debtor: PaymentParty
    package let creditor: PaymentParty
    package let remittance: RemittanceText?
    /// The day on which it is asked for.
    package let executionDate: CivilDate

    /// - Throws: `.amountIsZero`.
    package init(
        endToEnd: FileIdentifier,
        amount: FileAmount,
        debtor: PaymentParty,
        creditor: PaymentParty,
        remittance: RemittanceText? = nil,
        executionDate: CivilDate
    ) throws(SettlementFileFailure) {
        guard amount.minorUnits > 0 else { throw .amountIsZero }
        self.endToEnd = endToEnd
        self.amount = amount
        self.debtor = debtor
        self.creditor = creditor
        self.remittance = remittance
        self.executionDate = executionDate
    }
}

/// Move this from one institution to another, for themselves.
package struct InstitutionTransfer: Hashable, Sendable {
    package let endToEnd: FileIdentifier
    /// More than zero.
    package let amount: FileAmount
    package let debtor: Institution
    package let creditor: Institution
    package let settlementDate: CivilDate

    /// An institution with its account, where it is paid over one.
    package struct Institution: Hashable, Sendable {
        package let bic: BIC
        package let account: AccountNumber?

        package init(bic: BIC, account: AccountNumber? = nil) {
            self.bic = bic
            self.account = account
        }
    }

    /// - Throws: `.amountIsZero`.
    package init(
        endToEnd: FileIdentifier,
        amount: FileAmount,
        debtor: Institution,
        creditor: Institution,
        settlementDate: CivilDate
    ) throws(SettlementFileFailure) {
        guard amount.minorUnits > 0 else { throw .amountIsZero }
        self.endToEnd = endToEnd
        self.amount = amount
        self.debtor = debtor
        self.creditor = creditor
        self.settlementDate = settlementDate
    }
}
