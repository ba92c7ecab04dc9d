// SPDX-License-Identifier: Apache-2.0

import SecurityModule
import Simulation
import Synchronization
import TerminalHost
import Wire

/// Who sits between the payment server and a terminal on another host: notes what goes by, and
/// plays with it.
final class Tap: LinkService {
    /// What is asked, by its type.
    enum Kind: Sendable { case draw, complete, giveUp, count, status, close }

    struct Exchange: Sendable {
        let kind: Kind
        let request: [UInt8]
        /// As the terminal gave it.
        let answer: [UInt8]
    }

    typealias Play = @Sendable (_ exchange: Exchange) async -> [UInt8]
    typealias Watch = @Sendable (_ request: [UInt8]) async -> Void

    /// What is done with the next message of a kind.
    private struct Attack: Sendable {
        let kind: Kind
        var watch: Watch = { _ in }
        var play: Play = { $0.answer }
    }

    private struct State {
        var exchanges: [Exchange] = []
        var next: Attack?
        var playedCount = 0
    }

    let host: RemoteHost
    private let state = Mutex(State())

    init(_ host: RemoteHost) {
        self.host = host
        host.start(behind: self)
    }

    /// All that went by.
    var exchanges: [Exchange] { state.withLock(\.exchanges) }

    /// How often somebody played with a message.
    var playedCount: Int { state.withLock(\.playedCount) }

    /// The next answer of a kind is what `play` makes of it.
    func playNext(_ kind: Kind, _ play: @escaping Play) {
        state.withLock { $0.next = Attack(kind: kind, play: play) }
    }

    /// Calls `watch` with the next request of a kind, before it goes on as it is.
    func watchNext(_ kind: Kind, _ watch: @escaping Watch) {
        state.withLock { $0.next = Attack(kind: kind, watch: watch) }
    }

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard let kind = await kind(of: request) else {
            return await host.module.answer(request, from: peer)
        }
        let attack = take(kind)
        await attack?.watch(request)
        let answer = await host.module.answer(request, from: peer)
        let exchange = Exchange(kind: kind, request: request, answer: answer)
        state.withLock { $0.exchanges.append(exchange) }
        return await attack?.play(exchange) ?? answer
    }

    private func take(_ kind: Kind) -> Attack? {
        state.withLock { state in
            guard let next = state.next, next.kind == kind else { return nil }
            state.next = nil
            state.playedCount += 1
            return next
        }
    }

    private func kind(of request: [UInt8]) async -> Kind? {
        guard case .request(let header, let sealed) = try? TerminalMessage(request),
            let bytes = try? await host.terminalKeys.openRequest(sealed, header: header.bytes)
        else { return nil }
        return switch try? TerminalRequest(bytes) {
        case .draw: .draw
        case .complete: .complete
        case .giveUp: .giveUp
        case .count: .count
        case .status: .status
        case .close: .close
        case nil: nil
        }
    }
}
