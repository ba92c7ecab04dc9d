// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import LinkEdge
import NIOCore
import Wire

/// One accepted connection of a `NetworkServer`: has its messages answered, at most
/// ``NetworkSettings/tasksMax`` at once, and does with the answers what the network says.
final class NetworkServerHandler: ChannelDuplexHandler {
    typealias InboundIn = [UInt8]
    typealias OutboundIn = Never
    typealias OutboundOut = [UInt8]

    private let answer: @Sendable ([UInt8]) async -> NetworkReply
    private let tasksMax: Int
    private let report: LinkReporter

    private var context: ChannelHandlerContext?
    /// No message is read before.
    private var isAdmitted = false
    private var name: String?
    /// Messages whose answer has not left.
    private var tasks = 0
    /// What was read before reading stopped: at most what one pass of the socket brings.
    private var surplus = CircularBuffer<[UInt8]>()
    private var isReadHeldBack = false
    private var isDraining = false
    private var isClosing = false

    init(
        tasksMax: Int,
        report: @escaping LinkReporter,
        answer: @escaping @Sendable ([UInt8]) async -> NetworkReply
    ) {
        self.tasksMax = tasksMax
        self.report = report
        self.answer = answer
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let admitted as Admission.Admitted:
            isAdmitted = true
            name = admitted.name
        case is ChannelShouldQuiesceEvent:
            isDraining = true
            closeIfDrained()
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An admitted peer that goes away is nothing to tell of.
        if !isClosing, !isAdmitted || error is NetworkConnectionError {
            let address = context.remoteAddress?.description ?? "unknown address"
            report(name ?? address, error)
        }
        close(context: context, mode: .all, promise: nil)
    }

    func close(
        context: ChannelHandlerContext,
        mode: CloseMode,
        promise: EventLoopPromise<Void>?
    ) {
        isClosing = true
        surplus.removeAll()
        context.close(mode: mode, promise: promise)
        // The end of a TLS session has to be read.
        resumeReading()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        surplus.removeAll()
        context.fireChannelInactive()
    }

    // MARK: Messages

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let message = unwrapInboundIn(data)
        if !isAdmitted || isClosing { return }
        if tasks < tasksMax && surplus.isEmpty {
            start(message, context.eventLoop)
        } else {
            surplus.append(message)
        }
    }

    private func start(_ message: [UInt8], _ eventLoop: any EventLoop) {
        tasks += 1
        let answer = answer
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        Task {
            let reply = await answer(message)
            eventLoop.execute { bound.value.take(reply) }
        }
    }

    private func take(_ reply: NetworkReply) {
        switch reply.delivery {
        case .atOnce: finish(sending: reply.bytes)
        case .never: finish(sending: [])
        case .after(let time):
            guard let context, !isClosing else { return finish(sending: []) }
            let isolated = context.eventLoop.assumeIsolated()
            isolated.scheduleTask(in: time.timeAmount) { self.finish(sending: reply.bytes) }
        case .cut:
            tasks -= 1
            if let context, !isClosing { close(context: context, mode: .all, promise: nil) }
        }
    }

    /// Ends one task; empty bytes are not sent.
    private func finish(sending bytes: [UInt8]) {
        tasks -= 1
        guard let context, !isClosing else { return }
        if (1...ISOLimits.messageBytesMax).contains(bytes.count) {
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
        while tasks < tasksMax, let next = surplus.popFirst() { start(next, context.eventLoop) }
        resumeReading()
        closeIfDrained()
    }

    private func closeIfDrained() {
        guard isDraining, !isClosing, tasks == 0, surplus.isEmpty, let context else { return }
        close(context: context, mode: .all, promise: nil)
    }

    // MARK: Backpressure

    func read(context: ChannelHandlerContext) {
        if mayRead {
            context.read()
        } else {
            isReadHeldBack = true
        }
    }

    /// Also a peer that does not take its answers is not read from.
    private var mayRead: Bool {
        if isClosing { return true }
        let isFull = tasks >= tasksMax || !surplus.isEmpty
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
extension NetworkServerHandler: Sendable {}
