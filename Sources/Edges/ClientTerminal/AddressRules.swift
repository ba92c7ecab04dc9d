// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Where the terminal goes: https, or http where no network lies between.
package struct AddressRules: Sendable {
    private let allowsPlainHTTP: Bool
    private let beganHere: Bool

    /// - Parameters:
    ///   - start: the address that the person gave.
    ///   - allowsPlainHTTP: also http over a network, for a trial without certificates.
    package init(start: URL, allowsPlainHTTP: Bool) {
        self.allowsPlainHTTP = allowsPlainHTTP
        beganHere = Origin(start)?.isLoopback ?? false
    }

    /// - Parameter address: where the person, a page or a redirect points.
    /// - Throws: `.addressNotAllowed` with the reason.
    package func check(_ address: URL) throws(TerminalFailure) {
        guard address.absoluteString.utf8.count <= TerminalLimits.addressBytesMax,
            let origin = Origin(address)
        else {
            throw .addressNotAllowed("This is no address of a page: it must begin with https://.")
        }
        guard origin.isSecure || origin.isLoopback || allowsPlainHTTP else {
            throw .addressNotAllowed(
                """
                \(origin.text) is not encrypted. Only https is used, and http on this computer; \
                --insecure-http allows it for a trial.
                """
            )
        }
        // A page on the network has no business with the servers of this computer.
        guard beganHere || !origin.isLoopback else {
            throw .addressNotAllowed(
                "A page points at this computer (\(origin.text)). We did not go there."
            )
        }
    }
}
