// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

extension Route {
    /// Batches and parts of them that come changed by a bit: what the chain and SB are for. None
    /// where no batches go.
    func batchFaults(seed: Int) -> [FaultyLink.Fault] {
        switch callee {
        case .concentrationPoint, .clearingHouse: break
        default: return []
        }
        let random = SeededRandom(seed: UInt64(seed))
        let alter: FaultyLink.Alteration = { request in
            switch try? CollectionMessage(request) {
            case .offer, .part: break
            default: return request
            }
            var altered = request
            altered[random.below(altered.count)] ^= UInt8(1 << random.below(8))
            return altered
        }
        return [.alterRequest(alter), .alterRequest(alter)]
    }
}

extension Accidents {
    static func batchMessage(_ request: [UInt8]) -> String {
        switch try? CollectionMessage(request) {
        case .offer(let header): "the offer of \(header.name.inStory)"
        case .part(let name, _, _): "sales of \(name.inStory)"
        case .refund: "the request for a refund"
        case .updatesQuestion: "the question for what is new"
        default: "a message"
        }
    }
}

extension BatchName {
    /// For a story.
    var inStory: String { "batch \(number) of security card \(securityCard.serial)" }
}
