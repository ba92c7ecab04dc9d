// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

// Terminals on other hosts. What their security cards do is durable there first and here
// afterwards, so that a terminal that drops out in between can be ahead of its sale: then the sale
// follows what the security card did.
extension PaymentModule {
    /// How many terminals a draw tries when one after the other drops out: each may take some
    /// seconds, and the OPAL server does not wait for ever.
    private static let drawAttemptsMax = 3

    /// Has a terminal from the pool draw; where a remote one drops out, or a security card has no
    /// number left, the next one. The number that the first may have drawn is given up when it is
    /// back.
    ///
    /// - Returns: the terminal, leased.
    /// - Throws: the refusal, and the terminal is released.
    func drawn<Drawn>(
        for policy: ComparisonPolicy,
        _ sign: (Terminal) async throws(Refusal) -> Drawn
    ) async throws(Refusal) -> (Terminal, Drawn) {
        let begun = uptime()
        var (dropOuts, full) = (0, 0)
        while dropOuts < PaymentModule.drawAttemptsMax, full <= terminals.terminals.count {
            // Nobody waits longer because several have no number left.
            let wait = max(terminalWait - uptime().since(begun), .zero)
            guard let terminal = await terminals.lease(within: wait) else { break }
            do throws(Refusal) {
                return (terminal, try await sign(terminal))
            } catch {
                let isFull = error == .busy
                if isFull { terminals.setFull(terminal) }
                release(terminal, of: policy)
                if isFull {
                    full += 1
                } else if terminal.isPresent {
                    throw error
                } else {
                    dropOuts += 1
                }
            }
        }
        throw .busy
    }

    /// Gives a sale up at a terminal on another host. Its security card alone knows whether the
    /// sale was completed before and only the answer got lost; then that is the outcome.
    func giveUp(
        _ held: inout Held,
        _ terminal: Terminal,
        at remote: RemoteSecurityCard
    ) async throws(Refusal) -> [UInt8] {
        try await leaveToSecurityCard(&held)
        let command = held.sale.command
        let ended = try await ask { () async throws(ModuleFailure) in
            try await terminal.end(command, at: remote)
        }
        let memory = SealedSecurityCard.elsewhere(remote.identifier)
        switch ended {
        case .void(let proof):
            return try await end(
                &held,
                after: .givenUp,
                reason: .orderGivenUp,
                data: proof.bits.bigEndianBytes,
                memory: memory
            ) { $0.voidProof = proof }
        case .completed(let answer, let isCounted, let place):
            return try await end(
                &held,
                after: isCounted ? .cardDebited : .cardRefused,
                reason: isCounted ? nil : Refusal(declined: answer.completion),
                data: answer.bytes,
                memory: memory,
                place: place
            ) { $0.answer = answer }
        }
    }

    /// Notes, before its security card is asked to give a sale up, that the security card alone
    /// says from now on how the sale ends. Else the payment server could compare S3 and sell what
    /// is void over there.
    private func leaveToSecurityCard(_ held: inout Held) async throws(Refusal) {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.notLeftToSecurityCard) { return }
        #endif
        guard held.sale.request.terms.policy.releasesTerminalEarly,
            !held.sale.isLeftToSecurityCard
        else { return }
        guard let stored = try await read(held.sale.transaction),
            stored.revision == held.revision
        else { throw .orderInProgress }
        var sale = held.sale
        sale.isLeftToSecurityCard = true
        try await commit(
            &sale,
            revision: held.revision,
            reply: stored.reply,
            steps: [SaleStep(.leftToSecurityCard, at: now())],
            nil
        )
        held.sale = sale
        held.revision += 1
    }

    /// Asks the terminals on other hosts how they are, and gives up what they drew in vain. To be
    /// called at start-up and then every few seconds.
    package func refreshTerminals() async {
        await withTaskGroup { group in
            for terminal in terminals.terminals {
                guard let remote = terminal.remote else { continue }
                group.addTask { await self.refresh(terminal, remote) }
            }
        }
    }

    private func refresh(_ terminal: Terminal, _ remote: RemoteSecurityCard) async {
        guard let status = try? await remote.refresh(),
            await !numbersInVain(status, of: remote).isEmpty,
            // With the lease no draw is under way there.
            let leased = terminals.lease(remote.identifier, keepsIt: false)
        else { return }
        defer { terminals.release(leased) }
        guard let now = try? await remote.refresh() else { return }
        for open in await numbersInVain(now, of: remote) {
            guard (try? await remote.end(open.transaction, open.securityCardNumber)) != nil else {
                return
            }
        }
    }

    /// Numbers that wait at the security card for a sale that never became durable here: their
    /// DEBIT IEP has not left the payment server.
    private func numbersInVain(
        _ status: TerminalStatus,
        of remote: RemoteSecurityCard
    ) async -> [TerminalStatus.Open] {
        var inVain: [TerminalStatus.Open] = []
        for open in status.open {
            do throws(Refusal) {
                let command = try await read(open.transaction)?.sale.command
                if command?.securityCard != remote.identifier
                    || command?.securityCardNumber != open.securityCardNumber
                {
                    inVain.append(open)
                }
            } catch {
                // It is not known whether there is a sale.
                continue
            }
        }
        return inVain
    }
}
