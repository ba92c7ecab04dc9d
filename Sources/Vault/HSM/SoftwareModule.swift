// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import Keys
package import SecurityModule
import Synchronization
package import Wire

/// HSM 268 in software: opens a card record, applies the rules of the purse, makes and checks the
/// signatures, and seals the next record. It keeps no card between two calls.
package final class SoftwareModule: CardModule, LoadModule {
    /// The master keys of one issuer and version.
    package struct KeyName: Hashable, Sendable {
        package let issuer: IssuerIdentifier
        package let version: UInt8

        package init(issuer: IssuerIdentifier, version: UInt8) {
            self.issuer = issuer
            self.version = version
        }
    }

    private let master: LocalMasterKey
    private let recordKey: SymmetricKey
    /// Under it the module says which points a debit took.
    let pointsKey: CMACKey
    private let issuers = Mutex<[KeyName: ReadyMasterKeys]>([:])
    /// Last days of versions that have ended, or will.
    private let lastDays = Mutex<[KeyName: CardDate]>([:])

    package init(_ master: LocalMasterKey) {
        self.master = master
        recordKey = master.derive("OPAL card record")
        pointsKey = CMACKey(master.derive("OPAL points taken"))
    }

    // MARK: Issuer keys

    /// Makes the four master keys of an issuer and version, and gives them out wrapped.
    package func makeKeys(_ name: KeyName) throws(KeyFailure) -> [UInt8] {
        let keys = IssuerMasterKeys.make()
        issuers.withLock { $0[name] = keys.ready }
        return try keys.wrapped(under: master)
    }

    /// Takes wrapped master keys in.
    package func install(_ wrapped: [UInt8], as name: KeyName) throws(KeyFailure) {
        let keys = try IssuerMasterKeys(wrapped: wrapped, under: master)
        issuers.withLock { $0[name] = keys.ready }
    }

    /// Takes given master keys in: for tests with published vectors.
    package func install(_ keys: IssuerMasterKeys, as name: KeyName) {
        issuers.withLock { $0[name] = keys.ready }
    }

    /// Whether there are keys of this issuer and version.
    package func holds(_ name: KeyName) -> Bool { issuers.withLock { $0[name] != nil } }

    /// Lets no purchase or proof begin with cards of a version behind its last day. The keys stay:
    /// what was drawn before is still proved, put back and audited with them.
    package func end(_ name: KeyName, after lastDay: CardDate) {
        lastDays.withLock { $0[name] = lastDay }
    }

    /// Whether VKP of a card has ended.
    func hasEnded(_ version: UInt8, of card: CardIdentifier, at time: CardTime) -> Bool {
        let name = KeyName(issuer: card.issuer, version: version)
        return lastDays.withLock { $0[name] }?.isPast(at: time) == true
    }

    /// KMP of an issuer, wrapped under the master key of an acquirer's module, for its security
    /// cards.
    package func exportPurchaseKey(
        _ wrapped: [UInt8],
        to acquirer: LocalMasterKey
    ) throws(KeyFailure) -> [UInt8] {
        try exported(wrapped) { keys throws(KeyFailure) in try acquirer.wrap(keys.purchase) }
    }

    /// Some of the master keys of an issuer, wrapped for another module.
    func exported(
        _ wrapped: [UInt8],
        _ export: (IssuerMasterKeys) throws(KeyFailure) -> [UInt8]
    ) throws(KeyFailure) -> [UInt8] {
        try export(IssuerMasterKeys(wrapped: wrapped, under: master))
    }

    func keys(
        of card: CardIdentifier,
        version: UInt8
    ) throws(ModuleFailure) -> ReadyMasterKeys {
        let name = KeyName(issuer: card.issuer, version: version)
        guard let keys = issuers.withLock({ $0[name] }) else { throw .keyUnknown }
        return keys
    }

    // MARK: Records

    package func personalize(
        _ order: CardOrder,
        revision: UInt64
    ) async throws(ModuleFailure) -> SealedCard {
        _ = try keys(of: order.card, version: order.purchaseKeyVersion)
        _ = try keys(of: order.card, version: order.loadKeyVersion)
        let purse = Purse(
            currency: order.currency,
            exponent: order.exponent,
            balance: 0,
            balanceMax: order.balanceMax
        )
        let card = Card(
            identifier: order.card,
            expiry: order.expiry,
            purchaseKeyVersion: order.purchaseKeyVersion,
            loadKeyVersion: order.loadKeyVersion,
            purses: [purse]
        )
        return try seal(CardRecord(card), revision: revision)
    }

    package func personalize(
        _ order: CardOrder,
        policy: SpendingPolicy,
        by who: String,
        revision: UInt64,
        context: CardContext
    ) async throws(ModuleFailure) -> Result<CardChange, SettingRefusal> {
        let blank = try await personalize(order, revision: revision)
        let setting = try await set(.policy(policy), by: who, on: blank, context: context)
        guard case .success(let change) = setting else { return setting }
        // Card and policy are one revision: the policy is not a step after the card.
        let card = try seal(open(change.card), revision: revision)
        return .success(CardChange(card: card, row: change.row))
    }

    package func describe(_ card: SealedCard) async throws(ModuleFailure) -> CardDescription {
        let card = try open(card).card
        return CardDescription(
            card: card.identifier,
            expiry: card.expiry,
            purchaseKeyVersion: card.purchaseKeyVersion,
            isBlocked: card.isBlocked,
            wrongSignatures: card.wrongSignatures,
            lastNumber: card.lastNumber,
            purses: card.purses.map(\.balanceAnswer),
            historyCount: card.historyCount,
            spending: card.spending,
            memberships: card.memberships,
            points: card.purses.map(\.points)
        )
    }

    package func set(
        _ setting: CardSetting,
        by who: String,
        on sealed: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> Result<CardChange, SettingRefusal> {
        var session = try session(on: sealed, context)
        return try session.set(setting, by: who)
    }

    package func stop(_ sealed: SealedCard) async throws(ModuleFailure) -> SealedCard {
        var record = try open(sealed)
        record.card.block()
        return try seal(record, revision: sealed.revision + 1)
    }

    package func process(
        _ command: PurseCommand,
        on sealed: SealedCard,
        dialogue: CardDialogue?,
        context: CardContext
    ) async throws(ModuleFailure) -> CardStep {
        var session = try session(on: sealed, dialogue: dialogue, context)
        return try session.answer(command)
    }

    /// Opens a card for one step.
    ///
    /// `dialogue`: what it keeps from the step before.
    func session(
        on sealed: SealedCard,
        dialogue: CardDialogue? = nil,
        _ context: CardContext
    ) throws(ModuleFailure) -> CardSession {
        CardSession(
            record: try open(sealed),
            revision: sealed.revision,
            dialogue: dialogue,
            context: context,
            module: self
        )
    }

    /// Seals a record, having checked what must hold for every card.
    package func seal(
        _ record: CardRecord,
        revision: UInt64
    ) throws(ModuleFailure) -> SealedCard {
        precondition(record.isSound, "A card that breaks its own rules is never stored.")
        let card = record.card.identifier
        return SealedCard(
            card: card,
            revision: revision,
            body: try RecordSealer.seal(
                record.bytes,
                key: recordKey,
                name: card.bytes,
                revision: revision
            )
        )
    }

    func open(_ sealed: SealedCard) throws(ModuleFailure) -> CardRecord {
        let bytes = try RecordSealer.open(
            sealed.body,
            key: recordKey,
            name: sealed.card.bytes,
            revision: sealed.revision
        )
        guard let record = try? CardRecord(bytes), record.card.identifier == sealed.card,
            record.isSound
        else { throw .sealBroken }
        return record
    }
}

extension Purse {
    var balanceAnswer: BalanceAnswer {
        BalanceAnswer(
            balance: Money(minorUnits: balance, currency: currency, exponent: exponent),
            balanceMax: balanceMax
        )
    }
}
