// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

// The payload of a Debit Result M (FIG. 15B, step 822). Made by template, so that the same result
// has the same bytes each time.
extension MerchantDebitResult {
    /// What stands in place of an outcome that depends on the card's S3, so that nobody who does
    /// not compare takes it for one.
    fileprivate static let comparedOutcome = "compare"

    /// The JSON in UTF-8.
    var json: [UInt8] { json(outcome.word(ofProof: isProof)) }

    /// The JSON for the merchant who compares.
    func json(expecting signature: Signature) -> [UInt8] {
        json(
            Self.comparedOutcome,
            #""expectedSignature":"\#(signature.text)","#
        )
    }

    private func json(_ outcome: String, _ expected: String = "") -> [UInt8] {
        var text = #"{"trx":"\#(transaction.text)","#
        text += #""merchant":\#(JSONMembers.quoted(merchant.text)),"#
        text += #""amount":"\#(amount.minorUnits)","currency":"\#(amount.currency.digits)","#
        text += #""exponent":\#(amount.exponent.decimals),"outcome":"\#(outcome)","#
        if let reason { text += #""reason":"\#(reason.word)","# }
        text += #""cardPseudonym":"\#(cardPseudonym)","securityCard":"\#(securityCard.text)","#
        text += expected
        text += #""securityCardNumber":\#(securityCardNumber),"time":"\#(time.text)""#
        if !memberships.isEmpty {
            let numbers = memberships.map { #""\#($0.programme.digits)":"\#($0.number.text)""# }
            text += #","memberNumbers":{\#(numbers.joined(separator: ","))}"#
        }
        if let otherHalf { text += #","otherHalf":\#(otherHalf.json)"# }
        text += "}"
        return Array(text.utf8)
    }

    /// Reads the payload. Members that are not known here are passed over, so that a payment
    /// server may say more than today.
    ///
    /// - Throws: `.sealBroken` where a member is missing, or is not what it can be.
    init(json: [UInt8]) throws(ModuleFailure) {
        guard let members = JSONMembers(json),
            let outcome = members.text("outcome").flatMap(SaleOutcome.init(word:))
        else { throw .sealBroken }
        try self.init(members, outcome)
        // A sale is never taken for a proof, nor a proof for a sale.
        if members.text("outcome") != outcome.word(ofProof: isProof) { throw .sealBroken }
    }

    fileprivate init(_ members: JSONMembers, _ outcome: SaleOutcome) throws(ModuleFailure) {
        guard
            let transaction = members.text("trx").flatMap({ TransactionIdentifier($0) }),
            let merchant = members.text("merchant").flatMap({ MerchantIdentifier($0) }),
            let amount = members.money("amount"),
            let pseudonym = members.text("cardPseudonym"), Pseudonym.isOne(pseudonym),
            let securityCard = members.text("securityCard").flatMap({ Hex.bytes($0) }),
            securityCard.count == 8,
            let number = members.number("securityCardNumber").flatMap({ UInt32(exactly: $0) }),
            let time = members.text("time").flatMap(CardTime.init(text:))
        else { throw .sealBroken }
        let reason = members.text("reason").flatMap { Refusal(word: $0) }
        if members.has("reason") && reason == nil { throw .sealBroken }
        let memberships = members.members("memberNumbers").flatMap { $0.memberships } ?? []
        if members.has("memberNumbers") && memberships.isEmpty { throw .sealBroken }
        let otherHalf = members.members("otherHalf").flatMap { OtherHalf($0) }
        if members.has("otherHalf") && otherHalf == nil { throw .sealBroken }
        self.init(
            transaction: transaction,
            merchant: merchant,
            amount: amount,
            outcome: outcome,
            reason: reason,
            cardPseudonym: pseudonym,
            securityCard: SecurityCardIdentifier(
                bits: securityCard.reduce(0) { $0 << 8 | UInt64($1) }
            ),
            securityCardNumber: number,
            time: time,
            memberships: memberships,
            otherHalf: otherHalf
        )
    }
}

extension JSONMembers {
    /// Each member a programme and its number; nil where one is not, or there are too many.
    fileprivate var memberships: [Membership]? {
        var memberships: [Membership] = []
        for name in names.sorted() {
            guard let code = BCD.parse(name, count: 4).flatMap({ Currency(bcd: UInt16($0)) }),
                code.isProgramme, let number = text(name).flatMap({ MemberNumber($0) })
            else { return nil }
            memberships.append(Membership(programme: code, number: number))
        }
        return Membership.areInOrder(memberships) ? memberships : nil
    }
}

extension OtherHalf {
    fileprivate var json: String {
        #"{"trx":"\#(transaction.text)","amount":"\#(amount.minorUnits)","#
            + #""currency":"\#(amount.currency.digits)","#
            + #""exponent":\#(amount.exponent.decimals),"first":\#(isFirst ? 1 : 0)}"#
    }

    fileprivate init?(_ members: JSONMembers) {
        guard let transaction = members.text("trx").flatMap({ TransactionIdentifier($0) }),
            let amount = members.money("amount"), let first = members.number("first"), first <= 1
        else { return nil }
        self.init(transaction: transaction, amount: amount, isFirst: first == 1)
    }
}

extension ExpectedResult {
    /// - Throws: `.sealBroken` where a member is missing, or is not what it can be.
    init(json: [UInt8]) throws(ModuleFailure) {
        guard let members = JSONMembers(json),
            members.text("outcome") == MerchantDebitResult.comparedOutcome,
            let signature = members.text("expectedSignature").flatMap({ Signature(hex: $0) })
        else { throw .sealBroken }
        self.init(result: try MerchantDebitResult(members, .sold), signature: signature)
    }
}

/// The name of a card for a merchant.
enum Pseudonym {
    static let bytes = 16

    /// Whether this is 32 lower-case hexadecimal digits.
    static func isOne(_ text: String) -> Bool {
        text.utf8.count == bytes * 2
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

extension SaleOutcome {
    /// What a proof that was compared and is right is, in the place of a sale.
    private static let authenticated = "authenticated"

    fileprivate func word(ofProof isProof: Bool) -> String {
        isProof && self == .sold ? Self.authenticated : word
    }

    fileprivate init?(word: String) {
        guard
            let outcome = SaleOutcome.allCases.first(where: {
                $0.word == word || $0.word(ofProof: true) == word
            })
        else { return nil }
        self = outcome
    }
}
