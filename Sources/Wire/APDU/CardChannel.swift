// SPDX-License-Identifier: Apache-2.0

/// A way to one card: command in, response out. A virtual card, a card in a reader and a card on
/// another machine look the same. Half-duplex: its user waits for a response before the next
/// command; a channel belongs to one user at a time.
package protocol CardChannel: Sendable {
    /// Exchanges one command for its response.
    ///
    /// - Parameter command: the bytes of a command APDU, at least 4.
    /// - Returns: the bytes of the response APDU, at least the 2 of the status word.
    /// - Throws: `ChannelFailure` where the card did not answer; what it did is then unknown.
    func transmit(_ command: [UInt8]) async throws(ChannelFailure) -> [UInt8]

    /// Resets the card and reads its answer to reset, at most ``AnswerToReset/bytesMax`` bytes.
    func reset() async throws(ChannelFailure) -> [UInt8]
}

/// Why a card did not answer.
package enum ChannelFailure: Error, Equatable, Sendable {
    /// There is no such card, or it was taken out.
    case removed
    /// The reader or what stands behind it failed; the text is for the log.
    case broken(String)
}
