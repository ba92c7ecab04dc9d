// SPDX-License-Identifier: Apache-2.0

import LinkEdge
import NIOCore
import NIOSSL
import Wire

/// The state of a `NetworkConnector`, on its event loop: makes the connection, matches answers to
/// messages by their exchange, and keeps the time limits.
final class NetworkLine {
    /// Who is told of a new connection and of what nobody waits for.
    struct User: Sendable {
        let connected: @Sendable () async -> Void
        let receive: @Sendable ([UInt8]) async -> [UInt8]?
    }

    private enum State {
        /// Nobody has asked for a connection yet.
        case idle
        case pausing(Scheduled<Void>, until: NIODeadline)
        case connecting(attempt: UInt64)
        case connected(NetworkClientHandler, attempt: UInt64)
        case closed
    }

    private struct Pending {
        let call: NetworkCall
        let deadline: NIODeadline
    }

    private let eventLoop: any EventLoop
    private let target: LinkTarget
    private let tls: NIOSSLContext?
    private let dialect: ISODialect
    private let settings: NetworkSettings
    private let report: LinkReporter
    private var pause: ReconnectPause
    private var user: User?

    private var state = State.idle
    /// Messages that wait for a connection.
    private var unsent: [NetworkCall] = []
    /// Messages that wait for an answer.
    private var pending: [ISOExchange: Pending] = [:]
    private var lastAttempt: UInt64 = 0
    private var lastReceived = NIODeadline.uptimeNanoseconds(0)
    private var answerTimer: Scheduled<Void>?
    /// What nobody waited for and is worked on.
    private var unasked = 0

    init(
        eventLoop: any EventLoop,
        target: LinkTarget,
        tls: NIOSSLContext?,
        dialect: ISODialect,
        settings: NetworkSettings,
        jitter: any RandomNumberGenerator & Sendable,
        report: @escaping LinkReporter
    ) {
        self.eventLoop = eventLoop
        self.target = target
        self.tls = tls
        self.dialect = dialect
        self.settings = settings
        pause = ReconnectPause(settings.reconnectTime, jitter: jitter)
        self.report = report
    }

    func start(_ user: User) {
        self.user = user
        switch state {
        case .idle: connect()
        case .connected: tellConnected()
        case .pausing, .connecting, .closed: break
        }
    }

    // MARK: Messages

    func take(_ call: NetworkCall) {
        let isUnderWay =
            pending[call.exchange] != nil || unsent.contains { $0.exchange == call.exchange }
        // Nothing in an answer could tell two with the same exchange apart.
        if isUnderWay || pending.count + unsent.count >= settings.inFlightMax {
            call.end(.failure(.busy))
            return
        }
        switch state {
        case .connected(let handler, _): send(call, through: handler)
        case .connecting: unsent.append(call)
        case .pausing(_, let until):
            if until - .now() > settings.connectTime.timeAmount {
                call.end(.failure(.notSent))
            } else {
                unsent.append(call)
            }
        case .idle:
            unsent.append(call)
            connect()
        case .closed: call.end(.failure(.notSent))
        }
    }

    private func send(_ call: NetworkCall, through handler: NetworkClientHandler) {
        let deadline = NIODeadline.now() + settings.answerTime.timeAmount
        pending[call.exchange] = Pending(call: call, deadline: deadline)
        handler.write(call.message)
        if answerTimer == nil { setAnswerTimer(to: deadline) }
    }

    func received(_ bytes: [UInt8], attempt: UInt64) {
        guard case .connected(_, attempt) = state else { return }
        lastReceived = .now()
        guard let message = try? dialect.decode(bytes) else {
            report(target.peer, NetworkConnectionError.unreadableMessage)
            return
        }
        pause.noteFruit()
        // A question of the network may have the STAN of one of ours.
        if !message.type.isQuestion, let exchange = ISOExchange(message),
            let answered = pending.removeValue(forKey: exchange)
        {
            answered.call.end(.success(bytes))
        } else {
            hand(bytes, attempt)
        }
    }

    /// Gives what nobody waits for to the user, and sends back what it says.
    private func hand(_ bytes: [UInt8], _ attempt: UInt64) {
        guard let user else { return }
        guard unasked < settings.unaskedMax else {
            report(target.peer, NetworkConnectionError.tooMuchUnasked)
            return
        }
        unasked += 1
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let eventLoop = eventLoop
        Task {
            let answer = await user.receive(bytes)
            eventLoop.execute { bound.value.handled(answer, attempt) }
        }
    }

