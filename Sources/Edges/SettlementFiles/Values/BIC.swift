// SPDX-License-Identifier: Apache-2.0

/// Names a bank (ISO 9362): 8 or 11 characters.
package struct BIC: Hashable, Sendable {
    package let text: String

    /// - Throws: `.bicWrong`.
    package init(_ text: String) throws(SettlementFileFailure) {
        let bytes = Array(text.utf8)
        let isLetter: (UInt8) -> Bool = { (0x41...0x5A).contains($0) }
        guard bytes.count == 8 || bytes.count == 11, bytes[4..<6].allSatisfy(isLetter),
            bytes.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) })
        else { throw .bicWrong }
        self.text = text
    }
}
