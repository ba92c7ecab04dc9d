// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Wire

/// A link to whoever is behind the door now: a party that is started anew stands behind the same
/// one. While nobody is there, no connection is made.
final class Door: Link {
    private let service: Mutex<(any LinkService)?> = Mutex(nil)
    private let name: String

    init(as name: String) {
        self.name = name
    }

    func open(to next: (any LinkService)?) {
        service.withLock { $0 = next }
    }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        if request.count > LinkLimits.messageBytesMax { throw .tooLarge }
        guard let service = service.withLock({ $0 }) else { throw .notSent }
        return await service.answer(request, from: name)
    }
}
