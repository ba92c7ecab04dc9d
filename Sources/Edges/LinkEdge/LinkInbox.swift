// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Traces
import Wire

/// A request and the caller that waits for its response.
struct LinkCall: Sendable {
    let request: [UInt8]
    let trace: TraceContext?
    let continuation: CheckedContinuation<Result<[UInt8], LinkFailure>, Never>
}

/// Where callers hand their requests to the event loop: the first of a group wakes it, the rest go
/// with it. Counts what is under way, from here to the response.
final class LinkInbox: Sendable {
    private let state = Mutex(State())
    private let inFlightMax: Int

    private struct State: Sendable {
        var waiting: [LinkCall] = []
        var inFlight = 0
        var isClosed = false
    }

    enum Admission {
        /// The event loop has to be woken.
        case first
        /// The first of the group has woken it.
        case following
        case refused(LinkFailure)
    }

    init(inFlightMax: Int) {
        self.inFlightMax = inFlightMax
    }

    func put(_ call: LinkCall) -> Admission {
        state.withLock { state in
            if state.isClosed { return .refused(.notSent) }
            if state.inFlight >= inFlightMax { return .refused(.busy) }
            state.inFlight += 1
            state.waiting.append(call)
            return state.waiting.count == 1 ? .first : .following
        }
    }

    func takeAll() -> [LinkCall] {
        state.withLock { exchange(&$0.waiting, with: []) }
    }

    /// To be called before the caller is resumed, so that it finds the place free.
    func settle() {
        state.withLock { state in
            precondition(state.inFlight > 0, "each request is settled once")
            state.inFlight -= 1
        }
    }

    /// - Returns: whether this call closed it.
    func close() -> Bool {
        state.withLock { !exchange(&$0.isClosed, with: true) }
    }
}
