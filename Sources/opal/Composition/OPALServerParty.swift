// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import SessionKeys
import Sites
import Wire

/// The OPAL server 260, composed: card database, HSM, emulator, user verification, purchases,
/// loads, guardians and standing orders.
struct OPALServerParty {
    let store: PartyStore
    let master: LocalMasterKey
    let module: SoftwareModule
    let users: UserDirectory
    let desk: CardDesk
    let offers: Offers
    let purchases: Purchases
    let loads: Loads
    /// Loads from funding accounts, whose gateway never answers where none is configured.
    let accountLoads: AccountLoads
    let guardians: Guardians
    let standingOrders: StandingOrders
    let succession: CardSuccession
    /// Whether a payment gateway is configured.
    let hasGateway: Bool
    let outbox: MailOutbox
    let auditor: CardAuditor
    let points: OPALServerPoints
    /// What purchases were refused for.
    let refusals = RefusalCounter()
    /// The issuer's side of clearing.
    let float: OPALServerFloat
    /// What cardholders dispute.
    let disputes: DisputeDesk
    /// Where clearing houses ask.
    let clearing: ClearingDesk
    private let seals: RecordSealer
    private let lock: FolderLock

    /// `directory`: the payment servers that it may talk to.
    /// `loadServers`: the load servers that it may talk to.
    /// `funding`: how cards are loaded from funding accounts.
    /// `logonURL`: what the mails say where to log on.
    /// `clearingHouses`: the names of who may ask whether sales are proved.
    /// `alarm`: told of each card that a purchase finds to be set back.
    init(
        _ folder: DataFolder,
        passphrase: String?,
        directory: AcquirerDirectory,
        loadServers: LoadServerDirectory = LoadServerDirectory([:]),
        funding: FundingAccess = FundingAccess(),
        logonURL: String,
        clearingHouses: Set<String> = [],
        alarm: (@Sendable (CardIdentifier) -> Void)? = nil
    ) async throws {
        lock = try folder.lock(.opalServer)
        master = try KeyFile.read(at: folder.keyFile(.opalServer), passphrase: passphrase)
        store = try PartyStore(folder, .opalServer, OPALServerRecords.schema)
        module = SoftwareModule(master)
        let seals = RecordSealer(master, party: OPALServerRecords.schema.party)
        try await OPALServerParty.installKeys(from: store, in: module, sealedBy: seals)
        let loadModule = try await funding.loadModule(module, store, seals)
        self.seals = seals
        desk = OPALServerParty.desk(store, module, loadModule, seals)
        OPALServerParty.installEnds(of: try await desk.issuers(), in: module)
        let issuer = try await funding.issuer(at: desk)
        users = OPALServerParty.users(
            store,
            seals,
            master,
            accounts: funding.check(issuer),
            logonURL: logonURL
        )
        offers = Offers(store: store, seals: seals, random: SystemRandom())
        let emulator = OPALServerParty.emulator(store, module, desk, alarm)
        let mails = SettlementMails(users)
        var purchases = OPALServerParty.purchases(store, seals, emulator, directory, mails)
        purchases.refusals = PurchaseRefusals(users: users, desk: desk)
        let counter = refusals
        purchases.refused = { counter.note($0) }
        points = OPALServerPoints(store, seals, module, loadModule, emulator)
        purchases.points = points.ofPurchases
        purchases.members = points.members
        self.purchases = purchases
        loads = OPALServerParty.loads(store, seals, emulator, loadServers, mails)
        accountLoads = OPALServerParty.accountLoads(
            users,
            desk,
            emulator,
            loadModule,
            funding.gateway ?? NoLink(),
            funding.offer(issuer)
        )
        hasGateway = funding.gateway != nil
        guardians = Guardians(users: users, desk: desk)
        standingOrders = StandingOrders(loads: accountLoads, guardians: guardians)
        succession = OPALServerParty.succession(users, desk, emulator, module, loadModule)
        outbox = MailOutbox(store: store, sealing: seals)
        auditor = CardAuditor(store: store, module: module, seals: seals)
        float = try OPALServerFloat(folder, master, (store, seals), module, clearingHouses)
        disputes = OPALServerParty.disputes(users, purchases, clearingHouses)
        let cards = (store: store, seals: seals)
        clearing = float.clearingDesk(loadModule, disputes, emulator, mails, cards, module)
    }

