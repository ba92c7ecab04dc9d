// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

extension TerminalFailure {
    /// Puts what the network said in words that help.
    init(_ error: any Error, at address: URL) {
        if let failure = error as? TerminalFailure {
            self = failure
            return
        }
        let place = Origin(address)?.text ?? "the site"
        self =
            switch error {
            case is NIOSSLExtraError:
                .network("The certificate of \(place) is for another name.")
            case let error as NIOSSLError where error.isHandshake:
                .network(
                    """
                    The certificate of \(place) is not trusted. With an authority of your own, \
                    name its certificate with --ca.
                    """
                )
            case is NIOConnectionError:
                .network("\(place) cannot be reached.")
            case let error as IOError where error.errnoCode == ECONNREFUSED:
                .network("\(place) cannot be reached.")
            case let error as HTTPClientError where error == .connectTimeout:
                .network("\(place) cannot be reached.")
            case let error as HTTPClientError
            where error == .deadlineExceeded || error == .readTimeout:
                .network("\(place) does not answer.")
            case is CancellationError:
                .network("Stopped while waiting for \(place).")
            default:
                .network("The connection to \(place) broke (\(type(of: error))).")
            }
    }
}

extension NIOSSLError {
    fileprivate var isHandshake: Bool {
        if case .handshakeFailed = self { true } else { false }
    }
}
