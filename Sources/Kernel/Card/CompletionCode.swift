// SPDX-License-Identifier: Apache-2.0

/// CC: how a debit or a credit ended on the card (2 bytes).
package enum CompletionCode: UInt16, CaseIterable, Sendable {
    case done = 0x0000
    case insufficientValue = 0x0001
    case cardExpired = 0x0002
    case cardBlocked = 0x0003
    case refusedByLimit = 0x0004
    case maximumBalanceExceeded = 0x0005
}

/// TI: what a transaction is (1 byte).
package enum TransactionType: UInt8, Sendable {
    case load = 0x01
    case purchase = 0x02
    /// A proof of identity: the amount is zero, a number is consumed.
    case authentication = 0x03
}

/// ALG: the profile a card speaks (1 byte).
package enum CardAlgorithm: UInt8, Sendable {
    /// The purse profile OPAL-AES.
    case aes = 0x11
    case publicKey = 0x21
    /// Legacy cards by JR/T 0025 with 3DES.
    case legacy = 0x01
}

/// AM: how card and security card authenticate each other (1 byte).
package enum AuthenticationMode: UInt8, Sendable {
    case symmetric = 0x00
    case publicKey = 0x01
}
