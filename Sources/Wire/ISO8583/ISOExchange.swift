// SPDX-License-Identifier: Apache-2.0

/// By what an answer is recognised among all that come on a connection: its type, STAN, RRN and
/// terminal, which are those of the question. Management messages have neither RRN nor terminal.
package struct ISOExchange: Hashable, Sendable {
    package let answer: ISOMessageType
    package let traceNumber: String
    package let retrievalReference: String
    package let terminal: String

    /// The exchange that a question begins or an answer ends.
    ///
    /// - Returns: nil without a STAN, which no message lacks.
    package init?(_ message: ISOMessage) {
        guard let traceNumber = message[text: .traceNumber] else { return nil }
        answer = message.type.answer ?? message.type
        self.traceNumber = traceNumber
        retrievalReference = message[text: .retrievalReference] ?? ""
        terminal = message[text: .terminal] ?? ""
    }
}