    /// User verification on a store.
    static func users(
        _ store: any RecordStore,
        _ seals: RecordSealer,
        _ master: LocalMasterKey,
        accounts: any FundingAccountCheck,
        logonURL: String
    ) -> UserDirectory {
        let hasher = TokenHasher(master)
        let reader = Wording().reader(.english)
        let amountText: @Sendable (Money) -> String = { reader.amount($0) }
        return UserDirectory(
            store: store,
            sealing: seals,
            passwords: PasswordKeeper(master),
            accounts: accounts,
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

    /// Gives the HSM the keys in one record, where it does not hold them.
    static func install(
        _ record: Record,
        in module: SoftwareModule,
        sealedBy seals: any RecordSealing
    ) async throws {
        let keys = try await IssuerKeys.open(record, sealedBy: seals)
        let name = SoftwareModule.KeyName(issuer: keys.issuer, version: keys.version)
        if !module.holds(name) { try module.install(keys.wrapped, as: name) }
    }

    /// Tells the HSM which key versions have ended, or will.
    private static func installEnds(
        of issuers: [OPALServer.Issuer],
        in module: SoftwareModule
    ) {
        for issuer in issuers {
            for (version, lastDay) in issuer.lastDays {
                let name = SoftwareModule.KeyName(issuer: issuer.identifier, version: version)
                module.end(name, after: lastDay)
            }
        }
    }

    /// The HSM learns of new and ended key versions. A record that does not open keeps it from no
    /// other.
    ///
    /// - Returns: what it did not learn, in words by the place.
    func followKeys() async -> [String: String] {
        var problems: [String: String] = [:]
        var records: [Record] = []
        await problems.note("issuer keys") {
            try await store.forEach(Issuer.keyKind) { records.append($0) }
        }
        for record in records {
            await problems.note("issuer key \(Hex.text(record.key.bytes))") {
                try await Self.install(record, in: module, sealedBy: seals)
            }
        }
        var damaged: [String] = []
        await problems.note("issuers") {
            let all = try await desk.issuersThatOpen()
            Self.installEnds(of: all.issuers, in: module)
            damaged = all.damaged
        }
        for damage in damaged {
            problems[damage] = "\(damage); no new end of its key versions is learnt of"
        }
        return problems
    }

    /// What must be done every few seconds: the HSM learns of new and ended key versions, draws and
    /// loads that wait are ended, what is too old is forgotten.
    ///
    /// `problems`: told of what keeps the HSM from following the keys.
    func tick(_ problems: ProblemLog) async {
        problems.tell(await followKeys(), of: "keys")
        await purchases.settleOpenDraws(olderThan: OPALServerParty.settleAge)
        await purchases.settleUnheard()
        await loads.settleOpenLoads(olderThan: OPALServerParty.settleAge)
        _ = try? await offers.forgetOld(now: SystemClock.now())
    }

    /// The same for loads from funding accounts, apart from the rest: a gateway that does not
    /// answer takes some seconds.
    func settleAccountLoads() async {
        await accountLoads.settleOpen(olderThan: OPALServerParty.settleAge)
    }

    /// What must be done about once a minute: allowances and top-ups that are due.
    func runStandingOrders() async {
        await standingOrders.run(at: SystemClock.now())
    }

    /// What must be done every few minutes: cards that were blocked or unblocked are listed.
    func refreshBlockingList() async {
        _ = try? await float.blocking.refresh(at: SystemClock.now())
    }

    /// What must be done every hour: sessions, failures, sign-ups and mails that are over are
    /// removed.
    func tidy(_ retention: RetentionSettings) async {
        let now = SystemClock.now()
        _ = try? await users.tidy(at: now)
        _ = try? await outbox.remove(madeBefore: retention.mailLimit(at: now))
    }

    /// A purchase or a load under way is left alone for so long.
    private static let settleAge = Duration.seconds(20)
}
