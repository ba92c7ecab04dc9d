// SPDX-License-Identifier: Apache-2.0

import Instrumentation
import Kernel
import Logging
import Telemetry
import Testing
import Traces

@Suite struct JSONLogTests {
    private let lines = LogLines()

    @Test func `a line is one object with its time, level and message in front`() {
        lines.logger(.info).warning("a batch does not get on", metadata: ["batch": "7"])
        #expect(
            lines.text
                == #"{"time":"2026-11-29T08:39:14.007Z","level":"warning","#
                + #""message":"a batch does not get on","metadata":{"batch":"7"}}"# + "\n"
        )
    }

    @Test func `what a stranger has sent ends neither line nor text`() throws {
        let odd = "\"},\n{\"level\":\"critical\\\r\u{1B}[2J\u{7F}\u{2028}é"
        lines.logger(.info).info(
            "form refused",
            metadata: ["reason": "\(odd)", "list": ["a", .dictionary(["b\n": "\(odd)"])]]
        )
        #expect(lines.text.filter(\.isNewline).count == 1)
        #expect(!lines.text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{7F}" })
        let object = try #require(try lines.objects().first)
        let metadata = try #require(object["metadata"] as? [String: Any])
        #expect(metadata["reason"] as? String == odd)
        let inner = try #require((metadata["list"] as? [Any])?.last as? [String: Any])
        #expect(inner["b\n"] as? String == odd)
    }

    @Test func `a line says in which trace and about which transaction it was written`() throws {
        var random = SystemRandomNumberGenerator()
        let trace = TraceContext.begun(using: &random)
        let transaction = TransactionIdentifier(high: 1, low: 2)
        var context = ServiceContext.topLevel
        context.trace = trace
        context.subject = TraceSubject(transaction)
        var logger = lines.logger(.info)
        logger[metadataKey: "party"] = "shop"
        ServiceContext.withValue(context) {
            logger.info("one")
            logger.info("two", metadata: ["transaction": "another"])
        }
        logger.info("three")
        let objects = try lines.objects()
        #expect(
            objects.map { $0["trace_id"] as? String } == [trace.traceText, trace.traceText, nil]
        )
        #expect(objects[0]["span_id"] as? String == trace.spanText)
        #expect(
            objects.map { $0["transaction"] as? String } == [transaction.text, "another", nil]
        )
        #expect(objects.allSatisfy { $0["party"] as? String == "shop" && $0["metadata"] == nil })
    }

    @Test func `what is below the level is not written`() {
        lines.logger(.notice).info("hidden")
        #expect(lines.text.isEmpty)
    }
}
