// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Instrumentation
import Kernel
import Logging
import Telemetry
import Testing
import Traces

@Suite struct TracedResponderTests {
    private static let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private let lines = LogLines()

    /// A site with a page of an order, one that fails, and one that says in which trace it works.
    private func site() throws -> some ApplicationProtocol {
        let router = Router(context: BasicRequestContext.self)
        router.get("/orders/:transaction") { _, _ in
            TraceSubject.note(TransactionIdentifier(high: 1, low: 2))
            return "an order"
        }
        router.get("/trace") { _, _ in ServiceContext.current?.trace?.headerText ?? "none" }
        router.get("/broken") { _, _ -> String in throw HTTPError(.serviceUnavailable) }
        return Application(
            responder: TracedResponder(router.buildResponder()),
            logger: lines.logger(.info)
        )
    }

    private func get(_ uri: String, _ traceparent: String...) async throws -> TestResponse {
        let name = try #require(HTTPField.Name("traceparent"))
        var headers = HTTPFields()
        headers[values: name] = traceparent
        return try await site().test(.router) { [headers] client in
            try await client.execute(uri: uri, method: .get, headers: headers)
        }
    }

    private func trace(of answer: TestResponse) throws -> TraceContext {
        let name = try #require(HTTPField.Name("traceparent"))
        return try #require(TraceContext(headers: answer.headers[values: name]))
    }

    @Test func `a page works in the trace of the request and says so`() async throws {
        let answer = try await get("/trace", Self.header)
        let trace = try trace(of: answer)
        #expect(trace.traceText == Self.trace && trace.spanText != "00f067aa0ba902b7")
        #expect(String(buffer: answer.body) == trace.headerText)
    }

    @Test func `without a header that can be used a page begins a trace`() async throws {
        let malformed = Self.header.uppercased()
        for headers in [[], [malformed], [Self.header, Self.header]] {
            let name = try #require(HTTPField.Name("traceparent"))
            var fields = HTTPFields()
            fields[values: name] = headers
            let answer = try await site().test(.router) { [fields] client in
                try await client.execute(uri: "/trace", method: .get, headers: fields)
            }
            #expect(try trace(of: answer).traceText != Self.trace)
        }
    }

    @Test func `a line names the route and neither path nor query`() async throws {
        _ = try await get("/orders/0199?key=receipt-key", Self.header)
        #expect(!lines.text.contains("0199") && !lines.text.contains("receipt-key"))
        let line = try #require(try lines.objects().first)
        #expect(line["message"] as? String == "request" && line["level"] as? String == "info")
        #expect(line["trace_id"] as? String == Self.trace)
        #expect(
            line["transaction"] as? String == TransactionIdentifier(high: 1, low: 2).text
        )
        let metadata = try #require(line["metadata"] as? [String: String])
        #expect(metadata["method"] == "GET" && metadata["status"] == "200")
        #expect(metadata["route"] == "/orders/{transaction}")
        #expect(metadata["milliseconds"].flatMap(Double.init) != nil)
    }

    @Test func `a page that is not there has no route, and one that fails is a warning`()
        async throws
    {
        _ = try await get("/secret-path")
        _ = try await get("/broken")
        let objects = try lines.objects()
        let metadata = objects.compactMap { $0["metadata"] as? [String: String] }
        #expect(metadata.map { $0["route"] } == ["NotFound", "/broken"])
        #expect(metadata.map { $0["status"] } == ["404", "503"])
        #expect(objects.map { $0["level"] as? String } == ["info", "warning"])
        #expect(!lines.text.contains("secret-path"))
    }
}
