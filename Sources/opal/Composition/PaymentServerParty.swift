// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import Keys
import PaymentServer
import Records
import SecurityCard
import SecurityModule
import SessionKeys
import Wire

/// The payment server 206, composed: database 223, terminals with their security cards, payment
/// module.
struct PaymentServerParty {
    let store: PartyStore
    let terminals: TerminalInterface
    let module: PaymentModule
    /// What the clearing house has told.
    let updates: SchemeUpdates
    /// Signs refunds for the clearing house.
    let refunds: RefundSigner
    private let securityCards: SecurityCardRack
    private let master: LocalMasterKey
    private let seals: RecordSealer
    private let lock: FolderLock

    /// The acquirer of the demo scheme.
    static let acquirer: UInt32 = 0x0000_0001

    /// A sale holds a terminal for some milliseconds, so that one comes free soon, or all are held
    /// by cards that do not answer.
    private static let terminalWait = Duration.seconds(3)

    /// `count`: how many terminals of its own stand in the pool.
    /// `link`: to the host of a remote terminal, by its name.
    /// `alarm`: told once of each sale that its security card does not count in time.
    init(
        _ folder: DataFolder,
        passphrase: String?,
        terminals count: Int,
        link: @escaping (String) throws -> any Link = { _ in NoLink() },
        alarm: @escaping @Sendable (UncountedSale) -> Void = { _ in }
    ) async throws {
        lock = try folder.lock(.paymentServer)
        master = try KeyFile.read(at: folder.keyFile(.paymentServer), passphrase: passphrase)
        store = try PartyStore(folder, .paymentServer, PaymentModule.schema)
        let seals = RecordSealer(master, party: PaymentModule.schema.party)
        let securityCards = SecurityCardRack()
        self.securityCards = securityCards
        self.seals = seals
        let batchKey = try await AcquirerBatchKey.ensured(in: store, master, seals)
        let batchMaster = CMACKey(try master.unwrap(batchKey.wrapped))
        refunds = RefundSigner(Self.acquirer, master: batchMaster)
        try securityCards.install(batchKey)
        for key in try await AcquirerRecords.issuerKeys(in: store, sealedBy: seals) {
            try securityCards.install(key.wrapped, key.issuer, key.version)
        }
        let workshop = TerminalWorkshop(
            master: master,
            rack: securityCards,
            store: store
        )
        let pool = try await workshop.pool(count)
        let remote = try await RemoteTerminalWorkshop(
            master: master,
            seals: seals,
            store: store,
            link: link
        ).terminals()
        terminals = TerminalInterface(
            pool + remote,
            retired: try await workshop.retired(behind: pool),
            uptime: SystemClock.uptime
        )
        updates = SchemeUpdates(store: store, seals: seals)
        try await updates.load()
        module = PaymentModule(
            store: store,
            seals: seals,
            keys: SaleSealer(
                directory: try await Self.directory(store, master, seals),
                pseudonymKey: master.deriveBytes("OPAL pseudonym")
            ),
            terminals: terminals,
            terminalWait: Self.terminalWait,
            agreements: try await AcquirerRecords.agreements(in: store, sealedBy: seals),
            cardSidePeers: [Role.opalServer.rawValue, ClientTerminalEntry.peer],
            updates: updates,
            now: SystemClock.now,
            uptime: SystemClock.uptime,
            alarm: alarm
        )
    }

    private static func directory(
        _ store: any RecordStore,
        _ master: LocalMasterKey,
        _ seals: RecordSealer
    ) async throws -> SharedKeyDirectory {
        let directory = SharedKeyDirectory()
        for key in try await AcquirerRecords.merchantKeys(in: store, sealedBy: seals) {
            guard
                let shared = SharedKey(
                    name: key.name,
                    bytes: try master.unwrapBytes(key.wrapped)
                ),
                directory.add(shared, for: key.merchant)
            else {
                throw CommandFailure(
                    "The key \(key.name) of merchant \(key.merchant.text) cannot be used."
                )
            }
        }
        return directory
    }

    /// What must be done every few seconds. Refunds are signed with the newest KB, as batches are.
    ///
    /// `problems`: told of what keeps the security cards from following the keys.
    func tick(_ problems: ProblemLog) async {
        let found = await securityCards.follow(
            batchKey: { try await BatchKeyRecord.newest(in: store, sealedBy: seals) },
            purchaseKeys: {
                try await AcquirerRecords.issuerKeys(in: store, sealedBy: seals)
                    .map { ($0.wrapped, $0.issuer, $0.version) }
            },
            first: { refunds.use(CMACKey(try master.unwrap($0.wrapped))) }
        )
        problems.tell(found, of: "keys")
        await module.giveUpLateSales()
        await module.countSales()
    }
}

/// Starts terminals, each with its software security card and the issuers' keys.
private struct TerminalWorkshop {
    let master: LocalMasterKey
    let rack: SecurityCardRack
    let store: any RecordStore

    func pool(_ count: Int) async throws -> [Terminal] {
        var pool: [Terminal] = []
        for serial in 1..<UInt32(count) + 1 { pool.append(try await terminal(serial)) }
        return pool
    }

    /// Where the pool was made smaller: the terminals that still have sales to end, or a batch to
    /// close.
    func retired(behind pool: [Terminal]) async throws -> [Terminal] {
        var retired: [Terminal] = []
        for record in try await store.list(
            Terminal.memoryKind,
            after: pool.last?.identifier.bytes,
            limit: RecordLimits.pageMax,
            order: .ascending
        ) {
            let bits = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
            let former = try await terminal(SecurityCardIdentifier(bits: bits).serial)
            let description = try await former.describe()
            if !description.openNumbers.isEmpty || description.openBatch.count > 0 {
                retired.append(former)
            }
        }
        return retired
    }

    private func terminal(_ serial: UInt32) async throws -> Terminal {
        let card = SoftwareSecurityCard(
            SecurityCardIdentifier(acquirer: PaymentServerParty.acquirer, serial: serial),
            master: master
        )
        try rack.add(card)
        return try await Terminal.start(
            name: "terminal-\(serial)",
            securityCard: card,
            store: store
        )
    }
}
