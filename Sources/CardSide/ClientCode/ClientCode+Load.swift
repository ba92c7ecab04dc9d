// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

// The part of a card in a load: the client code emulates the commands of module 864, which is
// elsewhere (FIG. 18A, step 876; FIG. 18B, steps 881–882).
extension ClientCode {
    /// Has the card ask to be loaded: reset, SELECT, INITIALIZE IEP for load. Expiry, currency and
    /// maximum balance are checked before anything is sent.
    ///
    /// - Returns: what the card was asked, and its answer with S1.
    /// - Throws: `.refused` with the reason; nothing has changed.
    package func load(
        _ request: InitializeLoad,
        at now: Instant
    ) async throws(LoadFailure) -> CardLoad {
        let load = try await initialize(request)
        if load.answer.expiry.isPast(at: CardTime(now)) { throw .refused(.cardExpired) }
        let balance = load.answer.balance.minorUnits
        let (sum, isTooLarge) = balance.addingReportingOverflow(request.amount.minorUnits)
        if isTooLarge || sum > load.answer.balanceMax { throw .refused(.aboveMaximum) }
        return load
    }

    /// Has the card prove its counter with a request for no value (negative result, step 882).
    ///
    /// `request`: the load that was asked for before.
    /// Returns the answer with a new S1.
    package func zeroLoad(
        after request: InitializeLoad
    ) async throws(LoadFailure) -> InitializeLoadAnswer {
        try await initialize(request.zeroRequest).answer
    }

    /// What the card says of itself to a bank: the answer to a request for no value, whose S1
    /// covers balance, maximum and currency (FIG. 18A, step 872).
    package func information(
        for inquiry: CardInquiry
    ) async throws(LoadFailure) -> CardLoad {
        let purse: BalanceAnswer
        do throws(ClientFailure) {
            purse = try await balance()
        } catch {
            throw LoadFailure(error)
        }
        return try await initialize(
            InitializeLoad(
                bank: inquiry.bank,
                transaction: inquiry.transaction,
                time: inquiry.time,
                amount: Money(
                    minorUnits: 0,
                    currency: purse.balance.currency,
                    exponent: purse.balance.exponent
                )
            )
        )
    }

    /// Has the card credit itself (FIG. 18B, step 881). Transaction and amount that were asked for
    /// are put into the command first, so that what was changed on the way makes S2 wrong.
    ///
    /// - Parameters:
    ///   - command: as module 864 made it.
    ///   - load: what the card asked for.
    /// - Returns: the card's answer; its completion code tells whether it credited.
    /// - Throws: `.refused` where the card says that it did not credit; else what it did is
    ///   unknown.
    package func credit(
        _ command: CreditIEP,
        _ load: CardLoad
    ) async throws(LoadFailure) -> CreditAnswer {
        let original = CreditIEP(
            completion: command.completion,
            transaction: load.request.transaction,
            minorUnits: load.request.amount.minorUnits,
            signature: command.signature
        )
        let response: ResponseAPDU
        do throws(ClientFailure) {
            response = try await transmit(.credit(original))
        } catch {
            throw LoadFailure(error)
        }
        switch response.status {
        case .done: break
        case .signatureWrong: throw .refused(.loadServerSignatureWrong)
        case .memoryFailure: throw .refused(.storeUnavailable)
        default: throw .refused(.cardChanged)
        }
        do throws(WireFailure) {
            return try CreditAnswer(response.data)
        } catch {
            throw .wire(error)
        }
    }

    private func initialize(_ request: InitializeLoad) async throws(LoadFailure) -> CardLoad {
        let answer: InitializeLoadAnswer
        do throws(ClientFailure) {
            _ = try await reset()
            try await expectDone(.select(application: PurseCommand.application))
            let response = try await transmit(.initializeLoad(request))
            guard response.status == .done else {
                throw ClientFailure.status(response.status)
            }
            answer = try parse { () throws(WireFailure) in
                try InitializeLoadAnswer(response.data)
            }
        } catch {
            throw LoadFailure(initialize: error)
        }
        guard answer.balance.isComparable(to: request.amount) else {
            throw .refused(.currencyNotHeld)
        }
        return CardLoad(request: request, answer: answer)
    }
}

/// Why the client code does not go on with a load.
package enum LoadFailure: Error, Equatable, Sendable {
    /// The card, or the check of its answers, refuses; nothing has changed.
    case refused(LoadRefusal)
    /// The card did not answer; after CREDIT IEP what it did is unknown.
    case channel(ChannelFailure)
    /// The card answered a status word that has no place here.
    case status(StatusWord)
    /// The card answered bytes that are no answer.
    case wire(WireFailure)

    init(_ failure: ClientFailure) {
        switch failure {
        case .channel(let failure): self = .channel(failure)
        case .status(let status): self = .status(status)
        case .wire(let failure): self = .wire(failure)
        case .refused: preconditionFailure("Refusals of purchases have no place in a load.")
        }
    }

    /// What a status word of INITIALIZE IEP means for a load.
    init(initialize failure: ClientFailure) {
        switch failure {
        case .status(.notFound): self = .refused(.currencyNotHeld)
        case .status(.numbersUsedUp): self = .refused(.numbersUsedUp)
        case .status(.conditionsNotSatisfied): self = .refused(.cardBlocked)
        default: self.init(failure)
        }
    }
}
