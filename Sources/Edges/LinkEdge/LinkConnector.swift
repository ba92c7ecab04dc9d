// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL
import Wire

/// The state of a `TLSLink`, on its event loop: makes the connection, matches responses to
/// requests, and keeps the time limits.
final class LinkConnector {
    private enum State {
        /// No connection, and none to be made before the time.
        case idle(notBefore: NIODeadline)
        /// Requests wait for the end of the pause.
        case pausing(Scheduled<Void>)
        case connecting(attempt: UInt64)
        case connected(LinkClientHandler, attempt: UInt64)
        case closed
    }

    private struct Pending {
        let call: LinkCall
        let deadline: NIODeadline
    }

    private let eventLoop: any EventLoop
    private let target: LinkTarget
    private let tls: NIOSSLContext
    private let inbox: LinkInbox
    private let settings: LinkSettings
    private let report: LinkReporter
    private var pause: ReconnectPause

    private var state = State.idle(notBefore: .uptimeNanoseconds(0))
    /// Requests that wait for a connection.
    private var unsent: [LinkCall] = []
    /// Requests that wait for a response.
    private var pending: [UInt64: Pending] = [:]
    /// Never used twice, also not on the next connection.
    private var lastID: UInt64 = 0
    private var lastAttempt: UInt64 = 0
    private var lastReceived = NIODeadline.uptimeNanoseconds(0)
    private var responseTimer: Scheduled<Void>?

    init(
        eventLoop: any EventLoop,
        target: LinkTarget,
        tls: NIOSSLContext,
        inbox: LinkInbox,
        settings: LinkSettings,
        jitter: any RandomNumberGenerator & Sendable,
        report: @escaping LinkReporter
    ) {
        self.eventLoop = eventLoop
        self.target = target
        self.tls = tls
        self.inbox = inbox
        self.settings = settings
        pause = ReconnectPause(settings.reconnectTime, jitter: jitter)
        self.report = report
    }

    // MARK: Requests

    /// Takes over what callers have put into the inbox.
    func handOver() {
        let calls = inbox.takeAll()
        switch state {
        case .connected(let handler, _):
            send(calls, through: handler)
        case .connecting, .pausing:
            unsent += calls
        case .idle(let notBefore):
            unsent += calls
            leaveIdle(notBefore: notBefore)
        case .closed:
            for call in calls { settle(call, .failure(.notSent)) }
        }
    }

    private func send(_ calls: [LinkCall], through handler: LinkClientHandler) {
        if calls.isEmpty { return }
        let deadline = NIODeadline.now() + settings.responseTime.timeAmount
        for call in calls {
            lastID += 1
            pending[lastID] = Pending(call: call, deadline: deadline)
            handler.write(Frame(id: lastID, trace: call.trace, message: call.request))
        }
        if responseTimer == nil { setResponseTimer(to: deadline) }
        handler.flush()
    }

    func received(_ frame: Frame) {
        // An unknown id is the late response to a request that timed out.
        guard let answered = pending.removeValue(forKey: frame.id) else { return }
        pause.noteFruit()
        settle(answered.call, .success(frame.message))
    }

    func receivedFrames() {
        lastReceived = .now()
    }

    private func settle(_ call: LinkCall, _ result: Result<[UInt8], LinkFailure>) {
        inbox.settle()
        call.continuation.resume(returning: result)
    }

    // MARK: Time limits of responses

    /// One timer for all: it is set for the oldest request, looks at all when it fires, and is set
    /// again for the oldest that is left.
    private func setResponseTimer(to deadline: NIODeadline) {
        responseTimer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.responseTimer = nil
            self.giveUpOverdue()
        }
    }

    private func giveUpOverdue() {
        let now = NIODeadline.now()
        let overdue = pending.filter { $0.value.deadline <= now }
        for id in overdue.keys { pending[id] = nil }
        let sent = overdue.values.map { $0.deadline - settings.responseTime.timeAmount }.min()
        if let sent, lastReceived < sent, case .connected(let handler, let attempt) = state {
            // The peer may be gone without a word: the next request finds out.
            lost(attempt: attempt, because: LinkConnectionError.peerSilent)
            handler.close()
        } else if let oldest = pending.values.map(\.deadline).min() {
            setResponseTimer(to: oldest)
        }
        for late in overdue.values { settle(late.call, .failure(.timedOut)) }
    }

    // MARK: The connection

    private func leaveIdle(notBefore: NIODeadline) {
        let now = NIODeadline.now()
        if notBefore <= now {
            connect()
        } else if notBefore - now > settings.connectTime.timeAmount {
            failUnsent()
        } else {
            let isolated = eventLoop.assumeIsolated()
            state = .pausing(isolated.scheduleTask(deadline: notBefore) { self.connect() })
        }
    }

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
        // Without a server name: the peer is known by the name in its certificate.
        let tlsHandler = try NIOSSLClientHandler(context: tls, serverHostname: nil)
        try channel.pipeline.syncOperations.addHandlers([
            tlsHandler,
            FrameCodec(messageBytesMax: settings.messageBytesMax),
            LinkClientHandler(
                connector: self,
                attempt: attempt,
                peer: target.peer,
                handshakeTime: settings.connectTime,
                tls: tlsHandler
            ),
        ])
    }

    /// The handshake is done and the peer is the one expected.
    func connected(_ handler: LinkClientHandler, attempt: UInt64) {
        guard case .connecting(attempt) = state else {
            handler.close()
            return
        }
        state = .connected(handler, attempt: attempt)
        send(exchange(&unsent, with: []), through: handler)
    }

    /// The connection broke or was not made. What was sent may have been seen by the peer.
    func lost(attempt: UInt64, because error: (any Error)?) {
        switch state {
        case .connecting(attempt), .connected(_, attempt: attempt): break
        case .idle, .pausing, .connecting, .connected, .closed: return
        }
        if let error { report(target.peer, error) }
        state = .idle(notBefore: .now() + pause.next())
        failPending()
        failUnsent()
    }

    private func failPending() {
        responseTimer?.cancel()
        responseTimer = nil
        for broken in exchange(&pending, with: [:]).values {
            settle(broken.call, .failure(.broken))
        }
    }

    private func failUnsent() {
        for call in exchange(&unsent, with: []) { settle(call, .failure(.notSent)) }
    }

    /// - Returns: done when the connection is closed.
    func close() -> EventLoopFuture<Void> {
        let before = exchange(&state, with: .closed)
        failPending()
        failUnsent()
        switch before {
        case .connected(let handler, _):
            if let closing = handler.close() { return closing }
        case .pausing(let timer):
            timer.cancel()
        case .idle, .connecting, .closed:
            break
        }
        return eventLoop.makeSucceededVoidFuture()
    }
}

@available(*, unavailable)
extension LinkConnector: Sendable {}
