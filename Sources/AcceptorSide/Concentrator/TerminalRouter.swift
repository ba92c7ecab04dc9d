// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Concentrator 212: a router between payment server and terminals. It looks at the header of a
/// request and passes the bytes on as they are (FIG. 11D, step 686); it has no key and keeps
/// nothing.
package struct TerminalRouter: LinkService {
    private let links: [String: any Link]
    private let callers: Set<String>

    /// `links`: to the hosts of terminals, by their names.
    /// `callers`: the names of the payment servers that may ask.
    package init(links: [String: any Link], callers: Set<String>) {
        self.links = links
        self.callers = callers
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard case .request(let header, _) = try? TerminalMessage(request) else {
            return TerminalMessage.undelivered(.malformed).bytes
        }
        guard callers.contains(peer), let link = links[header.terminal] else {
            return TerminalMessage.undelivered(.unknownTerminal).bytes
        }
        guard let response = await response(to: request, over: link),
            let answer = try? TerminalMessage(response)
        else { return TerminalMessage.undelivered(.terminalAway).bytes }
        switch answer {
        // A terminal speaks for itself alone.
        case .answer(header, _), .undelivered: return response
        case .answer, .request: return TerminalMessage.undelivered(.terminalAway).bytes
        }
    }

    private func response(to request: [UInt8], over link: any Link) async -> [UInt8]? {
        do throws(LinkFailure) {
            return try await link.request(request)
        } catch .broken {
            // Perhaps the terminal was started again: the same bytes have the same answer.
            return try? await link.request(request)
        } catch {
            return nil
        }
    }
}
