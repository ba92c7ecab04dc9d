// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Synchronization
import Wire

@testable import Simulation

/// The connection between gateway and funding network, on which things go wrong: messages are lost,
/// doubled and delayed, at random or as a test says. It does what an edge does with a socket.
final class NetworkWire: FundingNetworkLink {
    enum Fault: Equatable, Sendable {
        case loseRequest
        case loseAnswer
        case doubleRequest
        case doubleAnswer
        case delayRequest(Duration)
        case delayAnswer(Duration)
        /// No connection: nothing leaves.
        case refuse(LinkFailure)
    }

    typealias Alteration = @Sendable (ISOMessage) -> [UInt8]

    private struct State {
        var gateway: FundingGateway?
        var network: SimulatedNetwork?
        var waiting: [ISOExchange: Caller] = [:]
        /// Of the next messages, one each.
        var faults: [Fault] = []
        /// One message in so many meets a fault of the seed's choice.
        var faultsOneIn: Int?
        /// Until then nothing that the network says arrives, and of two messages to it one.
        var silentUntil = Instant(milliseconds: 0)
        var requests: [[UInt8]] = []
        var alter: Alteration?
        var beforeRequest: (@Sendable ([UInt8]) async -> Void)?
    }

    private let clock: VirtualClock
    private let executor: SeededExecutor
    private let random: SeededRandom
    private let dialect: ISODialect
    private let state = Mutex(State())

    init(
        _ clock: VirtualClock,
        _ executor: SeededExecutor,
        _ random: SeededRandom,
        _ dialect: ISODialect
    ) {
        self.clock = clock
        self.executor = executor
        self.random = random
        self.dialect = dialect
    }

    func connect(gateway: FundingGateway) { state.withLock { $0.gateway = gateway } }
    func connect(network: SimulatedNetwork) { state.withLock { $0.network = network } }
    func willMeet(_ faults: Fault...) { state.withLock { $0.faults += faults } }
    func faults(oneIn count: Int?) { state.withLock { $0.faultsOneIn = count } }
    func beSilent(for time: Duration) {
        let end = clock.now.adding(time)
        state.withLock { $0.silentUntil = end }
    }
    /// From now on answers are replaced by what this makes of them.
    func alterAnswers(_ alter: Alteration?) { state.withLock { $0.alter = alter } }
    func beforeRequest(_ look: (@Sendable ([UInt8]) async -> Void)?) {
        state.withLock { $0.beforeRequest = look }
    }

    /// What has left the gateway, in the order in which it did.
    var sent: [ISOMessage] {
        state.withLock(\.requests).compactMap { try? dialect.decode($0) }
    }

    /// The same as bytes, of these types.
    func sent(_ types: ISOMessageType...) -> [ISOMessage] {
        sent.filter { types.contains($0.type) }
    }

    // MARK: The link

    func request(
        _ message: [UInt8],
        _ exchange: ISOExchange
    ) async throws(LinkFailure) -> [UInt8] {
        let look = state.withLock { state in
            state.requests.append(message)
            return state.beforeRequest
        }
        await look?(message)
        let fault = nextFault()
        if case .refuse(let failure) = fault { throw failure }
        let result: Result<[UInt8], LinkFailure> = await withCheckedContinuation { continuation in
            let caller = Caller(continuation)
            state.withLock { $0.waiting[exchange] = caller }
            clock.setAlarm(after: GatewayLimits.answerTime) {
                self.state.withLock { state in
                    if state.waiting[exchange] === caller { state.waiting[exchange] = nil }
                }
                caller.take(.failure(.timedOut))
            }
            executor.start { await self.travel(message, exchange, fault) }
        }
        return try result.get()
    }

    private func nextFault() -> Fault? {
        state.withLock { state in
            if !state.faults.isEmpty { return state.faults.removeFirst() }
            guard let count = state.faultsOneIn, random.isOne(in: count) else { return nil }
            switch random.below(7) {
            case 0: return .loseRequest
            case 1: return .loseAnswer
            case 2: return .doubleRequest
            case 3: return .doubleAnswer
            case 4: return .delayRequest(.seconds(random.below(60)))
            case 5: return .delayAnswer(.seconds(random.below(60)))
            default: return .refuse(random.isOne(in: 2) ? .notSent : .broken)
            }
        }
    }

    private var isSilent: Bool { clock.now < state.withLock(\.silentUntil) }

    private func way() async { await clock.sleep(for: .milliseconds(random.below(40))) }

    private func travel(_ message: [UInt8], _ exchange: ISOExchange, _ fault: Fault?) async {
        if case .delayRequest(let time) = fault { await clock.sleep(for: time) }
        await way()
        if fault == .loseRequest || (isSilent && random.isOne(in: 2)) { return }
        if fault == .doubleRequest {
            executor.start { await self.deliver(message, exchange, nil) }
        }
        await deliver(message, exchange, fault)
    }

    private func deliver(_ message: [UInt8], _ exchange: ISOExchange, _ fault: Fault?) async {
        guard let network = state.withLock(\.network) else { return }
        let reply = await network.answer(message)
        switch reply.delivery {
        case .never: return
        case .cut:
            take(exchange)?.take(.failure(.broken))
            return
        case .after(let time): await clock.sleep(for: time)
        case .atOnce: break
        }
        if case .delayAnswer(let time) = fault { await clock.sleep(for: time) }
        await way()
        if fault == .loseAnswer || isSilent { return }
        await arrive(reply.bytes, exchange)
        if fault == .doubleAnswer { await arrive(reply.bytes, exchange) }
    }

    /// As an edge does: whoever waits for this exchange gets it, else the gateway as such.
    private func arrive(_ bytes: [UInt8], _ asked: ISOExchange) async {
        var bytes = bytes
        if let alter = state.withLock(\.alter), let message = try? dialect.decode(bytes) {
            // The test lets the wrong answer through to see that the gateway is not deceived.
            bytes = alter(message)
            take(asked)?.take(.success(bytes))
            return
        }
        guard let message = try? dialect.decode(bytes), let exchange = ISOExchange(message) else {
            return
        }
        if let caller = take(exchange) {
            caller.take(.success(bytes))
        } else {
            _ = await state.withLock(\.gateway)?.receive(bytes)
        }
    }

    private func take(_ exchange: ISOExchange) -> Caller? {
        state.withLock { $0.waiting.removeValue(forKey: exchange) }
    }
}

/// Who waits for an answer: takes the first that comes.
private final class Caller: Sendable {
    private let waiting: Mutex<CheckedContinuation<Result<[UInt8], LinkFailure>, Never>?>

    init(_ caller: CheckedContinuation<Result<[UInt8], LinkFailure>, Never>) {
        waiting = Mutex(caller)
    }

    func take(_ answer: Result<[UInt8], LinkFailure>) {
        let caller = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        caller?.resume(returning: answer)
    }
}
