// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// Client code 224: drives a card through its part of a purchase, emulating the commands of the
/// security card that is elsewhere (FIG. 11A, step 608). It knows a ``CardChannel`` and nothing of
/// what stands behind it: an emulated card, or one in a reader.
package struct ClientCode: Sendable {
    private let channel: any CardChannel

    package init(_ channel: any CardChannel) {
        self.channel = channel
    }

    /// What the card says of itself, asked before a purchase.
    package func balance() async throws(ClientFailure) -> BalanceAnswer {
        _ = try await reset()
        try await expectDone(.select(application: PurseCommand.application))
        let data = try await expectDone(.getBalance(purse: 0))
        return try parse { () throws(WireFailure) in try BalanceAnswer(data) }
    }

    /// Collects all that a security card would ask of the card: answer to reset, the answer to
    /// INITIALIZE IEP for purchase, certificates where there are any. Expiry, currency and balance
    /// are checked before anything is sent (FIG. 11A, step 608).
    ///
    /// - Throws: `.refused` with the reason; nothing has left the card.
    package func draw(
        _ type: TransactionType,
        _ terms: OrderTerms,
        at now: Instant,
        memberships: [Membership] = []
    ) async throws(ClientFailure) -> CardDraw {
        let answerToReset = try await reset()
        let selected = try await expectDone(.select(application: PurseCommand.application))
        // Before Initialize: a card without a clock would say first that its value is too small.
        if let expiry = try expiry(selected), expiry.isPast(at: CardTime(now)) {
            throw .refused(.cardExpired)
        }
        let request = InitializePurchase(type: type, amount: terms.amount)
        let response = try await transmit(.initializePurchase(request))
        guard response.status == .done else {
            throw .refused(Refusal(initialize: response.status))
        }
        let answer = try parse { () throws(WireFailure) in
            try InitializePurchaseAnswer(response.data)
        }
        if answer.expiry.isPast(at: CardTime(now)) { throw .refused(.cardExpired) }
        guard answer.balance.isComparable(to: terms.amount) else {
            throw .refused(.currencyNotHeld)
        }
        if terms.amount.minorUnits > answer.balance.minorUnits {
            throw .refused(.insufficientValue)
        }
        let isPublicKeyCard = answer.algorithm == .publicKey
        return CardDraw(
            answerToReset: answerToReset,
            initializeAnswer: answer,
            type: type,
            amount: terms.amount,
            transaction: terms.transaction,
            merchant: terms.merchant,
            cardCertificate: isPublicKeyCard
                ? try await expectDone(.getData(tag: PurseCommand.cardCertificateTag)) : [],
            issuerCertificate: isPublicKeyCard
                ? try await expectDone(.getData(tag: PurseCommand.issuerCertificateTag)) : [],
            memberships: memberships
        )
    }

    /// Has the card debit itself (FIG. 11B, steps 616–620). The merchant's original terms are put
    /// into the command first, so that what was changed on the way makes S2 wrong.
    ///
    /// - Parameters:
    ///   - command: as the security card made it.
    ///   - terms: what the person agreed to.
    ///   - number: NT that Initialize answered, for a card that nobody else uses meanwhile: where
    ///     its reader loses the answer, the card is asked for it again. Nil where something else
    ///     knows what the card did.
    /// - Returns: the card's answer; its completion code tells whether it debited.
    /// - Throws: `.refused` where the card says that it did not debit; else what it did is unknown.
    package func debit(
        _ command: DebitIEP,
        _ terms: OrderTerms,
        number: UInt32? = nil
    ) async throws(ClientFailure) -> DebitAnswer {
        let response: ResponseAPDU
        do throws(ClientFailure) {
            response = try await transmit(.debit(command.restoring(terms)))
        } catch {
            guard let number, let answer = try await lostAnswer(of: number) else { throw error }
            return answer
        }
        switch response.status {
        case .done: return try parse { () throws(WireFailure) in try DebitAnswer(response.data) }
        case .signatureWrong: throw .refused(.securityCardSignatureWrong)
        case .memoryFailure: throw .refused(.storeUnavailable)
        default: throw .refused(.cardChanged)
        }
    }

    /// What the card answered to a DEBIT IEP whose answer the reader lost (GET PREVIOUS SIGNATURE).
    /// It stands for the number only: who asks knows that no other debit came in between.
    ///
    /// `number`: NT that Initialize answered.
    /// Returns: nil where the card answered no DEBIT IEP with this number.
    package func lostAnswer(of number: UInt32) async throws(ClientFailure) -> DebitAnswer? {
        _ = try await reset()
        try await expectDone(.select(application: PurseCommand.application))
        let response = try await transmit(.getPreviousSignature(number: number))
        switch response.status {
        case .done: return try parse { () throws(WireFailure) in try DebitAnswer(response.data) }
        case .noSuchSignature: return nil
        default: throw .status(response.status)
        }
    }

    /// Has the card put back what a debit took (RECOVER VALUE).
    package func recover(_ command: RecoverValue) async throws(ClientFailure) -> RecoverAnswer {
        _ = try await reset()
        try await expectDone(.select(application: PurseCommand.application))
        let data = try await expectDone(.recover(command))
        return try parse { () throws(WireFailure) in try RecoverAnswer(data) }
    }

    /// DEXP in the answer to SELECT (tag C3), where the card gives it.
    private func expiry(_ selected: [UInt8]) throws(ClientFailure) -> CardDate? {
        var objects = try parse { () throws(WireFailure) in try TLV.parse(selected) }
        for tag in [UInt16(0x6F), 0xA5, 0xC3] {
            guard let object = objects.first(where: { $0.tag == tag }) else { return nil }
            if tag == 0xC3 {
                return CardDate(bcd: object.value.reduce(0) { $0 << 8 | UInt32($1) })
            }
            objects = try parse { () throws(WireFailure) in try TLV.parse(object.value) }
        }
        return nil
    }

    // MARK: Exchange

    func reset() async throws(ClientFailure) -> [UInt8] {
        do throws(ChannelFailure) {
            return try await channel.reset()
        } catch {
            throw .channel(error)
        }
    }

    func transmit(_ command: PurseCommand) async throws(ClientFailure) -> ResponseAPDU {
        let bytes: [UInt8]
        do throws(ChannelFailure) {
            bytes = try await channel.transmit(command.apdu.bytes)
        } catch {
            throw .channel(error)
        }
        return try parse { () throws(WireFailure) in try ResponseAPDU(bytes) }
    }

    @discardableResult
    func expectDone(_ command: PurseCommand) async throws(ClientFailure) -> [UInt8] {
        let response = try await transmit(command)
        guard response.status == .done else { throw .status(response.status) }
        return response.data
    }

    func parse<Value>(
        _ parse: () throws(WireFailure) -> Value
    ) throws(ClientFailure) -> Value {
        do throws(WireFailure) {
            return try parse()
        } catch {
            throw .wire(error)
        }
    }
}

/// Why the client code does not go on.
package enum ClientFailure: Error, Equatable, Sendable {
    /// The card, or the check of its answers, refuses; nothing has left the card.
    case refused(Refusal)
    /// The card did not answer; after DEBIT IEP what it did is unknown.
    case channel(ChannelFailure)
    /// The card answered a status word that has no place here.
    case status(StatusWord)
    /// The card answered bytes that are no answer.
    case wire(WireFailure)
}

extension Refusal {
    /// What a status word of INITIALIZE IEP means for a purchase.
    init(initialize status: StatusWord) {
        switch status {
        case .amountAboveBalance: self = .insufficientValue
        case .notFound: self = .currencyNotHeld
        case .numbersUsedUp: self = .numbersUsedUp
        case .conditionsNotSatisfied: self = .cardBlocked
        case .memoryFailure: self = .cardDamaged
        default: self = .malformed
        }
    }
}
