// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// What is asked of a card in a reader after something went wrong. Another card may have been put in
// meanwhile, so that each question begins with who answers.
extension ClientCode {
    /// Which card is in the reader.
    func card() async throws(ClientFailure) -> CardIdentifier {
        _ = try await reset()
        let data = try await expectDone(.select(application: PurseCommand.application))
        return try parse { () throws(WireFailure) in try SelectAnswer(data) }.card
    }

    /// What a card answered to the debit with this NT; nil where it made none (GET PREVIOUS
    /// SIGNATURE).
    func previousDebit(_ number: UInt32) async throws(ClientFailure) -> DebitAnswer? {
        let response = try await transmit(.getPreviousSignature(number: number))
        if response.status == .noSuchSignature { return nil }
        guard response.status == .done else { throw .status(response.status) }
        // A load has an answer of another length, and used the number up.
        guard response.data.count == DebitAnswer.length else { return nil }
        return try parse { () throws(WireFailure) in try DebitAnswer(response.data) }
    }
}
