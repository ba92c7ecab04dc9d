// SPDX-License-Identifier: Apache-2.0

import Foundation
import Keys
import LinkEdge
import PaymentServer
import Records
import RecordsSQLite
import SchemeAuthority
import SessionKeys
import Wire

/// Where the hosts of terminals are, as the settings say: `name=host:port`, separated by commas.
struct TerminalAddresses {
    struct Address: Equatable {
        let host: String
        let port: Int
    }

    let byName: [String: Address]

    /// - Throws: `CommandFailure` that says what is wrong.
    init(_ text: String) throws {
        var byName: [String: Address] = [:]
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: "=", maxSplits: 1).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let colon = parts.last?.lastIndex(of: ":")
            guard parts.count == 2, TerminalHeader.isTerminal(parts[0]), let colon,
                let port = Int(parts[1][colon...].dropFirst()), (1...65_535).contains(port),
                colon != parts[1].startIndex, byName[parts[0]] == nil
            else {
                throw CommandFailure(
                    "remoteTerminals must be a list such as terminal-a=10.0.0.9:8411, each name "
                        + "once; a name begins with \(TerminalHeader.namePrefix) and has at most "
                        + "\(TerminalHeader.nameBytesMax) characters."
                )
            }
            byName[parts[0]] = Address(host: String(parts[1][..<colon]), port: port)
        }
        self.byName = byName
    }
}

/// The links of the payment server and the concentrator to terminals. Whoever waits behind them, an
/// OPAL server, gives up after ``LinkLimits/responseTime``: each hop is much shorter.
enum TerminalLinks {
    /// To the host of a terminal.
    static var settings: LinkSettings {
        var settings = LinkSettings()
        settings.connectTime = .milliseconds(1500)
        settings.responseTime = .seconds(4)
        return settings
    }

    /// To a concentrator, which waits for the terminal.
    static var settingsBehindConcentrator: LinkSettings {
        var settings = settings
        settings.responseTime = .seconds(8)
        return settings
    }
}

/// For a terminal whose host has no address in the settings.
struct NoLink: Link {
    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] { throw .notSent }
}

/// Makes the terminals on other hosts that this payment server knows.
struct RemoteTerminalWorkshop {
    let master: LocalMasterKey
    let seals: RecordSealer
    let store: any RecordStore
    /// The link to a host, by its name.
    let link: (String) throws -> any Link

    func terminals() async throws -> [Terminal] {
        var links: [String: any Link] = [:]
        var counts: [String: Int] = [:]
        var terminals: [Terminal] = []
        for known in try await AcquirerRecords.remoteTerminals(in: store, sealedBy: seals) {
            let link = try links[known.host] ?? link(known.host)
            links[known.host] = link
            guard
                let sealer = TerminalSealer(sharing: try master.unwrapBytes(known.wrappedKey))
            else { throw CommandFailure("The key of \(known.host) cannot be used.") }
            counts[known.host, default: 0] += 1
            let remote = RemoteSecurityCard(
                known.securityCard,
                at: known.host,
                link: link,
                sealing: sealer,
                random: SystemRandom()
            )
            terminals.append(
                Terminal(name: "\(known.host)/\(counts[known.host] ?? 1)", remote: remote)
            )
        }
        return terminals
    }
}
