// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import Keys
import SecurityModule
import Synchronization
import Wire

/// The clearing house as these tests want it: it takes batches in whose chain and signature are
/// right, and says what is new.
final class PlayedClearingHouse: LinkService {
    struct State: Sendable {
        var headers: [BatchName: BatchHeader] = [:]
        var sales: [BatchName: [[UInt8]]] = [:]
        var acknowledged: [BatchName] = []
        var refuses: BatchRefusal?
        var updates: [SchemeUpdate] = []
        var updatesInOne = 2
        var isAway = false
    }

    private let state = Mutex(State())
    private let checking: any BatchChecking

    init(_ checking: any BatchChecking = BatchKeys([acquirer: [CMACKey(batchMaster)]])) {
        self.checking = checking
    }

    func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    var now: State { state.withLock { $0 } }

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        await answer(request).bytes
    }

    private func answer(_ request: [UInt8]) async -> CollectionMessage {
        guard !now.isAway, let message = try? CollectionMessage(request) else {
            return .unavailable
        }
        switch message {
        case .offer(let header):
            if let reason = now.refuses { return .refused(header.name, reason) }
            if now.acknowledged.contains(header.name) { return .acknowledged(header.name) }
            guard (try? await checking.isGenuine(header)) == true else {
                return .refused(header.name, .signatureWrong)
            }
            change { $0.headers[header.name] = header }
            return wanted(header)
        case .part(let name, let index, let sales):
            guard let header = now.headers[name] else { return .refused(name, .notOffered) }
            change { state in
                guard state.sales[name, default: []].count + 1 == Int(index) else { return }
                state.sales[name, default: []] += sales
            }
            return wanted(header)
        case .updatesQuestion(let revision):
            let (updates, max) = (now.updates, now.updatesInOne)
            let new = updates.dropFirst(Int(revision)).prefix(max)
            let last = revision + UInt64(new.count)
            let hasMore = last < updates.count
            return .updates(revision: last, hasMore: hasMore, Array(new))
        default: return .unavailable
        }
    }

    private func wanted(_ header: BatchHeader) -> CollectionMessage {
        let sales = now.sales[header.name] ?? []
        guard sales.count == header.count else {
            return .wanted(header.name, from: UInt32(sales.count + 1))
        }
        let digest = checking.extend(checking.start(of: header.name), with: sales)
        guard digest == header.digest else { return .refused(header.name, .contentsDiffer) }
        change { state in
            if !state.acknowledged.contains(header.name) { state.acknowledged.append(header.name) }
        }
        return .acknowledged(header.name)
    }
}
