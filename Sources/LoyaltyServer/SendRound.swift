// SPDX-License-Identifier: Apache-2.0

import Records

/// What one round of messages to the OPAL server came to.
package struct SendRound: Equatable, Sendable {
    /// Answered as asked.
    package var done = 0
    /// Refused, for good or for now.
    package var refused = 0
    package var unanswered = 0
    /// Records that do not open; nothing can be sent for them.
    package var damaged = 0
    /// The answer could not be made durable; it is asked for again.
    package var failed = 0
    /// The key behind which the next round begins; nil after the last open record.
    package var next: [UInt8]?

    package init() {}

    /// What came of sending one.
    enum Sent: Sendable {
        case done
        case refused
        case unanswered
        case damaged
        case failed
    }

    /// Sends for each record, several at once, in the order of their keys. A peer that does not
    /// answer is left alone until the next round.
    ///
    /// `records`: one page, as it was listed.
    static func send(
        _ records: [Record],
        _ send: @escaping @Sendable (Record) async -> Sent
    ) async -> SendRound {
        var round = SendRound()
        var waiting = records[...]
        await withTaskGroup(of: Sent.self) { group in
            var silences = 0
            func begin() -> Record? {
                silences < LoyaltyLimits.silencesMax ? waiting.popFirst() : nil
            }
            for _ in 0..<LoyaltyLimits.sentAtOnce {
                guard let record = begin() else { break }
                group.addTask { await send(record) }
            }
            for await sent in group {
                silences = sent == .unanswered ? silences + 1 : 0
                round.note(sent)
                guard let record = begin() else { continue }
                group.addTask { await send(record) }
            }
        }
        // What was not sent is the first of the next round.
        let last = waiting.isEmpty ? records.last : records.dropLast(waiting.count).last
        let isPage = records.count == LoyaltyLimits.roundMax || !waiting.isEmpty
        round.next = isPage ? last?.key.bytes : nil
        return round
    }

    private mutating func note(_ sent: Sent) {
        switch sent {
        case .done: done += 1
        case .refused: refused += 1
        case .unanswered: unanswered += 1
        case .damaged: damaged += 1
        case .failed: failed += 1
        }
    }
}
