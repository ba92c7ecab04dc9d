// SPDX-License-Identifier: Apache-2.0

package import ClearingHouse
import HSM
import Kernel
import Keys
import Records
import SecurityModule
import Synchronization
import Wire

/// The clearing house of a ``World``, with its account at a bank: its own store and keys, on links
/// to and from it that can fail.
package final class ClearingHost: Sendable {
    package let store = FaultyStore(MemoryStore())
    /// What the issuer has said of sales: a database of the OPAL server's.
    package let float = FaultyStore(MemoryStore())
    /// From the concentration point.
    package let link: FaultyLink
    /// To the issuer, who is the OPAL server.
    package let issuerLink: FaultyLink
    package let bank: PayingBank
    let plan: ClearingPlan
    let keys: WorldKeys
    let issuer: IssuerIdentifier
    private let merchants: [MerchantIdentifier]
    private let door = Door(as: PointHost.peer)
    private let issuerDoor = Door(as: ClearingHost.peer)
    private let master = LocalMasterKey.make()
    private let fates: Fates
    private let running = Mutex<ClearingHouse?>(nil)
    private let forged = Mutex<Set<BatchName>>([])

    /// Its name on its link to the issuer.
    static let peer = "clearing.example"
    /// Who decides on suspense.
    private static let operatorName = "operator"
    /// Lines of a statement that are applied at once: it may be broken off between.
    private static let linesMax = 2
    /// More than there are in any run.
    private static let pageMax = 100

    init(
        _ keys: WorldKeys,
        _ issuer: IssuerIdentifier,
        _ merchants: [MerchantIdentifier],
        _ plan: ClearingPlan,
        _ fates: Fates
    ) async throws(WorldFailure) {
        self.keys = keys
        self.issuer = issuer
        self.merchants = merchants
        self.plan = plan
        self.fates = fates
        bank = PayingBank(seed: plan.seed)
        link = FaultyLink(door)
        issuerLink = FaultyLink(issuerDoor)
        start(fates.life(.clearingHouse))
        do throws(ClearingFailure) {
            try await found()
        } catch {
            throw .clearing(error)
        }
    }

    // MARK: Lives

    /// Starts it anew from its store.
    package func start() { start(fates.begin(.clearingHouse)) }

    private func start(_ life: Life) {
        let next = house(
            on: fates.store(store, .clearingHouse, life),
            MortalLink(inner: issuerLink, life: life)
        )
        running.withLock { $0 = next }
        door.open(to: next, life)
    }

    /// The issuer answers from now on.
    func open(to desk: any LinkService, _ life: Life) { issuerDoor.open(to: desk, life) }

    /// The clearing house as it runs now.
    package var house: ClearingHouse {
        guard let house = running.withLock({ $0 }) else {
            preconditionFailure("It runs from the beginning.")
        }
        return house
    }

    /// A clearing house on the same database in which nothing fails, to read what is there.
    package var reader: ClearingHouse { house(on: store.inner, nil) }

    private func house(on store: any RecordStore, _ link: (any Link)?) -> ClearingHouse {
        ClearingHouse(
            store: store,
            sealing: seals,
            batches: batchKeys,
            issuers: { [issuer] in $0 == issuer ? link : nil }
        )
    }

    private var batchKeys: BatchKeys {
        BatchKeys([WorldKeys.acquirerNumber: [CMACKey(keys.batchMaster)]])
    }

    private var seals: RecordSealer { RecordSealer(master, party: ClearingRecords.schema.party) }

    package var audit: ClearingAudit {
        ClearingAudit(store: store.inner, sealing: seals, batches: batchKeys)
    }

    /// Batches that no security card has closed.
    var falseBatches: Set<BatchName> { forged.withLock { $0 } }

    func noteFalse(_ batch: BatchName) { forged.withLock { _ = $0.insert(batch) } }

    /// Whether the clearing house learns late of a merchant.
    func learnsLate(of merchant: MerchantIdentifier) -> Bool {
        plan.isLastMerchantLate && merchant == merchants.last
    }

    // MARK: Who takes part

    private func found() async throws(ClearingFailure) {
        guard let own = Self.payee("Clearing"), let acquirer = Self.payee("Acquirer"),
            let payee = Self.payee("Issuer"),
            let terms = ClearingTerms(
                units: [
                    .init(.euro, .cents, account: own, payoutMinimum: plan.payoutMinimum)
                ],
                fees: [.init(.euro, nil, schedule(plan.fee, plan.newFees?.fee))],
                cutOff: plan.cutOff,
                clock: plan.newFees?.clock ?? .utc
            )
        else { throw .noTerms }
        let house = reader
        try await house.set(terms)
        try await house.set(ClearedIssuer(issuer, name: "Issuer", payee: payee, pools: [.euro]))
        try await house.set(
            ClearedAcquirer(
                WorldKeys.acquirerNumber,
                name: "Acquirer",
                payee: acquirer,
                senders: [PointHost.peer]
            )
        )
        let known = plan.isLastMerchantLate ? merchants.dropLast() : merchants[...]
        for merchant in known { try await house.set(cleared(merchant)) }
    }

    /// The fee of a merchant for what was done at a moment, as was agreed.
    func fee(of merchant: MerchantIdentifier, at moment: Instant) -> FeeRule {
        let isFirst = merchant == merchants.first
        guard let new = plan.newFees, moment >= new.begin else {
            return isFirst ? plan.firstFee : plan.fee
        }
        return isFirst ? new.firstFee : new.fee
    }

    private func schedule(_ rule: FeeRule, _ next: FeeRule?) -> FeeSchedule {
        var schedule = FeeSchedule(rule)
        if let new = plan.newFees, let next {
            _ = schedule.set(next, from: new.clock.day(of: new.begin))
        }
        return schedule
    }

    private func cleared(
        _ merchant: MerchantIdentifier
    ) throws(ClearingFailure) -> ClearedMerchant {
        guard let payee = Self.payee(merchant.text) else { throw .unknownAcquirer }
        let isFirst = merchant == merchants.first
        let own = isFirst ? schedule(plan.firstFee, plan.newFees?.firstFee) : FeeSchedule()
        return ClearedMerchant(
            merchant,
            name: merchant.text,
            acquirer: WorldKeys.acquirerNumber,
            accounts: [.init(.euro, payee, fees: own)]
        )
    }

    private static func payee(_ name: String) -> Payee? {
        Payee(name: name, account: "DE\(name)", bic: "BANKDEFF")
    }

    /// Makes the last merchant known, and clears what waited for that.
    func releaseLate() async {
        let now = fates.now(of: .clearingHouse)
        guard let merchant = merchants.last, let late = try? cleared(merchant) else { return }
        let house = house
        _ = try? await house.set(late)
        let waiting = (try? await house.suspended(limit: Self.pageMax)) ?? []
        for sale in waiting where sale.reason == .unknownMerchant {
            _ = try? await house.release(sale.place, by: Self.operatorName, now: now)
        }
    }

    // MARK: Rounds

    /// One round of what it does by itself, and of what goes between it and its bank.
    func round() async {
        let (house, fates) = (house, fates)
        let now: @Sendable () -> Instant = { fates.now(of: .clearingHouse) }
        _ = try? await house.credit(now)
        _ = try? await house.passRefunds(now)
        _ = try? await house.settle(now())
        await instruct()
        for statement in bank.statements(now()) { await apply(statement, house, now()) }
    }

    /// The bank gets the files of settlements that have ended.
    private func instruct() async {
        let house = reader
        for run in (try? await house.runs(before: nil, limit: Self.pageMax)) ?? []
        where run.endedAt != nil {
            let payouts = try? await house.payouts(of: run.day, limit: Self.pageMax)
            for payout in payouts ?? [] {
                let amount = Money(
                    minorUnits: payout.minorUnits,
                    currency: payout.account.currency,
                    exponent: payout.exponent
                )
                bank.pay(payout.name.reference, amount)
            }
        }
    }

    private func apply(
        _ statement: PayingBank.Statement,
        _ house: ClearingHouse,
        _ now: Instant
    ) async {
        guard var applied = try? await house.begin(statement.record).applied else { return }
        while applied < statement.record.lines {
            let lines = Array(statement.lines.dropFirst(Int(applied)).prefix(Self.linesMax))
            let next = try? await house.apply(
                lines,
                of: statement.record.digest,
                from: applied,
                now: now
            )
            guard let next else { return }
            applied = next.applied
        }
    }
}
