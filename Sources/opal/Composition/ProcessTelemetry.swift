// SPDX-License-Identifier: Apache-2.0

import Logging
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
        as caller: String,
        _ logger: Logger
    ) -> any Link {
        TracedLink(
            DirectLink(to: metered(service, as: party, logger), as: caller),
            to: party,
            of: caller,
            logger
        )
    }

    /// A party's service, counted, measured and traced.
    static func metered(
        _ service: any LinkService,
        as party: String,
        _ logger: Logger
    ) -> any LinkService {
        let metered = MeteredService(
            service,
            of: party,
            MessageWords(
                request: { MessageWord.type(of: $0) },
                answer: { MessageWord.outcome(of: $0) }
            ),
            factory: registry
        )
        return TracedService(metered, of: party, logger)
    }
}
