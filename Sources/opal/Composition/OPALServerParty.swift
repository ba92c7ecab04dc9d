// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import Records
import RecordsSQLite
import SecurityModule
import SessionKeys
import Sites
import Wire

/// The OPAL server 260, composed: card database, HSM, emulator, user verification, purchases,
/// loads.
struct OPALServerParty {
    let store: SQLiteStore
    let master: LocalMasterKey
    let module: SoftwareModule
    let users: UserDirectory
    let desk: CardDesk
    let offers: Offers
    let purchases: Purchases
    let loads: Loads
    let outbox: MailOutbox
    let auditor: CardAuditor
    private let lock: FolderLock

    /// `directory`: the payment servers that it may talk to.
    /// `loadServers`: the load servers that it may talk to.
    /// `logonURL`: what the mails say where to log on.
    /// `alarm`: told of each card that a purchase finds to be set back.
    init(
        _ folder: DataFolder,
        passphrase: String?,
        directory: AcquirerDirectory,
        loadServers: LoadServerDirectory = LoadServerDirectory([:]),
        logonURL: String,
        alarm: (@Sendable (CardIdentifier) -> Void)? = nil
    ) async throws {
        lock = try folder.lock(.opalServer)
        master = try KeyFile.read(at: folder.keyFile(.opalServer), passphrase: passphrase)
        store = try SQLiteStore(
            path: folder.database(.opalServer),
            schema: OPALServerRecords.schema
        )
        module = SoftwareModule(master)
        let seals = RecordSealer(master, party: OPALServerRecords.schema.party)
        try await OPALServerParty.installKeys(from: store, in: module, sealedBy: seals)
        let random = SystemRandom()
        users = OPALServerParty.users(store, seals, master, logonURL: logonURL)
        desk = CardDesk(
            store: store,
            module: module,
            loads: module,
            seals: seals,
            random: random,
            now: SystemClock.now
        )
        offers = Offers(store: store, seals: seals, random: random)
        var emulator = Emulator(module: module, store: store, random: random)
        emulator.alarm = alarm
        emulator.categories = desk.merchants
        var purchases = Purchases(
            store: store,
            seals: seals,
            keys: DrawSealer(),
            emulator: emulator,
            directory: directory,
            now: SystemClock.now
        )
        purchases.uptime = SystemClock.uptime
        purchases.mails = SettlementMails(users)
        purchases.refusals = PurchaseRefusals(users: users, desk: desk)
        self.purchases = purchases
        var loads = Loads(
            store: store,
            seals: seals,
            keys: CreditSealer(),
            emulator: emulator,
            directory: loadServers,
            now: SystemClock.now
        )
        loads.uptime = SystemClock.uptime
        loads.mails = purchases.mails
        self.loads = loads
        outbox = MailOutbox(store: store, sealing: seals)
        auditor = CardAuditor(store: store, module: module, seals: seals)
    }

    /// User verification on a store.
    static func users(
        _ store: any RecordStore,
        _ seals: RecordSealer,
        _ master: LocalMasterKey,
        logonURL: String
    ) -> UserDirectory {
        let hasher = TokenHasher(master)
        let reader = Wording().reader(.english)
        let amountText: @Sendable (Money) -> String = { reader.amount($0) }
        return UserDirectory(
            store: store,
            sealing: seals,
            passwords: PasswordKeeper(master),
            accounts: DemoFundingNetwork(),
            random: SystemRandom(),
            tokenHash: { hasher.hash($0) },
            wording: MailWording(logonURL: logonURL, amountText: amountText),
            uptime: SystemClock.uptime
        )
    }

    /// Gives the HSM the issuers' wrapped master keys.
    static func installKeys(
        from store: any RecordStore,
        in module: SoftwareModule,
        sealedBy seals: any RecordSealing
    ) async throws {
        var records: [Record] = []
        try await store.forEach(Issuer.keyKind) { records.append($0) }
        for record in records { try await install(record, in: module, sealedBy: seals) }
    }

    /// Gives the HSM the keys in one record.
    static func install(
        _ record: Record,
        in module: SoftwareModule,
        sealedBy seals: any RecordSealing
    ) async throws {
        let keys = try await IssuerKeys.open(record, sealedBy: seals)
        try module.install(
            keys.wrapped,
            as: SoftwareModule.KeyName(issuer: keys.issuer, version: keys.version)
        )
    }

    /// What must be done every few seconds: draws and loads that wait are ended, what is too old is
    /// forgotten.
    func tick() async {
        await purchases.settleOpenDraws(olderThan: OPALServerParty.settleAge)
        await purchases.settleUnheard()
        await loads.settleOpenLoads(olderThan: OPALServerParty.settleAge)
        _ = try? await offers.forgetOld(now: SystemClock.now())
    }

    /// What must be done every hour: sessions, failures and sign-ups that are over are removed.
    func tidy() async {
        _ = try? await users.tidy(at: SystemClock.now())
    }

    /// A purchase or a load under way is left alone for so long.
    private static let settleAge = Duration.seconds(20)
}

/// Stands in for the funding network until a payment gateway is configured: it accepts each account
/// whose check digit is right, and refuses the CVV2 `000` and the account numbers that end in
/// `0002`, so that both can be shown.
struct DemoFundingNetwork: FundingAccountCheck {
    func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer {
        if verificationValue.digits == "000" { return .refused(.verificationValueWrong) }
        return account.lastFour == "0002" ? .refused(.declined) : .accepted
    }
}
