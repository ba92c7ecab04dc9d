// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Wire

/// A link to whoever is behind the door now: a party that is started anew stands behind the same
/// one. While nobody is there, no connection is made; who crashes while answering answers nothing.
final class Door: Link {
    private let service: Mutex<(service: any LinkService, life: Life)?> = Mutex(nil)
    private let name: String

    init(as name: String) {
        self.name = name
    }

    func open(to next: any LinkService, _ life: Life) {
        service.withLock { $0 = (next, life) }
    }

    func close() {
        service.withLock { $0 = nil }
    }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        if request.count > LinkLimits.messageBytesMax { throw .tooLarge }
        guard let (service, life) = service.withLock({ $0 }), !life.isOver else { throw .notSent }
        let response = await service.answer(request, from: name)
        if life.isOver { throw .broken }
        return response
    }
}
