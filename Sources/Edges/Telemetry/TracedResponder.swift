// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
package import Hummingbird
import Instrumentation
package import Logging
import Traces

/// A site whose requests are each a piece of work in the trace of who asks, or in a new one, and
/// which writes a line for each: method, pattern of the route, status and time. Neither the path
/// itself nor the query nor a form is in it: they hold keys of receipts and of sessions.
package struct TracedResponder<Inner: HTTPResponder>: HTTPResponder
where Inner.Context: RequestContext {
    package typealias Context = Inner.Context

    private let inner: Inner
    private let level: Logger.Level

    /// - Parameters:
    ///   - inner: the site. Its logger names the party.
    ///   - level: of the line for what did not fail.
    package init(_ inner: Inner, level: Logger.Level = .info) {
        self.inner = inner
        self.level = level
    }

    package func respond(to request: Request, context: Context) async throws -> Response {
        var random = SystemRandomNumberGenerator()
        let parent = TraceContext(headers: request.headers[values: .traceparent])
        let trace = parent?.child(using: &random) ?? .begun(using: &random)
        var work = ServiceContext.current ?? .topLevel
        work.trace = trace
        work.subject = TraceSubject()
        return try await ServiceContext.withValue(work) {
            let began = ContinuousClock.now
            do {
                var response = try await inner.respond(to: request, context: context)
                response.headers[.traceparent] = trace.headerText
                say(request, context, response.status, began)
                return response
            } catch {
                let known = (error as? any HTTPResponseError)?.status
                say(request, context, known ?? .internalServerError, began)
                throw error
            }
        }
    }

    private func say(
        _ request: Request,
        _ context: Context,
        _ status: HTTPResponse.Status,
        _ began: ContinuousClock.Instant
    ) {
        context.logger.log(
            level: status.kind == .serverError ? .warning : level,
            "request",
            metadata: [
                "method": "\(request.method.rawValue)",
                "route": "\(context.endpointPath ?? "none")",
                "status": "\(status.code)", "milliseconds": "\(Milliseconds(since: began))",
            ]
        )
    }
}

extension HTTPField.Name {
    /// Of W3C Trace Context.
    static let traceparent: HTTPField.Name = {
        guard let name = HTTPField.Name(TraceContext.header) else {
            preconditionFailure("letters are the name of a header")
        }
        return name
    }()
}
