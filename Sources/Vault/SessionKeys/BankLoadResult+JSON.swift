// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

// The payload of a Load Result for the bank (FIG. 18C, step 890). Made by template, so that the
// same result has the same bytes each time.
extension BankLoadResult {
    /// The JSON in UTF-8.
    var json: [UInt8] {
        var text = #"{"trx":"\#(transaction.text)","bank":"\#(bank.text)","#
        text += #""cardPseudonym":"\#(card.text)","#
        text += #""amount":"\#(amount.minorUnits)","currency":"\#(amount.currency.digits)","#
        text += #""exponent":\#(amount.exponent.decimals),"outcome":"\#(outcome.word)","#
        if let reason { text += #""reason":"\#(reason.word)","# }
        if let issuer { text += #""issuer":"\#(issuer.digits)","# }
        text += #""time":"\#(time.text)"}"#
        return Array(text.utf8)
    }

    /// Reads the payload. Members that are not known here are passed over, so that a load server
    /// may say more than today.
    ///
    /// - Throws: `.sealBroken` where a member is missing, or is not what it can be.
    init(json: [UInt8]) throws(ModuleFailure) {
        guard let members = JSONMembers(json),
            let transaction = members.text("trx").flatMap({ TransactionIdentifier($0) }),
            let bank = members.text("bank").flatMap({ BankIdentifier(text: $0) }),
            let card = members.text("cardPseudonym").flatMap({ CardPseudonym(text: $0) }),
            let amount = members.money("amount"),
            let outcome = members.text("outcome").flatMap({ LoadOutcome(word: $0) }),
            let time = members.text("time").flatMap(CardTime.init(text:))
        else { throw .sealBroken }
        let reason = members.text("reason").flatMap { LoadRefusal(word: $0) }
        if members.has("reason") && reason == nil { throw .sealBroken }
        let issuer = members.text("issuer").flatMap { IssuerIdentifier($0) }
        // A card that was loaded has an issuer, who gets the money.
        if issuer == nil && (members.has("issuer") || outcome == .loaded) { throw .sealBroken }
        self.init(
            transaction: transaction,
            bank: bank,
            card: card,
            amount: amount,
            outcome: outcome,
            reason: reason,
            issuer: issuer,
            time: time
        )
    }
}
