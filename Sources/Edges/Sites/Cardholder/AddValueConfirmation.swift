// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

// The second screen of a load from the account on file: what will happen, to be agreed to.
extension CardholderSite {
    /// A new load each time it is shown.
    func confirmation(
        of amount: Money,
        _ offer: AccountLoadOffer,
        _ target: LoadTarget,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding,
        _ problems: EntryProblems = EntryProblems()
    ) -> Response {
        let (sum, _) = offer.balance.minorUnits.addingReportingOverflow(amount.minorUnits)
        let proposal = funding.loads.proposal(
            by: signed.user.key,
            onto: target.card,
            of: amount,
            purpose: target.purpose
        )
        var values: [String: Any] = [
            "order": order(amount, target, reader), "account": account(offer.account),
            "number": offer.card.masked, "balance": reader.amount(offer.balance),
            "afterwards": reader.amount(Money(minorUnits: sum, as: offer.balance)),
            "form": [
                "action": target.path + "/confirm",
                "fields": [
                    ["name": "transaction", "value": proposal.transaction.text],
                    ["name": "proof", "value": Hex.text(proposal.proof)],
                    ["name": "amount", "value": String(amount.minorUnits)],
                ],
                SecurityCodeEntry.name: problems.secret(SecurityCodeEntry.name),
            ] as [String: Any],
            "amountHref": target.path,
        ]
        if let problems = problems.values { values["problems"] = problems }
        return page(
            Page(
                "cardholder/add-value-confirm",
                values,
                status: problems.isEmpty ? .ok : .unprocessableContent
            ),
            of: signed,
            current: target.current
        )
    }
}

/// What was typed as the security code of the account's card (CVV2). It need not be given, goes to
/// the bank with this one load, and is neither kept nor shown again.
enum SecurityCodeEntry: Equatable {
    case none
    case code(CardVerificationValue)
    case malformed

    /// Of the entry.
    static let name = "verificationValue"
    static let problem = "The security code has three or four digits."

    /// Blanks are passed over.
    init(_ typed: String) {
        let digits = typed.filter { !$0.isWhitespace }
        self =
            digits.isEmpty
            ? .none : CardVerificationValue(digits: digits).map { .code($0) } ?? .malformed
    }

    var value: CardVerificationValue? {
        if case .code(let value) = self { value } else { nil }
    }
}
