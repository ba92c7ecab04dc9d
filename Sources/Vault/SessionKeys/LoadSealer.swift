// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import SecurityModule
package import Wire

/// The keys of the load server (FIG. 18D, step 895).
package struct LoadSealer: LoadSealing {
    private let directory: BankKeyDirectory
    private let pseudonyms: KeyFamily

    package static let pseudonymKeyBytes = 32

    /// - Parameters:
    ///   - directory: the keys shared with banks; it may change while this is in use.
    ///   - pseudonymKey: 32 bytes of the load server from which the names of cards are made. With
    ///     another key, each card has another name at each bank.
    package init(directory: BankKeyDirectory, pseudonymKey: consuming [UInt8]) {
        precondition(pseudonymKey.count == LoadSealer.pseudonymKeyBytes)
        self.directory = directory
        pseudonyms = KeyFamily(of: SymmetricKey(data: pseudonymKey))
    }

    package func session(
        for terms: LoadTerms,
        _ proof: LoadProof
    ) throws(ModuleFailure) -> any LoadSession {
        let keys = try keys(terms.transaction, terms.bank, proof.keyName)
        return OpenLoad(
            terms.transaction,
            try Self.sessionKey(keys, proof, .load, terms.bytes)
        )
    }

    package func session(
        for inquiry: CardInquiry,
        _ proof: LoadProof
    ) throws(ModuleFailure) -> any InquirySession {
        let keys = try keys(inquiry.transaction, inquiry.bank, proof.keyName)
        return OpenInquiry(
            inquiry: inquiry,
            keyName: proof.keyName,
            orderKeys: keys,
            fromOPALServer: OpeningKey(
                try Self.sessionKey(keys, proof, .inquiry, inquiry.bytes).toLoadServer
            )
        )
    }

    /// The token first: it costs less than what follows, so that a forged page costs little.
    private static func sessionKey(
        _ keys: LoadOrderKeys,
        _ proof: LoadProof,
        _ purpose: LoadOrderKeys.Purpose,
        _ covered: [UInt8]
    ) throws(ModuleFailure) -> CreditKeys {
        guard keys.isRight(proof.token, purpose, covered),
            let sessionKey = try? AES.KeyWrap.unwrap(
                proof.wrappedSessionKey,
                using: keys.derivedKey
            )
        else { throw .sealBroken }
        return CreditKeys(sessionKey)
    }

    package func check(_ question: LoadQuestion) throws(ModuleFailure) {
        let terms = question.terms
        let keys = try keys(terms.transaction, terms.bank, question.keyName)
        guard keys.isRight(question.proof, .question, terms.bytes) else { throw .sealBroken }
    }

    package func sealResult(
        _ result: BankLoadResult,
        of terms: LoadTerms,
        keyName: String
    ) throws(ModuleFailure) -> [UInt8] {
        guard result.transaction == terms.transaction, result.bank == terms.bank else {
            throw .sealBroken
        }
        let keys = try keys(terms.transaction, terms.bank, keyName)
        return try SealingKey(keys.resultKey).seal(
            result.json,
            SealedHeader(.loadResultForBank, terms.transaction, keyName: keyName)
        )
    }

    package func pseudonym(
        of card: CardIdentifier,
        at bank: BankIdentifier
    ) throws(ModuleFailure) -> CardPseudonym {
        let key = pseudonyms.key("OPAL load pseudonym", bank.bytes)
        let code = HMAC<SHA256>.authenticationCode(for: card.bytes, using: key)
        guard let pseudonym = CardPseudonym(Array(code.prefix(CardPseudonym.length))) else {
            preconditionFailure("A code is longer than a pseudonym.")
        }
        return pseudonym
    }

    private func keys(
        _ transaction: TransactionIdentifier,
        _ bank: BankIdentifier,
        _ name: String
    ) throws(ModuleFailure) -> LoadOrderKeys {
        guard let shared = directory.key(name, of: bank) else { throw .keyUnknown }
        return LoadOrderKeys(shared, transaction, bank)
    }
}

extension LoadSealer: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The keys of one load at the load server.
private struct OpenLoad: LoadSession {
    private let transaction: TransactionIdentifier
    private let fromOPALServer: OpeningKey
    private let toOPALServer: SealingKey

    init(_ transaction: TransactionIdentifier, _ keys: CreditKeys) {
        self.transaction = transaction
        fromOPALServer = OpeningKey(keys.toLoadServer)
        toOPALServer = SealingKey(keys.fromLoadServer)
    }

    func openLoad(_ sealed: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try fromOPALServer.open(sealed, SealedHeader(.load, transaction))
    }

    func sealCommand(_ command: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try toOPALServer.seal(command, SealedHeader(.credit, transaction))
    }

    func openResponse(_ sealed: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try fromOPALServer.open(sealed, SealedHeader(.loadResponse, transaction))
    }

    func openNegative(_ sealed: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try fromOPALServer.open(sealed, SealedHeader(.negativeResponse, transaction))
    }

    func sealResult(_ result: CardLoadResult) throws(ModuleFailure) -> [UInt8] {
        let header = SealedHeader(.loadResultForCard, transaction)
        return try toOPALServer.seal(result.bytes, header)
    }
}

extension OpenLoad: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The keys of one inquiry at the load server.
private struct OpenInquiry: InquirySession {
    let inquiry: CardInquiry
    let keyName: String
    let orderKeys: LoadOrderKeys
    let fromOPALServer: OpeningKey

    func openCard(_ sealed: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try fromOPALServer.open(sealed, SealedHeader(.card, inquiry.transaction))
    }

    /// - Throws: `.sealBroken` for the information that belongs to another inquiry.
    func sealInformation(_ information: CardInformation) throws(ModuleFailure) -> [UInt8] {
        guard information.transaction == inquiry.transaction, information.bank == inquiry.bank
        else { throw .sealBroken }
        return try SealingKey(orderKeys.informationKey).seal(
            information.json,
            SealedHeader(.informationForBank, inquiry.transaction, keyName: keyName)
        )
    }
}

extension OpenInquiry: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
