// SPDX-License-Identifier: Apache-2.0

import Gateway
import Kernel
import Wire

/// The gateway's end of the connection to the funding network, as one life of it sees it. It does
/// what an edge does with a socket: an answer goes to who waits for its exchange, and what nobody
/// waits for any more to the gateway as such.
struct NetworkLine: FundingNetworkLink {
    let link: FaultyLink
    let life: Life
    let pace: Pace?
    /// Takes what came too late.
    let receive: @Sendable ([UInt8]) async -> Void

    func request(
        _ message: [UInt8],
        _ exchange: ISOExchange
    ) async throws(LinkFailure) -> [UInt8] {
        if life.isOver { throw .broken }
        let answer = try await answer(message, exchange).get()
        if life.isOver { throw .broken }
        return answer
    }

    private func answer(
        _ message: [UInt8],
        _ exchange: ISOExchange
    ) async -> Result<[UInt8], LinkFailure> {
        guard let pace else { return await travel(message) }
        return await withCheckedContinuation { continuation in
            let caller = Caller(continuation)
            let alarm = pace.clock.setAlarm(after: GatewayLimits.answerTime) {
                caller.take(.failure(.timedOut))
            }
            pace.executor.start {
                let result = await travel(message)
                switch result {
                case .success(let bytes):
                    let isAnswer =
                        (try? ISODialect.ascii1987.decode(bytes)).flatMap { ISOExchange($0) }
                        == exchange
                    if isAnswer, caller.take(result) {
                        pace.clock.cancel(alarm)
                    } else if !life.isOver {
                        await receive(bytes)
                    }
                // Nobody tells who waits that nothing comes.
                case .failure(.timedOut): break
                case .failure:
                    pace.clock.cancel(alarm)
                    caller.take(result)
                }
            }
        }
    }

    private func travel(_ message: [UInt8]) async -> Result<[UInt8], LinkFailure> {
        do throws(LinkFailure) {
            return .success(try await link.request(message))
        } catch {
            return .failure(error)
        }
    }
}
