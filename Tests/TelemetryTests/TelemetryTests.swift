// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdTesting
import Metrics
import Records
import Telemetry
import Testing
import Wire

@Suite struct TelemetryTests {
    private let registry = MetricsRegistry()

    private var text: String { PrometheusText.text(registry) }

    @Test func `what is counted twice under one name is one series`() {
        for _ in 0..<2 {
            Counter(label: "opal.sales", dimensions: [("b", "2"), ("a", "1")], factory: registry)
                .increment(by: 3)
        }
        #expect(
            text == """
                # TYPE opal_sales_total counter
                opal_sales_total{a="1",b="2"} 6

                """
        )
    }

    @Test func `a duration is in each bucket from its bound on, in seconds`() {
        let timer = Timer(label: "opal_step_seconds", factory: registry)
        timer.recordMilliseconds(3)
        timer.recordSeconds(60)
        for line in [
            "opal_step_seconds_bucket{le=\"0.0025\"} 0", "opal_step_seconds_bucket{le=\"0.005\"} 1",
            "opal_step_seconds_bucket{le=\"10\"} 1", "opal_step_seconds_bucket{le=\"+Inf\"} 2",
            "opal_step_seconds_sum 60.003", "opal_step_seconds_count 2",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }

    @Test func `what stands in a label ends no line and no label`() {
        Counter(label: "opal_odd", dimensions: [("said", "\"a\\\nb")], factory: registry)
            .increment()
        #expect(text.contains(#"opal_odd_total{said="\"a\\\nb"} 1"#))
    }

    @Test func `one name is of one kind`() {
        Counter(label: "opal_total", factory: registry).increment()
        Timer(label: "opal_total", factory: registry).recordSeconds(1)
        #expect(text == "# TYPE opal_total counter\nopal_total 1\n")
    }

    @Test func `who makes names without an end takes no memory without an end`() {
        for number in 0..<MetricsRegistry.seriesMax + 5 {
            Counter(label: "opal_many", dimensions: [("n", "\(number)")], factory: registry)
                .increment()
        }
        let lines = text.split(separator: "\n").count
        #expect(lines == MetricsRegistry.seriesMax + 1)
    }

    @Test func `a store's commits are counted by how they end`() async throws {
        let store = MeteredStore(MemoryStore(), of: "shop", factory: registry)
        let key = RecordKey(RecordKind("order", keyBytes: 1...1), [1])
        let write = RecordWrite.put(key, expectedRevision: 0, body: [1])
        for expected in [CommitOutcome.committed, .conflict, .conflict] {
            #expect(try await store.commit(Transition(writes: [write])) == expected)
        }
        #expect(text.contains("opal_store_commits_total{outcome=\"committed\",party=\"shop\"} 1"))
        #expect(text.contains("opal_store_commits_total{outcome=\"conflict\",party=\"shop\"} 2"))
        #expect(text.contains("opal_store_commit_seconds_count{party=\"shop\"} 3"))
    }

    @Test func `a link's messages are counted by their words`() async throws {
        struct Echo: LinkService {
            func answer(_ request: [UInt8], from peer: String) async -> [UInt8] { request }
        }
        let words = MessageWords(request: { _ in "draw" }, answer: { $0 == [1] ? "done" : "busy" })
        let service = MeteredService(Echo(), of: "payment-server", words, factory: registry)
        #expect(await service.answer([1], from: "opal-server") == [1])
        _ = await service.answer([2], from: "opal-server")
        for outcome in ["done", "busy"] {
            let labels = "message=\"draw\",outcome=\"\(outcome)\",party=\"payment-server\""
            #expect(text.contains("opal_messages_total{\(labels)} 1"))
        }
    }

    @Test func `a process that cannot work lives, and is not ready`() async throws {
        let site = TelemetrySite(
            registry,
            checks: [.init("shop") { true }, .init("bank") { false }],
            gauges: { [PrometheusText.Gauge("opal_open", [("what", "sales")], 7)] }
        )
        try await Application(router: site.router()).test(.router) { client in
            try await client.execute(uri: "/health", method: .get) { #expect($0.status == .ok) }
            try await client.execute(uri: "/ready", method: .get) { answer in
                #expect(answer.status == .serviceUnavailable)
                #expect(String(buffer: answer.body) == "shop: ready\nbank: not ready\n")
            }
            try await client.execute(uri: "/metrics", method: .get) { answer in
                #expect(answer.headers[.contentType] == PrometheusText.mediaType)
                #expect(String(buffer: answer.body).contains("opal_open{what=\"sales\"} 7\n"))
            }
        }
    }
}
