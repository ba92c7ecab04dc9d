// SPDX-License-Identifier: Apache-2.0

import Gateway
import Records
import Synchronization
import Wire

/// One process of the gateway. When it ends, what it was doing has no effect any more.
final class GatewayLife: Sendable {
    private let isOver = Mutex(false)

    func end() { isOver.withLock { $0 = true } }
    var hasEnded: Bool { isOver.withLock { $0 } }
}

/// A link that a process which has ended does not have.
struct MortalLink: FundingNetworkLink {
    private let inner: NetworkWire
    private let life: GatewayLife

    init(_ inner: NetworkWire, _ life: GatewayLife) {
        self.inner = inner
        self.life = life
    }

    func request(
        _ message: [UInt8],
        _ exchange: ISOExchange
    ) async throws(LinkFailure) -> [UInt8] {
        if life.hasEnded { throw .broken }
        let answer = try await inner.request(message, exchange)
        if life.hasEnded { throw .broken }
        return answer
    }
}

/// A store that a process which has ended cannot reach, and that fails when a test says so.
final class MortalStore: RecordStoreLayer {
    let inner: any RecordStore
    private let life: GatewayLife

    init(_ inner: any RecordStore, _ life: GatewayLife) {
        self.inner = inner
        self.life = life
    }

    func admit() throws(StoreFailure) {
        if life.hasEnded { throw .unavailable("the process has ended") }
    }

    func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        try admit()
        // Lets others in between, as a store on a disk does.
        await Task.yield()
        return try await inner.read(key)
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        await Task.yield()
        try admit()
        return try await inner.commit(transition)
    }
}
