// SPDX-License-Identifier: Apache-2.0

import CPCSC
import Dispatch
import Wire

/// A connection with pcscd.
final class PCSCContext {
    let handle: SCARDCONTEXT

    init() throws(ChannelFailure) {
        var handle: SCARDCONTEXT = 0
        try PCSCContext.check(
            unsafe SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &handle)
        )
        self.handle = handle
    }

    deinit {
        _ = SCardReleaseContext(handle)
    }

    /// Lifts what a call of PC/SC returned.
    static func check(_ code: LONG) throws(ChannelFailure) {
        switch code {
        case SCARD_S_SUCCESS: return
        case SCARD_E_NO_SMARTCARD, SCARD_W_REMOVED_CARD: throw .removed
        case SCARD_E_NO_SERVICE, SCARD_E_SERVICE_STOPPED: throw .broken("pcscd does not run")
        case SCARD_E_UNKNOWN_READER, SCARD_E_READER_UNAVAILABLE:
            throw .broken("there is no such reader")
        case SCARD_E_SHARING_VIOLATION: throw .broken("another program uses the card")
        case SCARD_E_PROTO_MISMATCH: throw .broken("the card does not speak T=1")
        case SCARD_W_UNRESPONSIVE_CARD, SCARD_W_UNPOWERED_CARD:
            throw .broken("the card does not answer")
        default:
            let number = String(UInt32(truncatingIfNeeded: code), radix: 16, uppercase: true)
            throw .broken("PC/SC says \(number)")
        }
    }
}

/// Runs the jobs of one actor on a thread where they may wait.
final class ReaderThread: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
