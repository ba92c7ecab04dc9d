// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import SecurityModule
package import Wire

/// The keys of one bank: makes what a load page and an inquiry page carry, and opens Load Results
/// and the information of cards (FIG. 18A, steps 872–875; FIG. 18C, step 892).
package struct LoadOrderSealer: LoadOrderSealing {
    private let bank: BankIdentifier
    private let current: SharedKey
    private let older: [SharedKey]

    /// - Parameters:
    ///   - bank: whose keys these are.
    ///   - current: the key that new loads use.
    ///   - older: keys of loads that may still be open; their names differ.
    package init(bank: BankIdentifier, current: SharedKey, older: [SharedKey] = []) {
        precondition(Set(older.map(\.name) + [current.name]).count == older.count + 1)
        self.bank = bank
        self.current = current
        self.older = older
    }

    package func seal(
        _ terms: LoadTerms,
        random: [UInt8]
    ) throws(ModuleFailure) -> SealedLoadOrder {
        let keys = try keys(terms.transaction, terms.bank, current.name)
        return try sealed(keys, keys.code(.load, terms.bytes), random)
    }

    package func seal(
        _ inquiry: CardInquiry,
        random: [UInt8]
    ) throws(ModuleFailure) -> SealedLoadOrder {
        let keys = try keys(inquiry.transaction, inquiry.bank, current.name)
        return try sealed(keys, keys.code(.inquiry, inquiry.bytes), random)
    }

    private func sealed(
        _ keys: LoadOrderKeys,
        _ token: [UInt8],
        _ random: [UInt8]
    ) throws(ModuleFailure) -> SealedLoadOrder {
        precondition(random.count == SharedKey.keyBytes)
        guard
            let wrapped = try? AES.KeyWrap.wrap(
                SymmetricKey(data: random),
                using: keys.derivedKey
            ),
            let proof = LoadProof(
                keyName: current.name,
                wrappedSessionKey: Array(wrapped),
                token: token
            ),
            let sessionKey = SessionKeyText(Base64URL.encode(random))
        else { throw .unavailable("AES key wrap") }
        return SealedLoadOrder(proof: proof, sessionKey: sessionKey)
    }

    package func openResult(
        _ compact: [UInt8],
        of terms: LoadTerms,
        keyName: String
    ) throws(ModuleFailure) -> BankLoadResult {
        let keys = try keys(terms.transaction, terms.bank, keyName)
        let header = SealedHeader(.loadResultForBank, terms.transaction, keyName: keyName)
        let result = try BankLoadResult(json: OpeningKey(keys.resultKey).open(compact, header))
        guard result.transaction == terms.transaction, result.bank == terms.bank else {
            throw .sealBroken
        }
        return result
    }

    package func openInformation(
        _ compact: [UInt8],
        of inquiry: CardInquiry,
        keyName: String
    ) throws(ModuleFailure) -> CardInformation {
        let keys = try keys(inquiry.transaction, inquiry.bank, keyName)
        let header = SealedHeader(.informationForBank, inquiry.transaction, keyName: keyName)
        let information = try CardInformation(
            json: OpeningKey(keys.informationKey).open(compact, header)
        )
        guard information.transaction == inquiry.transaction, information.bank == inquiry.bank
        else { throw .sealBroken }
        return information
    }

    package func question(
        _ terms: LoadTerms,
        keyName: String
    ) throws(ModuleFailure) -> LoadQuestion {
        let keys = try keys(terms.transaction, terms.bank, keyName)
        return LoadQuestion(
            terms: terms,
            keyName: keyName,
            proof: keys.code(.question, terms.bytes)
        )
    }

    private func keys(
        _ transaction: TransactionIdentifier,
        _ bank: BankIdentifier,
        _ name: String
    ) throws(ModuleFailure) -> LoadOrderKeys {
        guard bank == self.bank,
            let shared = current.name == name ? current : older.first(where: { $0.name == name })
        else { throw .keyUnknown }
        return LoadOrderKeys(shared, transaction, bank)
    }
}

extension LoadOrderSealer: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
