// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
import Records
package import SecurityModule
package import Wire

/// Loads cards from the funding accounts on file, through the payment gateway: the patent's
/// alternative embodiment, where the functions of the load server 862 are part of the OPAL server.
///
/// What it must hold:
/// - A load is durable before the gateway is asked. Card, history, load and mail become durable in
///   one commit, once; then the gateway is told until it knows. So what the gateway charges is what
///   cards were credited.
/// - A load that was given up is never credited, whatever comes later: both are a change of the
///   same record at the same revision, and the store lets one of them in.
/// - Each step may run twice, on two servers, and after a restart.
package struct AccountLoads: Sendable {
    /// What an issuer offers.
    package struct Settings: Sendable {
        /// The least that is loaded at once, in minor units.
        package let minimum: UInt64
        /// Amounts to choose from, in minor units, ascending; any other may be typed.
        package let menu: [UInt64]
        /// Who takes the money, as the holder of the account reads it.
        package let acceptor: CardAcceptor

        package init(minimum: UInt64, menu: [UInt64], acceptor: CardAcceptor) {
            precondition(minimum >= 1 && menu == menu.sorted())
            self.minimum = minimum
            self.menu = menu
            self.acceptor = acceptor
        }
    }

    package let settings: Settings
    let users: UserDirectory
    let desk: CardDesk
    let emulator: Emulator
    let module: any LoadModule
    let gateway: any Link
    let now: @Sendable () -> Instant
    /// A clock that only goes forward, for time-outs; nil where nobody sets the other one.
    package var uptime: (@Sendable () -> Uptime)?
    let waits = OpenWaits()

    /// `module`: the load server's module 864: the HSM 268 of the cards, or a second one behind the
    ///     same port.
    /// `gateway`: the link to the payment gateway.
    package init(
        users: UserDirectory,
        desk: CardDesk,
        emulator: Emulator,
        module: any LoadModule,
        gateway: any Link,
        settings: Settings,
        now: @escaping @Sendable () -> Instant
    ) {
        self.users = users
        self.desk = desk
        self.emulator = emulator
        self.module = module
        self.gateway = gateway
        self.settings = settings
        self.now = now
    }

    /// Loads a card. The person has confirmed, or a standing order is due.
    ///
    /// Safe to be called again with the same request: the card is loaded once, and the same outcome
    /// is told.
    package func begin(_ request: AccountLoadRequest) async -> AccountLoadOutcome {
        // Before anything is durable or looked up.
        guard isOwn(request) else { return .refused(.transactionForged) }
        do throws(AccountLoadRefusal) {
            if let known = try await read(request.transaction) {
                return try await replayed(known, request)
            }
            let check: Check
            do throws(AccountLoadRefusal) {
                check = try await checked(request)
            } catch {
                return try await refused(error, request)
            }
            if request.purpose.isBegunByPerson,
                let until = try await admission(of: request.payer)
            {
                return .throttled(until: until)
            }
            return try await begin(request, check)
        } catch {
            return .refused(error)
        }
    }

    private func begin(
        _ request: AccountLoadRequest,
        _ check: Check
    ) async throws(AccountLoadRefusal) -> AccountLoadOutcome {
        let load = AccountLoadRecord(request, AccountOnFile(check.account), at: now())
        guard let stored = try await store(load) else {
            await forgive(request)
            guard let known = try await read(request.transaction) else { throw .busy }
            return try await replayed(known, request)
        }
        let authorization = GatewayAuthorization(
            transaction: request.transaction,
            amount: request.amount,
            account: check.account,
            address: check.address,
            verificationValue: request.verificationValue,
            acceptor: settings.acceptor,
            initiation: request.purpose.isBegunByPerson ? .person : .standingOrder
        )
        let next: Stored
        switch await ask(.authorize(authorization), sends: FundingLimits.authorizationSends) {
        case .answer(let answer): next = await act(on: answer, stored, .inPerson)
        // Nobody saw the request, and nobody will approve it.
        case .notSent: next = await giveUp(stored, .gatewaySilent, .inPerson, tells: false)
        case .silent: next = stored
        }
        if next.load.state.isLoaded { await forgive(request) }
        return await told(next)
    }

    /// What became of a load that was begun before.
    private func replayed(
        _ stored: Stored,
        _ request: AccountLoadRequest
    ) async throws(AccountLoadRefusal) -> AccountLoadOutcome {
        guard stored.load.isAsked(by: request) else { throw .transactionReused }
        return await told(stored)
    }

    /// A refusal before anything was asked leaves no trace, except for a standing order: the same
    /// occurrence must not be refused here and begun by another server at the same time.
    private func refused(
        _ refusal: AccountLoadRefusal,
        _ request: AccountLoadRequest
    ) async throws(AccountLoadRefusal) -> AccountLoadOutcome {
        // It may have been begun at this moment by a second click.
        if let known = try await read(request.transaction) {
            return try await replayed(known, request)
        }
        guard !request.purpose.isBegunByPerson, refusal != .storeUnavailable else { throw refusal }
        if try await forbid(request, refusal) { throw refusal }
        guard let known = try await read(request.transaction) else { throw .busy }
        return try await replayed(known, request)
    }

    /// Makes durable that a load is not begun and never will be, on whichever server.
    ///
    /// - Returns: false where it was begun, or forbidden, before.
    func forbid(
        _ request: AccountLoadRequest,
        _ refusal: AccountLoadRefusal
    ) async throws(AccountLoadRefusal) -> Bool {
        var load = AccountLoadRecord(request, nil, at: now())
        load.state = .declined
        load.refusal = refusal
        load.decidedAt = load.begunAt
        return try await store(load) != nil
    }

    private func admission(of payer: UserKey) async throws(AccountLoadRefusal) -> Instant? {
        do throws(UserFailure) {
            return try await users.throttle.admit([.load(by: payer)], at: now())
        } catch {
            throw .storeUnavailable
        }
    }

    /// Takes back the count of a load that came to something, or was begun before. Where it cannot
    /// be taken back, one load too many is counted.
    private func forgive(_ request: AccountLoadRequest) async {
        guard request.purpose.isBegunByPerson else { return }
        try? await users.throttle.forgive([.load(by: request.payer)], at: now())
    }

    // MARK: The gateway

    enum Reply: Sendable {
        case answer(GatewayMessage)
        /// The gateway has surely not seen the request.
        case notSent
        /// It may have.
        case silent
    }

    /// Sends a request to the gateway, again with the same bytes where the link fails.
    func ask(_ message: GatewayMessage, sends: Int = 1) async -> Reply {
        let bytes = message.bytes
        var isSeen = false
        for _ in 0..<sends {
            do throws(LinkFailure) {
                let reply = try await gateway.request(bytes)
                isSeen = true
                // What is no answer to this, or was changed on the way, is none.
                if let answer = try? GatewayMessage(reply), answer.answers(message) {
                    return .answer(answer)
                }
            } catch {
                if !error.hasNotLeft { isSeen = true }
            }
        }
        return isSeen ? .silent : .notSent
    }
}

extension AccountLoads {
    /// Asks the gateway for nothing, to see whether it answers.
    func isGatewayAnswering() async -> Bool {
        guard case .answer = await ask(.question(.unknown)) else { return false }
        return true
    }
}

extension GatewayMessage {
    /// Whether this can be the answer to a request.
    fileprivate func answers(_ request: GatewayMessage) -> Bool {
        switch self {
        case .authorize, .complete, .cancel, .question: false
        default: transaction == request.transaction
        }
    }
}
