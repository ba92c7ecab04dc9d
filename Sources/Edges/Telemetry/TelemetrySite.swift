// SPDX-License-Identifier: Apache-2.0

package import Hummingbird

/// What machines ask of a process: whether it lives, whether it can work, and its figures. It is
/// for the operator's network alone, has no password, and tells no secret.
package struct TelemetrySite: Sendable {
    /// Something without which the process cannot do its work.
    package struct Check: Sendable {
        package let name: String
        package let isReady: @Sendable () async -> Bool

        package init(_ name: String, isReady: @escaping @Sendable () async -> Bool) {
            self.name = name
            self.isReady = isReady
        }
    }

    private let registry: MetricsRegistry
    private let checks: [Check]
    private let gauges: @Sendable () async -> [PrometheusText.Gauge]

    package init(
        _ registry: MetricsRegistry,
        checks: [Check],
        gauges: @escaping @Sendable () async -> [PrometheusText.Gauge]
    ) {
        self.registry = registry
        self.checks = checks
        self.gauges = gauges
    }

    package func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.get("/health") { _, _ in Self.plain("alive\n") }
        router.get("/ready") { _, _ in await ready() }
        router.get("/metrics") { _, _ in
            Self.plain(PrometheusText.text(registry, await gauges()), PrometheusText.mediaType)
        }
        return router
    }

    private func ready() async -> Response {
        var lines: [String] = []
        var isReady = true
        for check in checks {
            let isGood = await check.isReady()
            isReady = isReady && isGood
            lines.append("\(check.name): \(isGood ? "ready" : "not ready")\n")
        }
        return Self.plain(lines.joined(), status: isReady ? .ok : .serviceUnavailable)
    }

    private static func plain(
        _ text: String,
        _ mediaType: String = "text/plain; charset=utf-8",
        status: HTTPResponse.Status = .ok
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: mediaType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
