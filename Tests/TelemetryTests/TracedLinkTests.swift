// SPDX-License-Identifier: Apache-2.0

import Instrumentation
import Kernel
import Logging
import Synchronization
import Telemetry
import Testing
import Traces
import Wire

@Suite struct TracedLinkTests {
    private let lines = LogLines()
    private let transaction = TransactionIdentifier(high: 0x0199, low: 2)

    /// Keeps the traces in which it was asked.
    private final class Keeper: LinkService {
        private let kept = Mutex<[TraceContext?]>([])
        private let answer: [UInt8]

        init(_ answer: [UInt8]) {
            self.answer = answer
        }

        var traces: [TraceContext?] { kept.withLock { $0 } }

        func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
            kept.withLock { $0.append(ServiceContext.current?.trace) }
            return answer
        }
    }

    private struct Silent: Link {
        func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] { throw .timedOut }
    }

    private var question: [UInt8] { PartyMessage.notDebited(transaction).bytes }

    @Test func `a message is worked on in a span of its own, in the trace of who asks`()
        async throws
    {
        let keeper = Keeper(question)
        let service = TracedService(keeper, of: "payment-server", lines.logger(.debug))
        var random = SystemRandomNumberGenerator()
        let trace = TraceContext.begun(using: &random)
        var context = ServiceContext.topLevel
        context.trace = trace
        _ = await ServiceContext.withValue(context) {
            await service.answer(question, from: "opal-server")
        }
        let kept = try #require(keeper.traces.first ?? nil)
        #expect(kept.traceText == trace.traceText && kept.span != trace.span)
        let line = try #require(try lines.objects().first)
        #expect(line["trace_id"] as? String == trace.traceText)
        #expect(line["span_id"] as? String == kept.spanText)
        #expect(line["transaction"] as? String == transaction.text)
        #expect(line["party"] as? String == "payment-server")
        #expect(line["level"] as? String == "debug")
        let metadata = try #require(line["metadata"] as? [String: String])
        #expect(metadata["message"] == "not-debited" && metadata["outcome"] == "not-debited")
        #expect(metadata["peer"] == "opal-server")
        #expect(metadata["milliseconds"].flatMap(Double.init) != nil)
    }

    @Test func `a message in no trace begins one`() async throws {
        let keeper = Keeper([])
        let service = TracedService(keeper, of: "payment-server", lines.logger(.debug))
        for _ in 0..<2 { _ = await service.answer(question, from: "shop") }
        let traces = keeper.traces.compactMap { $0?.traceText }
        #expect(Set(traces).count == 2)
    }

    @Test func `a refusal is told by its reason, one level above answers`() async throws {
        let keeper = Keeper(PartyMessage.refusal(transaction, .insufficientValue).bytes)
        let service = TracedService(keeper, of: "payment-server", lines.logger(.info))
        _ = await service.answer(question, from: "opal-server")
        let metadata = try #require(try lines.objects().first?["metadata"] as? [String: String])
        #expect(metadata["outcome"] == Refusal.insufficientValue.word)
    }

    @Test func `in a round all that is asked about one transaction is one trace`() async throws {
        let keeper = Keeper([])
        let link = TracedLink(
            DirectLink(to: keeper, as: "opal-server"),
            to: "payment-server",
            of: "opal-server",
            lines.logger(.debug)
        )
        let other = PartyMessage.notDebited(TransactionIdentifier(high: 1, low: 3)).bytes
        var context = ServiceContext.topLevel
        context.round = TraceRound()
        try await ServiceContext.withValue(context) {
            for request in [question, question, other] { _ = try await link.request(request) }
        }
        _ = try await link.request(question)
        let traces = keeper.traces.compactMap { $0?.traceText }
        #expect(traces.count == 4 && traces[0] == traces[1])
        #expect(Set(traces).count == 3)
    }

    @Test func `a request without a response is told with its transaction`() async throws {
        let link = TracedLink(Silent(), to: "payment-server", of: "shop", lines.logger(.info))
        await #expect(throws: LinkFailure.timedOut) { try await link.request(question) }
        let line = try #require(try lines.objects().first)
        #expect(line["message"] as? String == "no response")
        #expect(line["transaction"] as? String == transaction.text)
        #expect((line["metadata"] as? [String: String])?["reason"] == "timedOut")
    }

    @Test func `the page that asks learns what it is about`() async throws {
        let link = TracedLink(
            DirectLink(to: Keeper([]), as: "shop"),
            to: "payment-server",
            of: "shop",
            lines.logger(.info)
        )
        var random = SystemRandomNumberGenerator()
        let subject = TraceSubject()
        var context = ServiceContext.topLevel
        context.trace = .begun(using: &random)
        context.subject = subject
        _ = try await ServiceContext.withValue(context) { try await link.request(question) }
        #expect(subject.transaction == transaction)
    }
}
