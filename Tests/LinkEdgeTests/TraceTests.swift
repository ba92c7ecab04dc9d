// SPDX-License-Identifier: Apache-2.0

import Instrumentation
import LinkEdge
import Testing
import Traces
import Wire

/// Traces over real sockets.
@Suite(.timeLimit(.minutes(5))) struct TraceTests {
    /// Answers with the trace that it finds itself in, and the request.
    private struct Told: LinkService {
        func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
            let trace = ServiceContext.current?.trace?.headerText ?? "none"
            return Array("\(trace):".utf8) + request
        }
    }

    private func ask(_ link: any Link, in trace: TraceContext?) async throws -> String {
        var context = ServiceContext.topLevel
        context.trace = trace
        let answer: Result<[UInt8], LinkFailure> = await ServiceContext.withValue(context) {
            do throws(LinkFailure) {
                return .success(try await link.request([0x78]))
            } catch {
                return .failure(error)
            }
        }
        return String(decoding: try answer.get(), as: UTF8.self)
    }

    @Test func `the service works in the trace of the request, whatever came before it`()
        async throws
    {
        let scheme = try TestScheme()
        let server = try scheme.server(service: Told())
        let link = try scheme.link(to: await server.start())
        var random = Seeded(state: 3)
        let (one, other) = (
            TraceContext.begun(using: &random), TraceContext.begun(using: &random)
        )
        #expect(try await ask(link, in: one) == one.headerText + ":x")
        #expect(try await ask(link, in: nil) == "none:x")
        #expect(try await ask(link, in: other) == other.headerText + ":x")
        await link.close()
        await server.shutdown()
    }

    @Test func `of many requests on one connection each keeps its trace`() async throws {
        let scheme = try TestScheme()
        let server = try scheme.server(service: Told())
        let link = try scheme.link(to: await server.start())
        let kept = await concurrently(300) { number in
            var random = Seeded(state: UInt64(number))
            let trace = TraceContext.begun(using: &random)
            return (try? await ask(link, in: trace)) == trace.headerText + ":x"
        }
        #expect(kept.count == 300)
        #expect(kept.allSatisfy { $0 })
        await link.close()
        await server.shutdown()
    }

    @Test func `a link in one process hands on the trace of its caller`() async throws {
        var random = Seeded(state: 4)
        let trace = TraceContext.begun(using: &random)
        let link = DirectLink(to: Told(), as: "opal")
        #expect(try await ask(link, in: trace) == trace.headerText + ":x")
    }
}
