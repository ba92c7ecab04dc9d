// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import Wire

/// A link on which things go wrong.
package final class FaultyLink: Link {
    package typealias Alteration = @Sendable ([UInt8]) async -> [UInt8]

    package enum Fault: Sendable {
        /// No connection: the peer does not see the request.
        case refuse(LinkFailure)
        /// The request is lost; the caller waits in vain.
        case dropRequest
        /// The peer has answered; its response is lost.
        case dropResponse
        /// The peer gets the request twice at the same time; the caller gets one of the responses.
        case duplicate
        /// The caller waits in vain; the peer gets the request after the next one.
        case late
        /// One bit of the request is another one: that with this number, modulo the length.
        case alterRequestBit(UInt64)
        case alterResponseBit(UInt64)
        case alterRequest(Alteration)
        case alterResponse(Alteration)
    }

    /// One request as it was sent by the caller, with the response that the caller got.
    package struct Exchange: Sendable {
        package let request: [UInt8]
        package let response: Result<[UInt8], LinkFailure>
    }

    private struct State {
        var late: [[UInt8]] = []
        var exchanges: [Exchange] = []
    }

    private let inner: any Link
    package let plan = FaultPlan<Fault>()
    private let state = Mutex(State())

    package init(_ inner: any Link) {
        self.inner = inner
    }

    /// All that went over this link, in the order of the responses.
    package var exchanges: [Exchange] { state.withLock(\.exchanges) }

    package func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let response: Result<[UInt8], LinkFailure>
        do throws(LinkFailure) {
            response = .success(try await send(request, plan.next()))
        } catch {
            response = .failure(error)
        }
        state.withLock { $0.exchanges.append(Exchange(request: request, response: response)) }
        return try response.get()
    }

    /// Delivers the requests that are late.
    package func deliverLate() async {
        let late = state.withLock { state in
            defer { state.late = [] }
            return state.late
        }
        for request in late { _ = try? await inner.request(request) }
    }

    private func send(_ request: [UInt8], _ fault: Fault?) async throws(LinkFailure) -> [UInt8] {
        switch fault {
        case .refuse(let failure): throw failure
        case .dropRequest: throw .timedOut
        case .dropResponse:
            _ = try await inner.request(request)
            throw .timedOut
        case .late:
            state.withLock { $0.late.append(request) }
            throw .timedOut
        case .duplicate: return try await twice(request)
        case .alterRequestBit(let bit):
            return try await inner.request(Self.flip(request, bit))
        case .alterResponseBit(let bit):
            return Self.flip(try await inner.request(request), bit)
        case .alterRequest(let alter): return try await inner.request(await alter(request))
        case .alterResponse(let alter): return await alter(try await inner.request(request))
        case nil:
            let response = try await inner.request(request)
            await deliverLate()
            return response
        }
    }

    private func twice(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let inner = inner
        let responses = await withTaskGroup(of: Result<[UInt8], LinkFailure>.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do throws(LinkFailure) {
                        return .success(try await inner.request(request))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return try responses[0].get()
    }

    private static func flip(_ bytes: [UInt8], _ bit: UInt64) -> [UInt8] {
        guard !bytes.isEmpty else { return bytes }
        var bytes = bytes
        let position = Int(bit % UInt64(bytes.count * 8))
        bytes[position / 8] ^= 1 << UInt8(position % 8)
        return bytes
    }
}
