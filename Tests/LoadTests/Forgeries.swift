// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import Simulation
import Wire

extension LoadWorld {
    func reader(_ card: Int = 0) -> PseudoReader {
        let clock = clock
        return PseudoReader(cards[card], emulator: emulator) { clock.now }
    }
}

extension InitializeLoadAnswer {
    func with(
        balance: Money? = nil,
        balanceMax: UInt64? = nil,
        number: UInt32? = nil,
        random: UInt64? = nil,
        signature: Signature? = nil
    ) -> InitializeLoadAnswer {
        InitializeLoadAnswer(
            card: card,
            expiry: expiry,
            algorithm: algorithm,
            loadKeyVersion: loadKeyVersion,
            balance: balance ?? self.balance,
            balanceMax: balanceMax ?? self.balanceMax,
            number: number ?? self.number,
            random: random ?? self.random,
            signature: signature ?? self.signature
        )
    }
}

extension CreditIEP {
    /// The same command with one bit of S2 wrong.
    var forged: CreditIEP {
        CreditIEP(
            completion: completion,
            transaction: transaction,
            minorUnits: minorUnits,
            signature: Signature(bits: signature.bits ^ 1)
        )
    }
}

extension CreditAnswer {
    /// The same answer with one bit of S3 wrong.
    var forged: CreditAnswer {
        CreditAnswer(
            completion: completion,
            number: number,
            balance: balance,
            signature: Signature(bits: signature.bits ^ 1)
        )
    }
}