    private func handled(_ answer: [UInt8]?, _ attempt: UInt64) {
        unasked -= 1
        guard let answer, (1...ISOLimits.messageBytesMax).contains(answer.count),
            // The network on another connection has not asked.
            case .connected(let handler, attempt) = state
        else { return }
        handler.write(answer)
    }

    // MARK: Time limits of answers

    /// One timer for all: it is set for the oldest message, looks at all when it fires, and is set
    /// again for the oldest that is left.
    private func setAnswerTimer(to deadline: NIODeadline) {
        answerTimer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.answerTimer = nil
            self.giveUpOverdue()
        }
    }

    private func giveUpOverdue() {
        let now = NIODeadline.now()
        let overdue = pending.filter { $0.value.deadline <= now }
        for exchange in overdue.keys { pending[exchange] = nil }
        for late in overdue.values { late.call.end(.failure(.timedOut)) }
        if !overdue.isEmpty, now - lastReceived >= settings.silentTime.timeAmount,
            case .connected(let handler, let attempt) = state
        {
            // The network may be gone without a word.
            lost(attempt: attempt, because: NetworkConnectionError.peerSilent)
            handler.close()
        } else if let oldest = pending.values.map(\.deadline).min() {
            setAnswerTimer(to: oldest)
        }
    }
}

// The connection.
extension NetworkLine {
    private func connect() {
        lastAttempt += 1
        pause.noteAttempt()
        let attempt = lastAttempt
        state = .connecting(attempt: attempt)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        target.dial(
            on: eventLoop,
            within: settings.connectTime.timeAmount,
            build: { try bound.value.build($0, attempt: attempt) },
            ended: { self.lost(attempt: attempt, because: $0) }
        )
    }

    private func build(_ channel: any Channel, attempt: UInt64) throws {
        let pipeline = channel.pipeline.syncOperations
        // Without a server name: the peer is known by the name in its certificate.
        let tlsHandler = try tls.map { try NIOSSLClientHandler(context: $0, serverHostname: nil) }
        if let tlsHandler { try pipeline.addHandler(tlsHandler) }
        let peer = target.peer.lowercased()
        try pipeline.addHandler(
            Admission(tls: tlsHandler, within: settings.connectTime) { $0 == peer }
        )
        try pipeline.addHandler(NetworkFrameCodec())
        try pipeline.addHandler(NetworkClientHandler(line: self, attempt: attempt))
    }

    /// There is a connection, and the peer is the one expected.
    func connected(_ handler: NetworkClientHandler, attempt: UInt64) {
        guard case .connecting(attempt) = state else {
            handler.close()
            return
        }
        state = .connected(handler, attempt: attempt)
        lastReceived = .now()
        tellConnected()
        for call in exchange(&unsent, with: []) { send(call, through: handler) }
    }

    private func tellConnected() {
        guard let user else { return }
        Task { await user.connected() }
    }

    /// The connection broke or was not made. What was sent may have been seen by the network.
    func lost(attempt: UInt64, because error: (any Error)?) {
        switch state {
        case .connecting(attempt), .connected(_, attempt: attempt): break
        case .idle, .pausing, .connecting, .connected, .closed: return
        }
        if let error { report(target.peer, error) }
        let until = NIODeadline.now() + pause.next()
        let isolated = eventLoop.assumeIsolated()
        state = .pausing(isolated.scheduleTask(deadline: until) { self.connect() }, until: until)
        failPending()
        failUnsent()
    }

    private func failPending() {
        answerTimer?.cancel()
        answerTimer = nil
        for broken in exchange(&pending, with: [:]).values { broken.call.end(.failure(.broken)) }
    }

    private func failUnsent() {
        for call in exchange(&unsent, with: []) { call.end(.failure(.notSent)) }
    }

    /// - Returns: done when the connection is closed.
    func close() -> EventLoopFuture<Void> {
        let before = exchange(&state, with: .closed)
        failPending()
        failUnsent()
        user = nil
        switch before {
        case .connected(let handler, _):
            if let closing = handler.close() { return closing }
        case .pausing(let timer, _): timer.cancel()
        case .idle, .connecting, .closed: break
        }
        return eventLoop.makeSucceededVoidFuture()
    }
}

@available(*, unavailable)
extension NetworkLine: Sendable {}
