// SPDX-License-Identifier: Apache-2.0

import Instrumentation
package import Logging
import Traces
package import Wire

/// A service that works inside the trace of who asks, or begins one, and writes a line for each
/// message: what was asked by whom, and how it was answered. Nothing of a message is in it but its
/// type, its transaction and the reason of a refusal.
package struct TracedService: LinkService {
    private let inner: any LinkService
    private let logger: Logger

    /// `party`: whose service it is.
    package init(_ inner: any LinkService, of party: String, _ logger: Logger) {
        self.inner = inner
        var logger = logger
        logger[metadataKey: LogKey.party] = "\(party)"
        self.logger = logger
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        var context = ServiceContext.current ?? .topLevel
        context.trace = context.trace?.child(using: &random) ?? .begun(using: &random)
        context.subject = TraceSubject(MessageWord.transaction(of: request))
        context.round = nil
        return await ServiceContext.withValue(context) {
            let began = ContinuousClock.now
            let answer = await inner.answer(request, from: peer)
            // Refusals are what an operator is asked about; the rest is for whoever looks closely.
            logger.log(
                level: MessageWord.isRefusal(answer) ? .info : .debug,
                "message",
                metadata: [
                    "message": "\(MessageWord.type(of: request))", "peer": "\(peer)",
                    "outcome": "\(MessageWord.outcome(of: answer))",
                    "milliseconds": "\(Milliseconds(since: began))",
                ]
            )
            return answer
        }
    }
}

/// The calling end of a link: begins a trace for what nobody has caused, and says which request
/// got no response.
package struct TracedLink: Link {
    /// What it goes through.
    package let inner: any Link
    private let peer: String
    private let logger: Logger

    /// - Parameters:
    ///   - inner: what it goes through.
    ///   - peer: who is at the other end.
    ///   - party: whose link it is.
    ///   - logger: where failures are written.
    package init(_ inner: any Link, to peer: String, of party: String, _ logger: Logger) {
        self.inner = inner
        self.peer = peer
        var logger = logger
        logger[metadataKey: LogKey.party] = "\(party)"
        self.logger = logger
    }

    package func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let transaction = MessageWord.transaction(of: request)
        var context = ServiceContext.current ?? .topLevel
        if let transaction { context.subject?.note(transaction) }
        if context.trace != nil { return try await send(request) }
        var random = SystemRandomNumberGenerator()
        context.trace =
            context.round?.trace(of: transaction, using: &random) ?? .begun(using: &random)
        context.subject = TraceSubject(transaction)
        context.round = nil
        // A task-local value and a typed error do not go together.
        let result: Result<[UInt8], LinkFailure> = await ServiceContext.withValue(context) {
            do throws(LinkFailure) {
                return .success(try await send(request))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func send(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        do throws(LinkFailure) {
            return try await inner.request(request)
        } catch {
            logger.info(
                "no response",
                metadata: [
                    "message": "\(MessageWord.type(of: request))", "peer": "\(peer)",
                    "reason": "\(error)",
                ]
            )
            throw error
        }
    }
}

/// Time that has passed, to the microsecond, as a decimal fraction of milliseconds.
struct Milliseconds: CustomStringConvertible {
    private let microseconds: Int64

    init(since began: ContinuousClock.Instant) {
        let (seconds, attoseconds) = began.duration(to: .now).components
        microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    var description: String {
        let fraction = String(microseconds % 1000)
        let zeros = String(repeating: "0", count: max(0, 3 - fraction.count))
        return "\(microseconds / 1000).\(zeros)\(fraction)"
    }
}
