// SPDX-License-Identifier: Apache-2.0

import Foundation
import HSM
import Kernel
import Keys
import LoadSecurityModule
import SecurityModule
import Testing
import Wire

// A case as commands, messages and a card.
extension PurseVector {
    func bytes(_ hex: String) throws -> [UInt8] {
        try #require(Hex.bytes(hex.filter { $0 != " " }))
    }

    func hex(_ signature: Signature) -> String {
        Hex.text(signature.bits.bigEndianBytes).uppercased()
    }

    /// The data of DEBIT IEP, field after field.
    var debitData: String {
        IDPSAM + NTPSAM + TRX + Hex.text(Array(MERCH.utf8)) + DTHR + CURR + CEXP + M + purchase.S2
    }

    var debitCommand: String { "80540100 45 \(debitData) 00" }

    var command: DebitIEP {
        get throws { try DebitIEP(try bytes(debitData)) }
    }

    var scope: PurchaseScope {
        get throws {
            PurchaseScope(type: try type, card: try card, number: try number, command: try command)
        }
    }

    var session: PurchaseSessionKey {
        get throws {
            let command = try command
            return PurchaseSessionKey(
                cardKey: try keys.ready.purchaseKey(try card),
                number: try number,
                random: try integer(R),
                securityCard: command.securityCard,
                securityCardNumber: command.securityCardNumber,
                transaction: command.transaction
            )
        }
    }

    /// S6 for a card with another last valid day.
    func purchaseProof(expiry: String) throws -> String {
        let date = try #require(CardDate(bcd: UInt32(try integer(expiry))))
        return hex(
            try scope.issuerProof(
                expiry: date,
                balance: try integer(purchase.balanceAfter),
                key: try keys.ready.proofKey(try card)
            )
        )
    }

    func draw(expiry: String) throws -> CardDraw {
        CardDraw(
            answerToReset: AnswerToReset.opal,
            initializeAnswer: InitializePurchaseAnswer(
                card: try card,
                expiry: try #require(CardDate(bcd: UInt32(try integer(expiry)))),
                algorithm: .aes,
                purchaseKeyVersion: CardWorld.version,
                authenticationMode: .symmetric,
                balance: try money(balanceBefore),
                number: try number,
                random: try integer(R)
            ),
            type: try type,
            amount: try amount,
            transaction: try command.transaction,
            merchant: try command.merchant
        )
    }

    func loadRequest(_ signature: Signature) throws -> (InitializeLoad, InitializeLoadAnswer) {
        let request = InitializeLoad(
            bank: BankIdentifier(bits: try integer(load.IDBANK)),
            transaction: try #require(TransactionIdentifier(TRX)),
            time: try time,
            amount: try amount
        )
        let answer = InitializeLoadAnswer(
            card: try card,
            expiry: try expiry,
            algorithm: .aes,
            loadKeyVersion: CardWorld.version,
            balance: try money(balanceBefore),
            balanceMax: try integer(BALMAX),
            number: try number,
            random: try integer(load.R),
            signature: signature
        )
        return (request, answer)
    }

    /// Module 864 with the keys of the case.
    var loadModule: SoftwareLoadModule {
        get throws {
            let module = SoftwareLoadModule(.make())
            module.install(
                try keys,
                as: .init(issuer: try card.issuer, version: CardWorld.version)
            )
            return module
        }
    }

    /// A module, a store and the card of the case in it, one number before the case.
    func world(expiry: String, random: String, balance: UInt64? = nil) async throws -> CardWorld {
        let fresh = try integer(random)
        let before = try balance ?? integer(balanceBefore)
        let purse = Purse(
            currency: try amount.currency,
            exponent: try amount.exponent,
            balance: before,
            balanceMax: try integer(BALMAX)
        )
        let card = Card(
            identifier: try card,
            expiry: try #require(CardDate(bcd: UInt32(try integer(expiry)))),
            purchaseKeyVersion: CardWorld.version,
            loadKeyVersion: CardWorld.version,
            lastNumber: try number - 1,
            purses: [purse]
        )
        return try await CardWorld(card, keys: keys, random: { fresh })
    }
}

extension Result where Failure == Refusal {
    /// The refusal, or nil.
    var refusal: Refusal? {
        if case .failure(let refusal) = self { refusal } else { nil }
    }
}
