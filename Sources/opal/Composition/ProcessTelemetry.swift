// SPDX-License-Identifier: Apache-2.0

import Metrics
import Telemetry
import Wire

/// The figures of this process, and what machines ask of it.
enum ProcessTelemetry {
    /// Where all of the process is counted; whoever asks first makes it that of swift-metrics.
    static let registry: MetricsRegistry = {
        let registry = MetricsRegistry()
        MetricsSystem.bootstrap(registry)
        return registry
    }()

    /// A link to a party in this process.
    static func link(
        to service: any LinkService,
        of party: String,
        as caller: String
    ) -> any Link {
        DirectLink(to: metered(service, as: party), as: caller)
    }

    /// A party's service, counted and measured.
    static func metered(_ service: any LinkService, as party: String) -> any LinkService {
        MeteredService(
            service,
            of: party,
            MessageWords(
                request: { MessageWord.type(of: $0) },
                answer: { MessageWord.outcome(of: $0) }
            ),
            factory: registry
        )
    }
}
