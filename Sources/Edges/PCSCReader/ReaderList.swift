// SPDX-License-Identifier: Apache-2.0

import CPCSC
package import Wire

/// The readers of the PC/SC system.
package enum ReaderList {
    package struct Entry: Equatable, Sendable {
        package let name: String
        /// Nil where there is no card, or one that does not answer.
        package let answerToReset: [UInt8]?
    }

    /// All readers with the cards in them. Does not disturb the cards.
    package static func all() async throws(ChannelFailure) -> [Entry] {
        try await Worker().all()
    }

    /// Makes the calls of PC/SC on a thread of its own.
    private actor Worker {
        private let thread = ReaderThread(label: "readers")

        nonisolated var unownedExecutor: UnownedSerialExecutor {
            unsafe thread.asUnownedSerialExecutor()
        }

        func all() throws(ChannelFailure) -> [Entry] {
            let context = try PCSCContext()
            var entries: [Entry] = []
            for name in try names(context) {
                entries.append(Entry(name: name, answerToReset: answer(name, context)))
            }
            return entries
        }
    }

    /// Names come as texts that end with 0, with a 0 behind the last.
    private static func names(_ context: PCSCContext) throws(ChannelFailure) -> [String] {
        var count: DWORD = 0
        let code = unsafe SCardListReaders(context.handle, nil, nil, &count)
        if code == SCARD_E_NO_READERS_AVAILABLE { return [] }
        try PCSCContext.check(code)
        var text = [CChar](repeating: 0, count: Int(count))
        try PCSCContext.check(unsafe SCardListReaders(context.handle, nil, &text, &count))
        return text.prefix(Int(count)).split(separator: 0).map { name in
            String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    private static func answer(_ name: String, _ context: PCSCContext) -> [UInt8]? {
        unsafe name.withCString { name in
            var state = unsafe SCARD_READERSTATE()
            unsafe state.szReader = name
            unsafe state.dwCurrentState = DWORD(SCARD_STATE_UNAWARE)
            // Without waiting: what is unknown to the caller has changed.
            guard unsafe SCardGetStatusChange(context.handle, 0, &state, 1) == SCARD_S_SUCCESS,
                unsafe state.dwEventState & DWORD(SCARD_STATE_PRESENT) != 0,
                unsafe state.cbAtr > 0
            else { return nil }
            let count = unsafe Int(state.cbAtr)
            return unsafe withUnsafeBytes(of: state.rgbAtr) { unsafe Array($0.prefix(count)) }
        }
    }
}
