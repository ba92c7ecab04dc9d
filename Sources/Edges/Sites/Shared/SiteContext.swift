// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
import NIOCore

/// What a request carries on its way through a site.
package struct SiteContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The IP address of the other end of the connection; nil for a socket file and in tests
    /// without a connection.
    package let peer: String?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }
}
