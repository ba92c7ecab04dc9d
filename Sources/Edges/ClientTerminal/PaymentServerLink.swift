// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Traces
package import Wire

/// The way from a client terminal to a payment server: messages in the bodies of HTTPS requests. A
/// client terminal has no certificate of the scheme, so that links between parties are not for it.
package struct PaymentServerLink: Link {
    private let address: String
    private let client: HTTPClient
    private let trace: TraceContext

    private static let path = "/messages"
    private static let mediaType = "application/octet-stream"
    private static let responseTime = TimeAmount.seconds(20)

    init(to paymentServer: Origin, _ client: HTTPClient, _ trace: TraceContext) {
        address = paymentServer.text + Self.path
        self.client = client
        self.trace = trace
    }

    package func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        guard request.count <= LinkLimits.messageBytesMax else { throw .tooLarge }
        var step = HTTPClientRequest(url: address)
        step.method = .POST
        step.headers = [
            "Content-Type": Self.mediaType, "User-Agent": "opal-pay",
            TraceContext.header: trace.headerText,
        ]
        step.body = .bytes(ByteBuffer(bytes: request))
        do {
            let response = try await client.execute(step, timeout: Self.responseTime)
            switch response.status.code {
            case 200: break
            case 413: throw LinkFailure.tooLarge
            case 429, 503: throw LinkFailure.busy
            default: throw LinkFailure.broken
            }
            let body = try await response.body.collect(upTo: LinkLimits.messageBytesMax)
            return Array(body.readableBytesView)
        } catch let failure as LinkFailure {
            throw failure
        } catch {
            throw .broken
        }
    }
}
