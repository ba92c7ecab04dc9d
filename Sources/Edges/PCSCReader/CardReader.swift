// SPDX-License-Identifier: Apache-2.0

import CPCSC
package import Wire

/// A card in a reader of the PC/SC system: a ``CardChannel`` like any other. The calls of PC/SC
/// wait for the card, so they are made on a thread of the reader's own.
///
/// The card belongs to its user alone from a reset to ``close()``: a command of another program in
/// between would end the dialogue. It must speak T=1, as the profile's answer to reset says.
package actor CardReader: CardChannel {
    private let name: String
    private let thread: ReaderThread
    private var card: CardHandle?
    /// For the longest response, so that it is not made anew for each.
    private var response = [UInt8](repeating: 0, count: CardReader.responseBytesMax)

    /// Data and status word of an extended APDU.
    private static let responseBytesMax = 65_536 + 2

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    /// `name`: as ``ReaderList`` gives it.
    package init(_ name: String) {
        self.name = name
        thread = ReaderThread(label: name)
    }

    package func reset() throws(ChannelFailure) -> [UInt8] {
        close()
        let card = try CardHandle(name, in: PCSCContext())
        try card.reset()
        let answer = try card.answerToReset()
        self.card = card
        return answer
    }

    /// Needs a reset before the first command, and after a failure.
    package func transmit(_ command: [UInt8]) throws(ChannelFailure) -> [UInt8] {
        guard let card else { throw .removed }
        do throws(ChannelFailure) {
            let count = try card.transmit(command, into: &response)
            return Array(response[..<count])
        } catch {
            close()
            throw error
        }
    }

    /// Gives the card free for others.
    package func close() {
        card = nil
    }
}

/// A connection with a card. It ends with a reset, so that no dialogue is left open.
private final class CardHandle {
    private let context: PCSCContext
    private let handle: SCARDHANDLE

    init(_ name: String, in context: PCSCContext) throws(ChannelFailure) {
        self.context = context
        var handle: SCARDHANDLE = 0
        var active: DWORD = 0
        try PCSCContext.check(
            unsafe SCardConnect(
                context.handle,
                name,
                DWORD(SCARD_SHARE_EXCLUSIVE),
                DWORD(SCARD_PROTOCOL_T1),
                &handle,
                &active
            )
        )
        self.handle = handle
    }

    deinit {
        _ = SCardDisconnect(handle, DWORD(SCARD_RESET_CARD))
    }

    /// A connection alone does not reset a card that had power before.
    func reset() throws(ChannelFailure) {
        var active: DWORD = 0
        try PCSCContext.check(
            unsafe SCardReconnect(
                handle,
                DWORD(SCARD_SHARE_EXCLUSIVE),
                DWORD(SCARD_PROTOCOL_T1),
                DWORD(SCARD_RESET_CARD),
                &active
            )
        )
    }

    func answerToReset() throws(ChannelFailure) -> [UInt8] {
        var answer = [UInt8](repeating: 0, count: AnswerToReset.bytesMax)
        var count = DWORD(answer.count)
        try PCSCContext.check(unsafe SCardStatus(handle, nil, nil, nil, nil, &answer, &count))
        return Array(answer.prefix(Int(count)))
    }

    /// - Returns: how many bytes the card answered.
    func transmit(
        _ command: [UInt8],
        into response: inout [UInt8]
    ) throws(ChannelFailure) -> Int {
        var header = SCARD_IO_REQUEST(
            dwProtocol: UInt(SCARD_PROTOCOL_T1),
            cbPciLength: UInt(MemoryLayout<SCARD_IO_REQUEST>.size)
        )
        var count = DWORD(response.count)
        try PCSCContext.check(
            unsafe SCardTransmit(
                handle,
                &header,
                command,
                DWORD(command.count),
                nil,
                &response,
                &count
            )
        )
        guard count >= 2, count <= response.count else {
            throw .broken("its response has \(count) bytes")
        }
        return Int(count)
    }
}
