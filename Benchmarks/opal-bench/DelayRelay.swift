// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// Passes connections on to another port of this machine, each byte later: the added delay of a
/// link between two places.
struct DelayRelay {
    private let channel: any Channel

    /// `oneWay`: by how much each direction is later.
    init(from port: Int, to target: Int, oneWay: TimeAmount) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { near in
                // Both ends on one loop, so that nothing is passed between threads.
                ClientBootstrap(group: near.eventLoop)
                    .channelOption(.socketOption(.tcp_nodelay), value: 1)
                    .connect(host: "127.0.0.1", port: target)
                    .flatMapThrowing { far in
                        try near.pipeline.syncOperations.addHandler(Later(far, oneWay))
                        try far.pipeline.syncOperations.addHandler(Later(near, oneWay))
                        _ = near.setOption(.autoRead, value: true)
                    }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    func close() async throws { try await channel.close() }
}

/// What is read at one end is written at the other, later.
private final class Later: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let delay: TimeAmount

    init(_ other: any Channel, _ delay: TimeAmount) {
        self.other = other
        self.delay = delay
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let (other, bytes) = (other, unwrapInboundIn(data))
        context.eventLoop.scheduleTask(in: delay) { other.writeAndFlush(bytes, promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        other.close(promise: nil)
    }
}
