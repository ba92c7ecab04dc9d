// SPDX-License-Identifier: Apache-2.0

import Concentrator
import Wire

/// The concentrator of a ``World``, between payment server and hosts of terminals. It keeps
/// nothing: what it was passing on when it crashes is lost.
package final class ConcentratorHost: Sendable {
    /// From the payment server.
    package let link: FaultyLink
    private let door = Door(as: World.paymentServer)
    private let hosts: [RemoteHost]
    private let fates: Fates

    init(_ hosts: [RemoteHost], _ fates: Fates) {
        self.hosts = hosts
        self.fates = fates
        link = FaultyLink(door)
        start(fates.life(.concentrator))
    }

    /// Starts it anew.
    package func start() {
        start(fates.begin(.concentrator))
    }

    private func start(_ life: Life) {
        let links = hosts.map { host in
            (host.name, MortalLink(inner: host.link, life: life) as any Link)
        }
        let router = TerminalRouter(
            links: Dictionary(uniqueKeysWithValues: links),
            callers: [World.paymentServer]
        )
        door.open(to: router, life)
    }
}
