// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// Who is paid, and on which account at a bank.
package struct Payee: Hashable, Sendable {
    package let name: String
    /// IBAN, or the number that the bank uses where there is none.
    package let account: String
    package let bic: String?

    /// - Returns: nil for texts that are empty, too long, or have control characters.
    package init?(name: String, account: String, bic: String? = nil) {
        func isWithin(_ text: String, _ max: Int) -> Bool {
            (1...max).contains(text.utf8.count) && ByteReader.isText(text)
        }
        guard isWithin(name, ClearingLimits.nameBytesMax),
            isWithin(account, ClearingLimits.accountBytesMax),
            bic.map({ isWithin($0, ClearingLimits.bicBytesMax) }) ?? true
        else { return nil }
        self.name = name
        self.account = account
        self.bic = bic
    }
}
