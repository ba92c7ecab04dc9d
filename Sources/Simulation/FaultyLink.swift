// SPDX-License-Identifier: Apache-2.0

import Kernel
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
        /// Request and response take so long more. Where that is longer than the caller waits, the
        /// peer gets the request all the same, and nobody its response.
        case delay(request: Duration, response: Duration)
        /// The peer gets the request once more, so long after the first time.
        case again(after: Duration)
        /// One bit of the request is another one: that with this number, modulo the length.
        case alterRequestBit(UInt64)
        case alterResponseBit(UInt64)
        /// Only so many bytes of the request come, modulo its length.
        case cutRequest(UInt64)
        case cutResponse(UInt64)
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
        /// No message gets through before.
        var cutUntil = Instant(milliseconds: 0)
        var pace: Pace?
        /// How long a caller waits.
        var patience = LinkLimits.responseTime
        /// Messages under way, also those that no caller waits for any more.
        var underWay = 0
        var notice: @Sendable (Fault, [UInt8]) -> Void = { _, _ in }
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
        let fault = plan.next()
        let (pace, notice) = state.withLock { ($0.pace, $0.notice) }
        if let fault { notice(fault, request) }
        let response: Result<[UInt8], LinkFailure>
        if let pace {
            response = await awaiting(request, fault, pace)
        } else {
            response = await result { () async throws(LinkFailure) in
                try await send(request, fault)
            }
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

    // MARK: Messages that take time

    /// From now on messages take time, and overtake each other.
    ///
    /// - Parameters:
    ///   - pace: how long they take.
    ///   - patience: how long a caller waits.
    ///   - notice: told of each request that meets a fault.
    func run(
        at pace: Pace,
        patience: Duration = LinkLimits.responseTime,
        _ notice: @escaping @Sendable (Fault, [UInt8]) -> Void
    ) {
        state.withLock {
            $0.pace = pace
            $0.patience = patience
            $0.notice = notice
        }
    }

    /// No message gets through until a moment.
    func cut(until moment: Instant) {
        state.withLock { $0.cutUntil = moment }
    }

    /// No more faults.
    func heal() {
        plan.clear()
        cut(until: Instant(milliseconds: 0))
    }

    /// Whether no message is under way.
    var isIdle: Bool { state.withLock { $0.underWay == 0 } }

    private func isCut(_ pace: Pace) -> Bool {
        pace.clock.now < state.withLock(\.cutUntil)
    }

    /// The response, or nothing once the caller has waited long enough. The request goes its way
    /// without the caller.
    private func awaiting(
        _ request: [UInt8],
        _ fault: Fault?,
        _ pace: Pace
    ) async -> Result<[UInt8], LinkFailure> {
        let patience = state.withLock(\.patience)
        return await withCheckedContinuation { caller in
            let caller = Caller(caller)
            let alarm = pace.clock.setAlarm(after: patience) {
                caller.take(.failure(.timedOut))
            }
            pace.executor.start {
                guard let response = await self.travel(request, fault, pace) else { return }
                pace.clock.cancel(alarm)
                caller.take(response)
            }
        }
    }

    /// - Returns: nil where the caller waits in vain.
    private func travel(
        _ request: [UInt8],
        _ fault: Fault?,
        _ pace: Pace
    ) async -> Result<[UInt8], LinkFailure>? {
        state.withLock { $0.underWay += 1 }
        defer { state.withLock { $0.underWay -= 1 } }
        var back = Duration.zero
        switch fault {
        case .delay(let way, let wayBack):
            await pace.clock.sleep(for: way)
            back = wayBack
        case .again(let time):
            state.withLock { $0.underWay += 1 }
            pace.executor.start {
                defer { self.state.withLock { $0.underWay -= 1 } }
                await pace.clock.sleep(for: time)
                _ = await self.travel(request, nil, pace)
            }
        case .late: await pace.clock.sleep(for: LinkLimits.responseTime + pace.seconds(below: 60))
        default: break
        }
        // Whether the caller learns that no connection was made is a matter of luck.
        if isCut(pace) { return pace.isOne(in: 2) ? .failure(.notSent) : nil }
        await pace.way()
        let response = await result { () async throws(LinkFailure) in
            switch fault {
            case .delay, .again, .late: try await inner.request(request)
            default: try await send(request, fault)
            }
        }
        await pace.clock.sleep(for: back)
        await pace.way()
        if isCut(pace) { return pace.isOne(in: 2) ? .failure(.broken) : nil }
        if case .failure(.timedOut) = response { return nil }
        return response
    }

    private func result(
        _ call: () async throws(LinkFailure) -> [UInt8]
    ) async -> Result<[UInt8], LinkFailure> {
        do throws(LinkFailure) {
            return .success(try await call())
        } catch {
            return .failure(error)
        }
    }

    // MARK: Faults

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
        case .delay, .again: preconditionFailure("Such a fault needs a pace.")
        case .alterRequestBit(let bit):
            return try await inner.request(Self.flip(request, bit))
        case .alterResponseBit(let bit):
            return Self.flip(try await inner.request(request), bit)
        case .cutRequest(let length):
            return try await inner.request(Self.cut(request, length))
        case .cutResponse(let length):
            return Self.cut(try await inner.request(request), length)
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

    private static func cut(_ bytes: [UInt8], _ length: UInt64) -> [UInt8] {
        bytes.isEmpty ? bytes : Array(bytes.prefix(Int(length % UInt64(bytes.count))))
    }

    private static func flip(_ bytes: [UInt8], _ bit: UInt64) -> [UInt8] {
        guard !bytes.isEmpty else { return bytes }
        var bytes = bytes
        let position = Int(bit % UInt64(bytes.count * 8))
        bytes[position / 8] ^= 1 << UInt8(position % 8)
        return bytes
    }
}

/// Who waits for a response: takes the first that comes.
final class Caller: Sendable {
    private let waiting: Mutex<CheckedContinuation<Result<[UInt8], LinkFailure>, Never>?>

    init(_ caller: CheckedContinuation<Result<[UInt8], LinkFailure>, Never>) {
        waiting = Mutex(caller)
    }

    /// - Returns: false where one was taken before.
    @discardableResult
    func take(_ response: Result<[UInt8], LinkFailure>) -> Bool {
        let caller = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        caller?.resume(returning: response)
        return caller != nil
    }
}
