// SPDX-License-Identifier: Apache-2.0

import Instrumentation
package import Logging
import Traces

/// What a log line says beside its message, under names that are the same everywhere.
package enum LogKey {
    /// The party or role that the line is about.
    package static let party = "party"
    /// The names that OpenTelemetry has for them in logs.
    static let trace = "trace_id"
    static let span = "span_id"
    /// TRX.
    static let transaction = "transaction"
}

extension Logger.MetadataProvider {
    /// Trace, span and transaction of the work that the line is written in, where they are known.
    package static let work = Logger.MetadataProvider {
        guard let context = ServiceContext.current else { return [:] }
        var metadata: Logger.Metadata = [:]
        if let trace = context.trace {
            metadata[LogKey.trace] = "\(trace.traceText)"
            metadata[LogKey.span] = "\(trace.spanText)"
        }
        if let transaction = context.subject?.transaction {
            metadata[LogKey.transaction] = "\(transaction)"
        }
        return metadata
    }
}
