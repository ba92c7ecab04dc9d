// SPDX-License-Identifier: Apache-2.0

import Wire

/// The link of a server that hears late: between the gateway's first answer to an authorization and
/// the server, other things happen elsewhere.
struct InterruptedLink: Link {
    private let inner: any Link
    private let meanwhile: OneTime

    init(_ inner: any Link, _ meanwhile: @escaping @Sendable () async -> Void) {
        self.inner = inner
        self.meanwhile = OneTime(meanwhile)
    }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let response = try await inner.request(request)
        if case .authorize = try? GatewayMessage(request) { await meanwhile.happen() }
        return response
    }
}
