// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

// The payload of a card's information for the bank (FIG. 18A, step 872). Made by template, so that
// the same information has the same bytes each time.
extension CardInformation {
    /// The JSON in UTF-8.
    var json: [UInt8] {
        var text = #"{"trx":"\#(transaction.text)","bank":"\#(bank.text)","#
        text += #""cardPseudonym":"\#(card.text)","issuer":"\#(issuer.digits)","#
        text += #""lastDigits":"\#(lastDigits)","#
        text += #""expiry":"\#(BCD.digits(UInt64(expiry.bcd), count: 6))","#
        text += #""balance":"\#(balance.minorUnits)","currency":"\#(balance.currency.digits)","#
        text += #""exponent":\#(balance.exponent.decimals),"balanceMax":"\#(balanceMax)","#
        text += #""time":"\#(time.text)"}"#
        return Array(text.utf8)
    }

    /// Reads the payload. Members that are not known here are passed over.
    ///
    /// - Throws: `.sealBroken` where a member is missing, or is not what it can be.
    init(json: [UInt8]) throws(ModuleFailure) {
        guard let members = JSONMembers(json),
            let transaction = members.text("trx").flatMap({ TransactionIdentifier($0) }),
            let bank = members.text("bank").flatMap({ BankIdentifier(text: $0) }),
            let card = members.text("cardPseudonym").flatMap({ CardPseudonym(text: $0) }),
            let issuer = members.text("issuer").flatMap({ IssuerIdentifier($0) }),
            let lastDigits = members.text("lastDigits"),
            BCD.parse(lastDigits, count: 4) != nil,
            let expiry = members.text("expiry").flatMap({ BCD.parse($0, count: 6) })
                .flatMap({ CardDate(bcd: UInt32($0)) }),
            let balance = members.money("balance"),
            let balanceMax = members.text("balanceMax").flatMap(DecimalText.integer),
            let time = members.text("time").flatMap(CardTime.init(text:))
        else { throw .sealBroken }
        self.init(
            transaction: transaction,
            bank: bank,
            card: card,
            issuer: issuer,
            lastDigits: lastDigits,
            expiry: expiry,
            balance: balance,
            balanceMax: balanceMax,
            time: time
        )
    }
}
