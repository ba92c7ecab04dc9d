// SPDX-License-Identifier: Apache-2.0

import Instrumentation
import Kernel
import Testing
import Traces

@Suite struct TraceRoundTests {
    private func transaction(_ number: Int) -> TransactionIdentifier {
        TransactionIdentifier(high: 1, low: UInt64(number))
    }

    @Test func `what is asked about one transaction in one turn is one trace`() {
        var random = SystemRandomNumberGenerator()
        let round = TraceRound()
        let one = round.trace(of: transaction(1), using: &random)
        #expect(round.trace(of: transaction(1), using: &random) == one)
        #expect(round.trace(of: transaction(2), using: &random).traceText != one.traceText)
        #expect(
            TraceRound().trace(of: transaction(1), using: &random).traceText != one.traceText
        )
    }

    @Test func `messages about no transaction have nothing in common`() {
        var random = SystemRandomNumberGenerator()
        let round = TraceRound()
        let one = round.trace(of: nil, using: &random)
        #expect(round.trace(of: nil, using: &random).traceText != one.traceText)
    }

    @Test func `a turn without an end takes no memory without an end`() {
        var random = SystemRandomNumberGenerator()
        let round = TraceRound()
        for number in 0..<TraceRound.itemsMax {
            _ = round.trace(of: transaction(number), using: &random)
        }
        let beyond = transaction(TraceRound.itemsMax)
        let one = round.trace(of: beyond, using: &random)
        #expect(round.trace(of: beyond, using: &random) != one)
    }

    @Test func `the transaction that is named first is the one of the log lines`() async {
        let subject = TraceSubject()
        var context = ServiceContext.topLevel
        context.subject = subject
        await ServiceContext.withValue(context) {
            TraceSubject.note(.unknown)
            #expect(subject.transaction == nil)
            await withTaskGroup { tasks in
                tasks.addTask { TraceSubject.note(transaction(5)) }
                await tasks.waitForAll()
            }
            TraceSubject.note(transaction(6))
        }
        #expect(subject.transaction == transaction(5))
        TraceSubject.note(transaction(7))
    }
}
