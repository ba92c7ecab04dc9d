// SPDX-License-Identifier: Apache-2.0

package import SecurityModule

// What somebody has who attacks: the keys of his own role, and no other.
extension World {
    /// The keys of a merchant, for who plays a merchant that lies.
    package func orderKeys(of shop: Int = 0) -> any OrderSealing { shops[shop].sealing }
}

extension RemoteHost {
    /// The keys between the payment server and this host, for who has to know what goes by.
    package var terminalKeys: any TerminalSealing { sealer }
}
