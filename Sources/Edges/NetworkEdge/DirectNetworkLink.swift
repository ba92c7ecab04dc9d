// SPDX-License-Identifier: Apache-2.0

package import FundingNetwork
import Gateway
import Synchronization
package import Wire

/// The connection between gateway and funding network in one process: the same port without the
/// socket. An answer may come late or never, as the network says.
package final class DirectNetworkLink: FundingNetworkLink {
    private let network: SimulatedNetwork
    private let answerTime: Duration
    private let receive = Mutex<(@Sendable ([UInt8]) async -> Void)?>(nil)

    package init(to network: SimulatedNetwork, settings: NetworkSettings = .init()) {
        self.network = network
        answerTime = settings.answerTime
    }

    /// `receive`: takes what nobody waits for any more (``FundingGateway/receive(_:)``).
    package func start(receive: @escaping @Sendable ([UInt8]) async -> Void) {
        self.receive.withLock { $0 = receive }
    }

    package func request(
        _ message: [UInt8],
        _ exchange: ISOExchange
    ) async throws(LinkFailure) -> [UInt8] {
        if message.count > ISOLimits.messageBytesMax { throw .tooLarge }
        let reply = await network.answer(message)
        switch reply.delivery {
        case .atOnce: return reply.bytes
        case .cut: throw .broken
        case .never:
            await Self.pause(answerTime)
            throw .timedOut
        case .after(let time):
            await Self.pause(min(time, answerTime))
            if time <= answerTime { return reply.bytes }
            let receive = receive.withLock { $0 }
            Task {
                await Self.pause(time - answerTime)
                await receive?(reply.bytes)
            }
            throw .timedOut
        }
    }

    /// Also where the caller was cancelled: what the network did has to become known.
    private static func pause(_ time: Duration) async {
        await Task { try? await Task.sleep(for: time) }.value
    }
}
