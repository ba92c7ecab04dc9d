// SPDX-License-Identifier: Apache-2.0

import Instrumentation
import NIOCore
import NIOSSL
import NIOTLS
import Synchronization
import Traces
import Wire

/// One accepted connection: asks who the peer is, hands its requests to the service, at most
/// ``LinkSettings/tasksMax`` at once, and writes the responses as they come.
final class LinkServerHandler: ChannelDuplexHandler {
    typealias InboundIn = Frame
    typealias OutboundIn = Never
    typealias OutboundOut = Frame

    private let service: any LinkService
    private let settings: LinkSettings
    private let allowedPeers: Set<String>?
    private let tls: NIOSSLHandler
    private let report: LinkReporter

    private var context: ChannelHandlerContext?
    private var outbox: ResponseOutbox?
    /// Nil until the handshake is done and the peer is allowed; no request is read before.
    private var peer: String?
    /// From a certificate of the scheme, allowed or not.
    private var verifiedName: String?
    private var handshakeTimer: Scheduled<Void>?
    private var tasks = 0
    /// What was read before reading stopped: at most what one pass of the socket brings.
    private var surplus = CircularBuffer<Frame>()
    private var isReadHeldBack = false
    private var isDraining = false
    private var isClosing = false

    init(
        service: any LinkService,
        settings: LinkSettings,
        allowedPeers: Set<String>?,
        tls: NIOSSLHandler,
        report: @escaping LinkReporter
    ) {
        self.service = service
        self.settings = settings
        self.allowedPeers = allowedPeers
        self.tls = tls
        self.report = report
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        outbox = ResponseOutbox(of: self, on: context.eventLoop)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        handshakeTimer = context.eventLoop.scheduleTask(in: settings.connectTime.timeAmount) {
            bound.value.refuse(.handshakeTooSlow)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        handshakeTimer = nil
        self.context = nil
        outbox = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            admit()
        case is ChannelShouldQuiesceEvent:
            isDraining = true
            closeIfDrained()
        default:
            break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func admit() {
        handshakeTimer?.cancel()
        handshakeTimer = nil
        verifiedName = tls.peerCertificate?.linkName
        if let verifiedName, allowedPeers?.contains(verifiedName) ?? true {
            peer = verifiedName
        } else {
            refuse(.peerNotAllowed)
        }
    }

    private func refuse(_ error: LinkConnectionError) {
        guard let context else { return }
        tell(error)
        close(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An admitted peer that goes away is nothing to tell of.
        if peer == nil || error is LinkConnectionError { tell(error) }
        close(context)
    }

    private func tell(_ error: any Error) {
        if isClosing { return }
        let address = context?.remoteAddress?.description ?? "unknown address"
        report(verifiedName ?? address, error)
    }

    private func close(_ context: ChannelHandlerContext) {
        close(context: context, mode: .all, promise: nil)
    }

    /// What is under way finishes in its tasks; its responses have nowhere to go.
    func close(
        context: ChannelHandlerContext,
        mode: CloseMode,
        promise: EventLoopPromise<Void>?
    ) {
        isClosing = true
        surplus.removeAll()
        context.close(mode: mode, promise: promise)
        // The end of the TLS session has to be read.
        resumeReading()
    }

    func channelInactive(context: ChannelHandlerContext) {
        surplus.removeAll()
        context.fireChannelInactive()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if peer == nil || isClosing { return }
        if tasks < settings.tasksMax && surplus.isEmpty {
            start(frame)
        } else {
            surplus.append(frame)
        }
    }

    private func start(_ frame: Frame) {
        guard let peer, let outbox else { return }
        tasks += 1
        let service = service
        Task {
            var context = ServiceContext.topLevel
            context.trace = frame.trace
            let answer = await ServiceContext.withValue(context) {
                await service.answer(frame.message, from: peer)
            }
            outbox.put(Frame(id: frame.id, message: answer))
        }
    }

    /// Called on the event loop with all responses that became ready since the last time.
    fileprivate func send(_ responses: [Frame]) {
        tasks -= responses.count
        guard let context else { return }
        for response in responses where response.message.count <= settings.messageBytesMax {
            context.write(wrapOutboundOut(response), promise: nil)
        }
        context.flush()
        while tasks < settings.tasksMax, let next = surplus.popFirst() {
            start(next)
        }
        resumeReading()
        closeIfDrained()
    }

    private func closeIfDrained() {
        guard isDraining, !isClosing, tasks == 0, surplus.isEmpty, let context else { return }
        close(context)
    }

    // MARK: Backpressure

    func read(context: ChannelHandlerContext) {
        if mayRead {
            context.read()
        } else {
            isReadHeldBack = true
        }
    }

    /// Also a peer that does not take its responses is not read from.
    private var mayRead: Bool {
        if isClosing { return true }
        let isFull = tasks >= settings.tasksMax || !surplus.isEmpty
        return !isDraining && !isFull && (context?.channel.isWritable ?? false)
    }

    private func resumeReading() {
        guard isReadHeldBack, mayRead, let context else { return }
        isReadHeldBack = false
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading()
        context.fireChannelWritabilityChanged()
    }
}

@available(*, unavailable)
extension LinkServerHandler: Sendable {}

/// Carries responses from tasks to the event loop: one wake-up and one flush for all that are
/// ready.
private final class ResponseOutbox: Sendable {
    private let ready = Mutex<[Frame]>([])
    private let handler: NIOLoopBound<LinkServerHandler>
    private let eventLoop: any EventLoop

    init(of handler: LinkServerHandler, on eventLoop: any EventLoop) {
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        self.eventLoop = eventLoop
    }

    func put(_ response: Frame) {
        let isFirst = ready.withLock { ready in
            ready.append(response)
            return ready.count == 1
        }
        if !isFirst { return }
        eventLoop.execute { [self] in
            handler.value.send(ready.withLock { exchange(&$0, with: []) })
        }
    }
}
