// SPDX-License-Identifier: Apache-2.0

package import Kernel
import OPALServer

/// What a mail in the outbox tells, as far as the invariants ask.
enum ToldMail: Sendable {
    case settlement(SettlementMail)
    case receipt(ReceiptMail)
    case account(AccountMail)
    case other

    init(_ mail: MailMessage) {
        if let settlement = SettlementMail(mail) {
            self = .settlement(settlement)
        } else if let receipt = ReceiptMail(mail) {
            self = .receipt(receipt)
        } else if let account = AccountMail(mail) {
            self = .account(account)
        } else {
            self = .other
        }
    }

    var settlement: SettlementMail? { if case .settlement(let mail) = self { mail } else { nil } }
    var account: AccountMail? { if case .account(let mail) = self { mail } else { nil } }
    var receipt: ReceiptMail? { if case .receipt(let mail) = self { mail } else { nil } }
}

/// What a mail says of a payment that was pending.
package struct SettlementMail: Equatable, Sendable {
    package let to: String
    package let transaction: TransactionIdentifier
    /// Else it was put back.
    package let isPaid: Bool

    /// - Returns: nil for a mail about something else.
    init?(_ mail: MailMessage) {
        guard mail.subject.hasPrefix("Your payment to "), let transaction = mail.transaction
        else { return nil }
        to = mail.to
        self.transaction = transaction
        isPaid = mail.subject.hasSuffix(" is paid")
    }
}

/// The receipt of a load through a bank.
package struct ReceiptMail: Equatable, Sendable {
    package let to: String
    package let transaction: TransactionIdentifier

    /// - Returns: nil for a mail about something else.
    init?(_ mail: MailMessage) {
        guard mail.subject.hasPrefix("Your card was loaded with "),
            let transaction = mail.transaction
        else { return nil }
        to = mail.to
        self.transaction = transaction
    }
}

/// What a mail says of a load from an account on file to who pays.
package struct AccountMail: Equatable, Sendable {
    package let to: String
    package let transaction: TransactionIdentifier
    /// Else it was pending and came to nothing.
    package let isLoaded: Bool

    /// - Returns: nil for a mail about something else.
    init?(_ mail: MailMessage) {
        isLoaded = mail.subject.hasPrefix("Receipt: ")
        guard isLoaded || mail.subject.hasSuffix(" was not loaded"),
            let transaction = mail.transaction
        else { return nil }
        to = mail.to
        self.transaction = transaction
    }
}

extension MailMessage {
    /// The one that the mail names.
    fileprivate var transaction: TransactionIdentifier? {
        let line = body.split(separator: "\n").first { $0.contains("Transaction:") }
        return line?.split(separator: " ").last.flatMap { TransactionIdentifier(String($0)) }
    }
}
