// SPDX-License-Identifier: Apache-2.0

/// The seal between a payment server and the host of remote terminals, under a key that both share
/// and no concentrator has.
package protocol TerminalSealing: Sendable {
    /// Seals a request to the terminal.
    ///
    /// `header`: what routes the request, in the clear; it cannot be changed.
    func sealRequest(_ request: [UInt8], header: [UInt8]) async throws(ModuleFailure) -> [UInt8]

    /// - Throws: `.sealBroken`.
    func openRequest(_ sealed: [UInt8], header: [UInt8]) async throws(ModuleFailure) -> [UInt8]

    /// Seals the answer to one sealed request.
    func sealAnswer(_ answer: [UInt8], header: [UInt8], to sealedRequest: [UInt8])
        async throws(ModuleFailure) -> [UInt8]

    /// - Throws: `.sealBroken`, also for the answer to another request.
    func openAnswer(_ sealed: [UInt8], header: [UInt8], to sealedRequest: [UInt8])
        async throws(ModuleFailure) -> [UInt8]
}
