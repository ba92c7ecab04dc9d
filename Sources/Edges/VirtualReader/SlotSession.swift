// SPDX-License-Identifier: Apache-2.0

import Wire

/// What a card says to the messages of vpcd: one byte is a control, more is a command.
actor SlotSession {
    /// The controls, of one byte each. All but the last one have no answer.
    private enum Control: UInt8 {
        case powerOff = 0x00
        case powerOn = 0x01
        case reset = 0x02
        case sendAnswerToReset = 0x04
    }

    /// The length field has two bytes.
    static let messageBytesMax = 65_535
    /// CLA, INS, P1, P2.
    private static let commandBytesMin = 4
    /// SW1 SW2.
    private static let responseBytesMin = 2

    private let card: any CardChannel
    private var answerToReset: [UInt8] = []

    init(_ card: any CardChannel) {
        self.card = card
    }

    /// Must be done once before the reader may see the card: it asks for the answer to reset
    /// without a reset, every 0.4 s, to know whether there is a card.
    func reset() async throws(ChannelFailure) {
        answerToReset = try await card.reset()
    }

    /// - Returns: nil where vpcd waits for no answer.
    /// - Throws: where the card has no answer. vpcd waits for it without end, and all of pcscd with
    ///   it: the connection must be closed then.
    func answer(_ message: [UInt8]) async throws(ChannelFailure) -> [UInt8]? {
        if message.count <= 1 {
            return try await answer(to: message.first.flatMap(Control.init))
        }
        guard message.count >= Self.commandBytesMin else {
            return ResponseAPDU(status: .wrongLength).bytes
        }
        let response = try await card.transmit(message)
        guard (Self.responseBytesMin...Self.messageBytesMax).contains(response.count) else {
            throw .broken("its response has \(response.count) bytes")
        }
        return response
    }

    private func answer(to control: Control?) async throws(ChannelFailure) -> [UInt8]? {
        switch control {
        case .powerOn, .reset: try await reset()
        case .sendAnswerToReset: return answerToReset
        case .powerOff, nil: break
        }
        return nil
    }
}
