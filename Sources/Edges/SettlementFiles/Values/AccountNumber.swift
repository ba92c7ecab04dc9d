// SPDX-License-Identifier: Apache-2.0

/// Names an account at a bank.
package enum AccountNumber: Hashable, Sendable {
    case iban(IBAN)
    case other(OtherAccount)
}

/// An IBAN (ISO 13616), electronic form, check digits right.
package struct IBAN: Hashable, Sendable {
    package let text: String

    /// - Parameter text: may hold spaces, as on paper.
    /// - Throws: `.ibanWrong`.
    package init(_ text: String) throws(SettlementFileFailure) {
        let text = text.filter { $0 != " " }
        let bytes = Array(text.utf8)
        guard (15...34).contains(bytes.count),
            bytes[..<2].allSatisfy({ (0x41...0x5A).contains($0) }),
            bytes[2..<4].allSatisfy({ (0x30...0x39).contains($0) }),
            let rest = IBAN.remainder(of: bytes[4...] + bytes[..<4]), rest == 1
        else { throw .ibanWrong }
        self.text = text
    }

    /// Of the number that digits and letters (A is 10) spell, by 97.
    private static func remainder(of bytes: ArraySlice<UInt8>) -> Int? {
        var rest = 0
        for byte in bytes {
            switch byte {
            case 0x30...0x39: rest = (rest * 10 + Int(byte) - 0x30) % 97
            case 0x41...0x5A: rest = (rest * 100 + Int(byte) - 0x41 + 10) % 97
            default: return nil
            }
        }
        return rest
    }
}

/// A number of an account that is not an IBAN: 1 to 34 of the characters that banks take.
package struct OtherAccount: Hashable, Sendable {
    package let text: String

    /// - Throws: `.empty`, `.tooLong`, `.unwritable`, each of `.account`.
    package init(_ text: String) throws(SettlementFileFailure) {
        self.text = try LatinText.exact(text, for: .account, max: SettlementLimits.accountMax)
    }
}
